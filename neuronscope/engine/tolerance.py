"""How far two ways to compute one logit may lie apart. Needs no torch, so a server can ask."""

from __future__ import annotations

TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
HALF = 0.25
"""Largest deviation in a logit, by dtype; in half precisions some steps of their resolution."""


def tolerance_of(dtype: str) -> float:
    """The bound for a dtype by its name, with or without `torch.`, in logits.

    Half precisions depend on the shape of the batch; the bound is some steps of their
    resolution at the size of a logit, and what was measured is told with every grid.
    """
    return TOLERANCE.get(dtype.removeprefix("torch."), HALF)
