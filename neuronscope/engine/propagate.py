"""From the layer where rows join to their logits, without computing what is clean.

Rows of one start position go together: layers before a row's own are skipped (staircase),
positions before the start are read from the clean keys and values (suffix), and in the
last layer only the read position goes through the MLP, and on to the head.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from neuronscope.engine.entries import Row
from neuronscope.engine.stream import Frame, Stream
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import Point, Tapped, first_tensor, tap


def chunks(rows: Sequence[Row], read: int, max_tokens: int) -> Iterator[list[Row]]:
    """Rows of equal start, near in layer, at most `max_tokens` tokens (at least one row)."""
    ordered = sorted(rows, key=lambda row: (row.start, row.layer, row.index))
    chunk: list[Row] = []
    for row in ordered:
        size = read + 1 - row.start
        if chunk and (chunk[0].start != row.start or (len(chunk) + 1) * size > max_tokens):
            yield chunk
            chunk = []
        chunk.append(row)
    if chunk:
        yield chunk


@torch.no_grad()
def logits_of(stream: Stream, rows: Sequence[Row]) -> Float[Tensor, "rows vocab"]:
    """Logits at the read position (the stream's last) of rows of one chunk, in its order."""
    start = rows[0].start
    frame = stream.frame(start)
    active = stream.hidden[0].new_empty((0, len(stream.ids) - start, stream.hidden[0].shape[1]))
    entering: dict[int, list[Row]] = {}
    for row in rows:
        entering.setdefault(row.layer, []).append(row)
    n_layers = stream.n_layers
    for layer in range(min(entering), n_layers):
        if layer in entering:
            active = torch.cat([active, _joined(stream, layer, entering[layer], start)])
        last = layer == n_layers - 1 and active.shape[1] > 1
        active = _last(stream, active, frame) if last else stream.call(layer, active, frame)
    ends = active[:, -1]
    if n_layers in entering:
        ends = torch.cat([ends, _joined(stream, n_layers, entering[n_layers], start)[:, -1]])
    return stream.tail(ends)


def _joined(
    stream: Stream, layer: int, rows: list[Row], start: int
) -> Float[Tensor, "rows pos width"]:
    """The clean stream into a layer from `start` on, with each row's edit."""
    joined = stream.hidden[layer][start:].expand(len(rows), -1, -1).clone()
    for place, row in enumerate(rows):
        joined[place, row.positions - start] = row.values
    return joined


def _last(stream: Stream, hidden: Float[Tensor, "rows pos width"], frame: Frame) -> Tensor:
    """The last layer: attention for all positions, everything else for the read one alone."""
    layer = stream.n_layers - 1
    branches = stream.host.layout.branches[layer]
    if branches.attention is None or branches.mlp is None:
        return stream.call(layer, hidden, frame)
    key = ("attention output", layer)
    nothing = torch.zeros_like(hidden)
    with swapped({branches.mlp: stream.stub(branches.mlp, nothing)}), \
            tap([Tapped(key, Point(branches.attention, "out"), capture=True)]) as seen:
        stream.call(layer, hidden, frame)
    attention = first_tensor(seen[key])[:, -1:]
    with swapped({branches.attention: stream.stub(branches.attention, attention)}):
        return stream.call(layer, hidden[:, -1:], frame)
