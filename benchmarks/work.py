"""The tasks, as plain data, so that every contender does the same work. No NeuronScope here."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.sampling import spaced

TASKS = ("branches", "heads", "residual", "components")
TOLD = {
    "branches": "zero the attention and the MLP output at each layer",
    "heads": "zero each head",
    "residual": "patch the residual stream, layer × position",
    "components": "patch residual stream, attention and MLP output, layer × position",
}


@dataclass(frozen=True)
class Cell:
    """One edit: `part` is attn, mlp, head or resid.

    With a position the part is patched there from the source prompt, without one it is
    zeroed at all positions.
    """

    part: str
    layer: int
    head: int | None = None
    position: int | None = None


@dataclass(frozen=True)
class Grid:
    """All combinations of its axes, each a cell, in row-major order."""

    parts: tuple[str, ...]
    layers: tuple[int, ...]
    heads: tuple[int | None, ...] = (None,)
    positions: tuple[int | None, ...] = (None,)

    def cells(self) -> list[Cell]:
        """The cells in a fixed order."""
        axes = (self.parts, self.layers, self.heads, self.positions)
        return [Cell(*point) for point in itertools.product(*axes)]

    @property
    def axis(self) -> str:
        """The axis of which a sample is taken where the whole takes too long."""
        return next((name for name in ("positions", "heads") if getattr(self, name) != (None,)),
                    "layers")

    @property
    def steps(self) -> int:
        """How long that axis is."""
        return len(getattr(self, self.axis))

    def thinned(self, count: int) -> Grid:
        """The grid with `count` evenly spaced steps of that axis, the others whole."""
        values = getattr(self, self.axis)
        return replace(self, **{self.axis: tuple(values[at] for at in spaced(len(values), count))})


def grid(task: str, n_layers: int, n_heads: int, length: int) -> Grid:
    """The cells of a task."""
    layers, positions = tuple(range(n_layers)), tuple(range(length))
    match task:
        case "branches":
            return Grid(("attn", "mlp"), layers)
        case "heads":
            return Grid(("head",), layers, heads=tuple(range(n_heads)))
        case "residual":
            return Grid(("resid",), layers, positions=positions)
        case _:
            return Grid(("resid", "attn", "mlp"), layers, positions=positions)


def prompts(length: int) -> tuple[list[int], list[int]]:
    """Base and source token ids; they differ everywhere, so that no cell is trivial."""
    generator = torch.Generator().manual_seed(7)
    base = torch.randint(10, 4000, (length,), generator=generator)
    source = torch.randint(4000, 8000, (length,), generator=generator)
    return base.tolist(), source.tolist()


def kl(clean: Tensor, edited: Tensor) -> list[float]:
    """KL(clean ‖ edited) in nats and float64; clean [vocab], edited [rows, vocab]."""
    p = torch.log_softmax(clean.double(), -1)
    q = torch.log_softmax(edited.double(), -1)
    return (p.exp() * (p - q)).sum(-1).tolist()


Runner = Callable[[list[Cell], list[int], list[int], Callable[[], None]], list[float]]
"""Takes cells, base and source prompt, and what to call when all that the cells share is
done; gives the KL of each cell."""
