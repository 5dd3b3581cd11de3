"""From the layer where rows join to their logits, without computing what is clean.

Rows of one start position go together: layers before a row's own are skipped (staircase),
positions before the start are read from the clean keys and values (suffix), and in the
last layer only the positions that are read go through the MLP, and on to the head. Live edits
of a row are applied on its way.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from transformers.activations import NewGELUActivation

from neuronscope.engine.rows import Row, live_taps
from neuronscope.engine.stream import Frame, Stream
from neuronscope.hooks.swap import Forward, swapped
from neuronscope.hooks.tap import Point, Tapped, first_tensor, tap


@torch.no_grad()
def ends_of(stream: Stream, rows: Sequence[Row]) -> Float[Tensor, "rows ahead width"]:
    """The last layer's output of rows of one chunk, at the read positions from its start on.

    rows: in the order of their layers; the chunk starts where its first row does.
    """
    start, n_layers = start_of(rows), stream.n_layers
    frame = stream.frame(start)
    columns = [read - start for read in stream.reads if read >= start]
    active = stream.hidden[0].new_empty((0, len(stream.ids) - start, stream.hidden[0].shape[1]))
    riding: list[Row] = []
    for layer in range(rows[0].layer, n_layers):
        entering = [row for row in rows if row.layer == layer]
        if entering:
            active = torch.cat([active, _joined(stream, layer, entering, start)])
            riding += entering
        taps = live_taps(stream.host, riding, layer, slice(start, len(stream.ids)))
        short = layer == n_layers - 1 and len(columns) < active.shape[1] and not taps
        active = (_last(stream, active, frame, columns) if short
                  else stream.call(layer, active, frame, taps))
    if active.shape[1] > len(columns):
        active = active[:, columns]
    entering = [row for row in rows if row.layer == n_layers]
    if entering:
        active = torch.cat([active, _joined(stream, n_layers, entering, start)[:, columns]])
    return active


@torch.no_grad()
def logits_of(
    stream: Stream, chunks: Sequence[Sequence[Row]], ends: Sequence[Tensor]
) -> list[Float[Tensor, "rows reads vocab"]]:
    """Logits at the read positions of the rows of some chunks, whose ends are given.

    All go through the head together, but for rows with live edits after the last layer.
    """
    plain = [number for number, rows in enumerate(chunks) if not _late(stream, rows)]
    pooled: dict[int, Tensor] = {}
    if plain:
        flat = stream.tail(torch.cat([ends[number].flatten(0, 1) for number in plain])[:, None])
        sizes = [ends[number].shape[:2].numel() for number in plain]
        for number, part in zip(plain, flat[:, 0].split(sizes), strict=True):
            pooled[number] = part.view(*ends[number].shape[:2], -1)
    found = []
    for number, rows in enumerate(chunks):
        logits = pooled[number] if number in pooled else stream.tail(
            ends[number], _late(stream, rows))
        before = stream.logits[:len(stream.reads) - logits.shape[1]]
        found.append(torch.cat([before.expand(len(rows), -1, -1), logits], dim=1)
                     if len(before) else logits)
    return found


def _late(stream: Stream, rows: Sequence[Row]) -> list[Tapped]:
    """Taps for live edits after the last layer, at the read positions."""
    start = start_of(rows)
    ahead = [read for read in stream.reads if read >= start]
    return live_taps(stream.host, rows, stream.n_layers,
                     torch.tensor(ahead, device=stream.hidden[0].device))


def start_of(rows: Sequence[Row]) -> int:
    """Where a chunk starts: at its earliest row."""
    return min(row.start for row in rows)


def fused(stream: Stream) -> dict[torch.nn.Module, Forward]:
    """Faster forms of modules that give the same function: to be swapped in.

    GPT-2's GELU is written out in a dozen tensor operations; torch has it as one.
    """
    def gelu(value: Tensor) -> Tensor:
        return torch.nn.functional.gelu(value, approximate="tanh")

    return {module: gelu for module in stream.host.model.modules()
            if isinstance(module, NewGELUActivation)}


def _joined(
    stream: Stream, layer: int, rows: Sequence[Row], start: int
) -> Float[Tensor, "rows pos width"]:
    """The clean stream into a layer from `start` on, with each row's edit."""
    joined = stream.hidden[layer][start:].expand(len(rows), -1, -1).clone()
    for place, row in enumerate(rows):
        joined[place, row.positions - start] = row.values
    return joined


def _last(
    stream: Stream, hidden: Float[Tensor, "rows pos width"], frame: Frame, columns: list[int]
) -> Tensor:
    """The last layer: attention for all positions, the rest for those that are read."""
    layer = stream.n_layers - 1
    branches = stream.host.layout.branches[layer]
    if branches.attention is None or branches.mlp is None:
        return stream.call(layer, hidden, frame)
    key = ("attention output", layer)
    nothing = torch.zeros_like(hidden)
    with swapped({branches.mlp: stream.stub(branches.mlp, nothing)}), \
            tap([Tapped(key, Point(branches.attention, "out"), capture=True)]) as seen:
        stream.call(layer, hidden, frame)
    attention = first_tensor(seen[key])[:, columns]
    with swapped({branches.attention: stream.stub(branches.attention, attention)}):
        return stream.call(layer, hidden[:, columns], frame)
