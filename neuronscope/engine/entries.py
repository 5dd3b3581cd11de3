"""Where edited rows join the clean stream.

An edit of the residual stream joins as it is. An edit of `attn_out`, `z`, `mlp_out` or
`mlp_act` leaves its layer's attention input clean, so attention is not computed again
(bypass): the branch modules answer with what they gave on the clean run, or with the
edited value, and the layer's own code adds it up. What is left of the layer works on each
position by itself, so the edited tokens of all cells go through it together, packed
(collapse), and each cell joins at the next layer with its edited positions replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from neuronscope.engine.stream import Stream
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import Tapped, first_tensor, tap

STREAM_SITES = ("embed", "resid_pre", "resid_post")
BRANCH_SITES = {"attn_out": "attention", "z": "attention", "mlp_out": "mlp", "mlp_act": "mlp"}


@dataclass(frozen=True)
class Edited:
    """A cell's edited site values at the positions where they differ from the clean ones."""

    index: int
    site: str
    layer: int
    positions: Int[Tensor, " n"]
    values: Float[Tensor, "n width"]


@dataclass(frozen=True)
class Row:
    """A cell as an edit of the stream that enters `layer` (n_layers: that leaves the last)."""

    index: int
    layer: int
    positions: Int[Tensor, " n"]
    values: Float[Tensor, "n width"]

    @property
    def start(self) -> int:
        """First edited position; earlier ones are clean at every layer."""
        return int(self.positions[0])


@torch.no_grad()
def enter(stream: Stream, cells: Sequence[Edited], max_tokens: int) -> list[Row]:
    """Each cell as a row of the stream. Cells without a changed position are left out."""
    rows = []
    branched: dict[tuple[int, str], list[Edited]] = {}
    for cell in cells:
        if len(cell.positions) == 0:
            continue
        if cell.site in BRANCH_SITES:
            branched.setdefault((cell.layer, BRANCH_SITES[cell.site]), []).append(cell)
        else:
            after = cell.site == "resid_post"
            rows.append(Row(cell.index, cell.layer + after, cell.positions, cell.values))
    for (layer, branch), group in branched.items():
        for part in _parts(group, max_tokens):
            rows += _through(stream, layer, branch, part)
    return rows


def _parts(cells: list[Edited], max_tokens: int) -> list[list[Edited]]:
    parts: list[list[Edited]] = [[]]
    tokens = 0
    for cell in cells:
        if parts[-1] and tokens + len(cell.positions) > max_tokens:
            parts.append([])
            tokens = 0
        parts[-1].append(cell)
        tokens += len(cell.positions)
    return parts


def _through(stream: Stream, layer: int, branch: str, cells: list[Edited]) -> list[Row]:
    """The rest of a layer, on the packed edited tokens of cells of one branch."""
    positions = torch.cat([cell.positions for cell in cells])
    modules = stream.host.layout.branches[layer]
    inner = {"attention": "z", "mlp": "mlp_act"}[branch]
    outer = {"attention": "attn_out", "mlp": "mlp_out"}[branch]
    answers: dict[nn.Module, Tensor] = {}
    for module in (modules.attention, modules.mlp):
        if module is not None and (module is modules.attention or branch == "mlp"):
            answers[module] = first_tensor(stream.outputs[module])[:, positions].clone()
    edited = modules.attention if branch == "attention" else modules.mlp
    spans = _spans(cells)
    for cell, span in zip(cells, spans, strict=True):
        if cell.site == inner:
            projection = stream.host.point(inner, layer).module
            answers[edited][:, span] = projection(cell.values[None])

    def contribution(value: Tensor) -> Tensor:
        value = value.clone()
        for cell, span in zip(cells, spans, strict=True):
            if cell.site == outer:
                value[:, span] = cell.values
        return value

    taps = []
    if any(cell.site == outer for cell in cells):
        taps = [Tapped((outer, layer), stream.host.point(outer, layer), (contribution,))]
    stubs = {module: stream.stub(module, answer) for module, answer in answers.items()}
    with swapped(stubs), tap(taps):
        out = stream.call(layer, stream.hidden[layer][positions][None], stream.frame(0))[0]
    return [Row(cell.index, layer + 1, cell.positions, out[span])
            for cell, span in zip(cells, spans, strict=True)]


def _spans(cells: list[Edited]) -> list[slice]:
    spans, start = [], 0
    for cell in cells:
        spans.append(slice(start, start + len(cell.positions)))
        start += len(cell.positions)
    return spans
