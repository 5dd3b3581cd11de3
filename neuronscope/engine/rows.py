"""Cells on their way through the fast path: edited site values, and rows of the stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from neuronscope.engine.compile import Compiled
from neuronscope.engine.execute import Key, in_order
from neuronscope.hooks.tap import EditFn, Tapped
from neuronscope.models.host import LoadedModel


@dataclass(frozen=True)
class Edited:
    """A cell's edited site values at the positions where they differ from the clean ones.

    heads: the heads to which the edit is restricted; None for all.
    """

    index: int
    site: str
    layer: int
    positions: Int[Tensor, " n"]
    values: Float[Tensor, "n width"]
    heads: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Row:
    """A cell as an edit of the stream that enters `layer` (n_layers: that leaves the last).

    live: edits that are applied on the way, at `layer` and later ones, in their order.
    """

    index: int
    layer: int
    positions: Int[Tensor, " n"]
    values: Float[Tensor, "n width"]
    live: tuple[Compiled, ...] = ()

    @property
    def start(self) -> int:
        """First edited position; earlier ones are clean at every layer."""
        return int(self.positions[0])


def live_taps(
    host: LoadedModel, rows: Sequence[Row], layer: int, positions: Tensor | slice
) -> list[Tapped]:
    """Taps for the live edits of these rows at one layer (n_layers: after the last).

    The value at a tap is [row, position, width], at these positions of the prompt.
    """
    found: dict[Key, dict[int, tuple[Compiled, list[int]]]] = {}
    for place, row in enumerate(rows):
        for edit in row.live:
            if layer_of(edit.key, host.info.n_layers) == layer:
                shared = found.setdefault(edit.key, {})
                shared.setdefault(id(edit), (edit, []))[1].append(place)
    return [Tapped(key, host.point(*key), (_in_rows(found[key].values(), len(rows), positions),))
            for key in in_order(found)]


def layer_of(key: Key, n_layers: int) -> int:
    """The layer during which a site is reached; n_layers for what follows the last."""
    site, layer = key
    if site == "final_norm":
        return n_layers
    return layer or 0


def _in_rows(
    edits: Iterable[tuple[Compiled, list[int]]], n_rows: int, positions: Tensor | slice
) -> EditFn:
    """The edits, each on its own rows of a batch."""
    todo = list(edits)

    def edit(value: Tensor) -> Tensor:
        new = value.clone()
        for compiled, places in todo:
            if len(places) == n_rows:
                new = compiled(new, positions)
            else:
                new[places] = compiled(new[places], positions)
        return new
    return edit


def clean_row(index: int, hidden: Float[Tensor, "pos width"], layer: int, start: int,
              live: tuple[Compiled, ...] = ()) -> Row:
    """A row that is the clean stream entering `layer`, from `start` on, and its live edits.

    Of no positions where the start is behind the last that is read.
    """
    start = min(start, hidden.shape[0])
    positions = torch.arange(start, hidden.shape[0], device=hidden.device)
    return Row(index, layer, positions, hidden[start:], live)
