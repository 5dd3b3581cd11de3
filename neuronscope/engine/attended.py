"""Edits inside attention, as edits of `z`.

The layer's input is clean, so its queries, keys and values are the clean ones but for the
edit: the projections answer with what they gave on the clean run, and only the attention
itself runs again. Heads do not see each other there, nor do queries: cells that touch
different heads (and, for `q` and `pattern`, different positions) share one row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.engine.rows import Edited
from neuronscope.engine.stream import Stream
from neuronscope.hooks.index import head_columns
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import Tapped, attached, first_tensor, tap

QUERY_SITES = ("q", "pattern")
INNER_SITES = (*QUERY_SITES, "k", "v")


@dataclass
class Packed:
    """Cells that share a row, and which heads and positions are taken."""

    taken: Tensor
    cells: list[Edited] = field(default_factory=list)


def attended(
    stream: Stream, layer: int, cells: Sequence[Edited], max_tokens: int
) -> list[Edited]:
    """The cells (of one site) as edits of `z`, [position, width]."""
    site = cells[0].site
    answers = _clean_answers(stream, layer)
    clean = _z_of(stream, layer, 1, answers, [])[0]
    rows = _pack(stream, site, cells)
    step = max(1, max_tokens // len(stream.ids))
    return [each for first in range(0, len(rows), step)
            for each in _attend(stream, layer, site, rows[first:first + step], answers, clean)]


def _pack(stream: Stream, site: str, cells: Sequence[Edited]) -> list[Packed]:
    """Cells put together where they cannot see each other; first fit."""
    n_heads = stream.host.info.heads_of(site)
    rows: list[Packed] = []
    for cell in cells:
        wants = torch.zeros(len(stream.ids), n_heads or 1, dtype=torch.bool)
        where = cell.positions.cpu() if site in QUERY_SITES else slice(None)
        wants[where] = _heads(cell, n_heads)
        row = next((row for row in rows if not bool((row.taken & wants).any())), None)
        if row is None:
            row = Packed(torch.zeros_like(wants))
            rows.append(row)
        row.taken |= wants
        row.cells.append(cell)
    return rows


def _heads(cell: Edited, n_heads: int | None) -> Tensor:
    chosen = torch.zeros(n_heads or 1, dtype=torch.bool)
    chosen[list(range(n_heads or 1)) if cell.heads is None or n_heads is None
           else list(cell.heads)] = True
    return chosen


def _attend(
    stream: Stream, layer: int, site: str, rows: list[Packed],
    answers: dict[nn.Module, Tensor], clean: Tensor,
) -> list[Edited]:
    """The attention of packed rows; `z` of each cell, that of other heads being clean."""
    host, n_heads = stream.host, stream.host.info.heads_of(site)

    def edit(value: Tensor) -> Tensor:
        value = value.clone()
        for place, row in enumerate(rows):
            for cell in row.cells:
                columns = head_columns(cell.heads, n_heads, value.shape[-1]).to(value.device)
                positions, values = (each.to(value.device)
                                     for each in (cell.positions, cell.values))
                value[place, positions[:, None], columns] = values[:, columns]
        return value

    z = _z_of(stream, layer, len(rows), answers,
              [Tapped((site, layer), host.point(site, layer), (edit,))])
    found = []
    for place, row in enumerate(rows):
        for cell in row.cells:
            positions = (cell.positions if site in QUERY_SITES else torch.arange(
                int(cell.positions[0]), len(stream.ids), device=cell.positions.device))
            values = clean[positions].clone()
            columns = head_columns(_readers(stream, site, cell.heads), host.info.n_heads,
                                   values.shape[-1]).to(values.device)
            values[:, columns] = z[place, positions[:, None], columns]
            found.append(Edited(cell.index, "z", layer, positions, values))
    return found


def _readers(
    stream: Stream, site: str, heads: tuple[int, ...] | None
) -> tuple[int, ...] | None:
    """The query heads that read these heads of a site."""
    if heads is None or site in QUERY_SITES:
        return heads
    info = stream.host.info
    group = (info.n_heads or 1) // (info.heads_of(site) or 1)
    return tuple(head * group + each for head in heads for each in range(group))


def _z_of(
    stream: Stream, layer: int, n_rows: int, answers: dict[nn.Module, Tensor],
    taps: list[Tapped],
) -> Tensor:
    """`z` [row, position, width] of rows whose attention sees the clean input."""
    modules = stream.host.layout.branches[layer]
    projection = stream.host.point("z", layer).module
    hidden = stream.hidden[layer].expand(n_rows, -1, -1)
    nothing = torch.zeros_like(hidden, device=first_tensor(stream.templates[layer]).device)
    stubs: dict[nn.Module, Callable[..., Any]] = {
        module: _answering(answer, n_rows) for module, answer in answers.items()}
    stubs[projection] = lambda *args, **kwargs: nothing
    if modules.mlp is not None:
        stubs[modules.mlp] = stream.stub(modules.mlp, nothing)
    key = ("z", layer)
    with swapped(stubs), tap([Tapped(key, stream.host.point(*key), capture=True)]) as seen:
        stream.call(layer, hidden, stream.frame(0), taps)
    return seen[key].to(hidden.device)


def _answering(answer: Tensor, n_rows: int) -> Callable[..., Any]:
    """A forward that gives a clean output for every row."""
    some = answer.expand(n_rows, *answer.shape[1:])
    return lambda *args, **kwargs: some


@torch.no_grad()
def _clean_answers(stream: Stream, layer: int) -> dict[nn.Module, Tensor]:
    """What the linear maps of the attention, but its output projection, give on the clean run."""
    attention = stream.host.layout.branches[layer].attention
    projection = stream.host.point("z", layer).module
    linear = [module for module in attention.modules()
              if module is not projection and not any(module.children())
              and getattr(getattr(module, "weight", None), "ndim", 0) == 2]
    answers: dict[nn.Module, Tensor] = {}

    def keep(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> None:
        answers[module] = first_tensor(output)

    with attached((module, "out", keep) for module in linear):
        stream.call(layer, stream.hidden[layer][None], stream.frame(0))
    length = len(stream.ids)
    return {module: value for module, value in answers.items()
            if value.ndim == 3 and value.shape[1] == length}
