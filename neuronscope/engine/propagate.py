"""From the layer where rows join to their logits, without computing what is clean.

Rows of one start position go together: layers before a row's own are skipped (staircase),
positions before the start are read from the clean keys and values (suffix), and in the
last layer only the positions that are read go through the MLP, and on to the head. Live edits
of a row are applied on its way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from transformers.activations import NewGELUActivation

from neuronscope.engine.budget import Budget
from neuronscope.engine.rows import Row, live_taps
from neuronscope.engine.stream import Frame, Stream
from neuronscope.hooks.swap import Forward, swapped
from neuronscope.hooks.tap import Point, Tapped, first_tensor, tap


def chunks(rows: Sequence[Row], last: int, budget: Budget) -> Iterator[list[Row]]:
    """Rows of equal start, near in layer, as many as fit (at least one)."""
    ordered = sorted(rows, key=lambda row: (row.start, row.layer, row.index))
    chunk: list[Row] = []
    for row in ordered:
        if chunk and (chunk[0].start != row.start
                      or len(chunk) == budget.rows(last + 1 - row.start)):
            yield chunk
            chunk = []
        chunk.append(row)
    if chunk:
        yield chunk


@torch.no_grad()
def logits_of(stream: Stream, rows: Sequence[Row]) -> Float[Tensor, "rows reads vocab"]:
    """Logits at the read positions of rows of one chunk, in the order of their layers."""
    start, n_layers = rows[0].start, stream.n_layers
    frame = stream.frame(start)
    ahead = [read for read in stream.reads if read >= start]
    columns = [read - start for read in ahead]
    active = stream.hidden[0].new_empty((0, len(stream.ids) - start, stream.hidden[0].shape[1]))
    riding: list[Row] = []
    for layer in range(min(row.layer for row in rows), n_layers):
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
        riding += entering
    taps = live_taps(stream.host, riding, n_layers, torch.tensor(ahead, device=active.device))
    logits = stream.tail(active, taps)
    if len(ahead) == len(stream.reads):
        return logits
    before = stream.logits[:len(stream.reads) - len(ahead)]
    return torch.cat([before.expand(len(rows), -1, -1), logits], dim=1)


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
