"""Statistics of activations: float64, in pieces, so that no copy of the whole is made."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from neuronscope.hooks.precision import float64
from neuronscope.spec.captures import Statistics

PIECE = 1 << 20
"""At most so many values, or one row if that is more, are in float64 at a time."""


@torch.no_grad()
def statistics(values: Float[Tensor, "*dims last"]) -> Statistics:
    """Of all values, and of the norms over the last dimension; see `Statistics`."""
    n_finite = n_zero = n_rows = 0
    total = norms = 0.0
    low, high, most = math.inf, -math.inf, -math.inf
    for piece in _pieces(values):
        finite = piece.isfinite()
        kept = piece[finite]
        n_zero += int((piece == 0).sum())
        n_finite += kept.numel()
        if kept.numel():
            total += float(kept.sum())
            low, high = min(low, float(kept.min())), max(high, float(kept.max()))
        lengths = piece[finite.all(dim=-1)].norm(dim=-1)
        n_rows += lengths.numel()
        if lengths.numel():
            norms += float(lengths.sum())
            most = max(most, float(lengths.max()))
    mean = total / n_finite if n_finite else math.nan
    spread = sum(float((piece[piece.isfinite()] - mean).square().sum())
                 for piece in _pieces(values)) if n_finite else math.nan
    return Statistics(
        n=values.numel(), n_zero=n_zero, n_non_finite=values.numel() - n_finite,
        mean=_known(mean), std=_known(math.sqrt(spread / n_finite)) if n_finite else None,
        min=_known(low), max=_known(high),
        mean_norm=_known(norms / n_rows) if n_rows else None, max_norm=_known(most))


def _pieces(values: Tensor) -> Iterator[Tensor]:
    """The values in float64, a few rows at a time."""
    if values.numel() <= PIECE or values.ndim == 1:
        yield float64(values)
    elif values.shape[0] > 1:
        rows = max(1, PIECE // (values.numel() // values.shape[0]))
        for part in values.split(rows):
            yield from _pieces(part) if part.shape[0] == 1 else iter([float64(part)])
    else:
        yield from _pieces(values[0])


def _known(value: float) -> float | None:
    """None for what does not exist, or lies beyond float64."""
    return value if math.isfinite(value) else None
