"""Where edited rows join the clean stream.

An edit of the residual stream joins as it is. An edit of `attn_out`, `resid_mid`, `z`,
`mlp_out` or `mlp_act` leaves its layer's attention input clean, so attention is not
computed again (bypass): the branch modules answer with what they gave on the clean run, or with
the edited value, and the layer's own code adds it up. What is left of the layer works on
each position by itself, so the edited tokens of all cells go through it together, packed
(collapse), and each cell joins at the next layer with its edited positions replaced. Edits
of `q`, `k`, `v` and `pattern` become edits of `z` first: see attended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from neuronscope.engine.attended import INNER_SITES, attended
from neuronscope.engine.rows import Edited, Row
from neuronscope.engine.stream import Stream
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import Tapped, first_tensor

STREAM_SITES = ("embed", "resid_pre", "resid_post")
BRANCH_SITES = {"attn_out": "attention", "z": "attention", "resid_mid": "attention",
                "mlp_out": "mlp", "mlp_act": "mlp"}
_PROJECTED = {"attention": "z", "mlp": "mlp_act"}


@torch.no_grad()
def enter(stream: Stream, cells: Sequence[Edited], max_tokens: int) -> list[Row]:
    """Each cell as a row of the stream. Cells that no read position can see are left out."""
    rows = []
    inner: dict[tuple[int, str], list[Edited]] = {}
    branched: dict[tuple[int, str], list[Edited]] = {}
    for cell in cells:
        if len(cell.positions) == 0:
            continue
        if cell.site in INNER_SITES:
            inner.setdefault((cell.layer, cell.site), []).append(cell)
        elif cell.site in BRANCH_SITES:
            branched.setdefault((cell.layer, BRANCH_SITES[cell.site]), []).append(cell)
        elif cell := _seen(stream, cell, cell.layer + (cell.site == "resid_post")):
            after = cell.site == "resid_post"
            rows.append(Row(cell.index, cell.layer + after, cell.positions, cell.values))
    for (layer, _), group in inner.items():
        branched.setdefault((layer, "attention"), []).extend(
            attended(stream, layer, group, max_tokens))
    for (layer, branch), group in branched.items():
        seen = [found for cell in group if (found := _seen(stream, cell, layer + 1))]
        rows += through_branch(stream, layer, branch, seen, max_tokens)
    return rows


@torch.no_grad()
def through_branch(
    stream: Stream, layer: int, branch: str, cells: list[Edited], max_tokens: int,
    frozen: bool = False,
) -> list[Row]:
    """Cells of one branch as rows of the next layer. frozen: the other branch stays clean."""
    return [row for part in _parts(cells, max_tokens)
            for row in _through(stream, layer, branch, part, frozen)]


def seen(stream: Stream, cell: Edited) -> bool:
    """Whether a cell can reach a read position."""
    if not len(cell.positions) or cell.site in INNER_SITES:
        return len(cell.positions) > 0
    into = cell.layer + (cell.site not in ("embed", "resid_pre"))
    return _seen(stream, cell, into) is not None


def _seen(stream: Stream, cell: Edited, joins: int) -> Edited | None:
    """The cell where it can reach a read position; after the last layer only those count."""
    if joins == stream.n_layers:
        keep = torch.isin(cell.positions, torch.tensor(stream.reads, device=cell.positions.device))
        cell = replace(cell, positions=cell.positions[keep], values=cell.values[keep])
    return cell if len(cell.positions) else None


def _parts(cells: list[Edited], max_tokens: int) -> list[list[Edited]]:
    parts: list[list[Edited]] = []
    tokens = 0
    for cell in cells:
        if not parts or tokens + len(cell.positions) > max_tokens:
            parts.append([])
            tokens = 0
        parts[-1].append(cell)
        tokens += len(cell.positions)
    return parts


def _through(
    stream: Stream, layer: int, branch: str, cells: list[Edited], frozen: bool
) -> list[Row]:
    """The rest of a layer, on the packed edited tokens of cells of one branch."""
    positions = torch.cat([cell.positions for cell in cells])
    modules = stream.host.layout.branches[layer]
    answers: dict[nn.Module, Tensor] = {}
    for module in (modules.attention, modules.mlp):
        if module is not None and (module is modules.attention or branch == "mlp" or frozen):
            gave = first_tensor(stream.outputs[module])
            answers[module] = gave[:, positions.to(gave.device)].clone()
    edited = modules.attention if branch == "attention" else modules.mlp
    spans = _spans(cells)
    inner = [(cell, span) for cell, span in zip(cells, spans, strict=True)
             if cell.site == _PROJECTED[branch]]
    if inner:
        projection = stream.host.point(_PROJECTED[branch], layer).module
        given = torch.cat([cell.values for cell, _ in inner])
        places = torch.cat([torch.arange(span.start, span.stop) for _, span in inner])
        gave = answers[edited]
        gave[:, places.to(gave.device)] = projection(given[None]).to(gave.device)
    taps = [_contributing(stream, layer, site, cells, spans)
            for site in ("attn_out", "resid_mid", "mlp_out")
            if any(cell.site == site for cell in cells)]
    stubs = {module: stream.stub(module, answer) for module, answer in answers.items()}
    with swapped(stubs):
        out = stream.call(layer, stream.hidden[layer][positions][None], stream.frame(0), taps)[0]
    return [Row(cell.index, layer + 1, cell.positions, out[span])
            for cell, span in zip(cells, spans, strict=True)]


def _contributing(
    stream: Stream, layer: int, site: str, cells: list[Edited], spans: list[slice]
) -> Tapped:
    """The cells' values in their places of the packed tokens."""
    def contribution(value: Tensor) -> Tensor:
        value = value.clone()
        for cell, span in zip(cells, spans, strict=True):
            if cell.site == site:
                value[:, span] = cell.values
        return value
    return Tapped((site, layer), stream.host.point(site, layer), (contribution,))


def _spans(cells: list[Edited]) -> list[slice]:
    spans, start = [], 0
    for cell in cells:
        spans.append(slice(start, start + len(cell.positions)))
        start += len(cell.positions)
    return spans
