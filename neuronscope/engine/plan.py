"""The cells of a sweep, in row-major order of its dimensions."""

from __future__ import annotations

import itertools

from neuronscope.spec.experiments import AXIS_FIELDS, Edit, Sweep
from neuronscope.spec.ops import Patch
from neuronscope.spec.target import SITES, Target


def cells(spec: Sweep) -> list[Edit]:
    """The edit of each cell of a resolved sweep.

    An axis that the sweep does not name is edited all at once; under a position map that
    means all mapped positions.
    """
    axes = {axis: values for axis, field in AXIS_FIELDS.items()
            if (values := getattr(spec.over, field)) is not None}
    whole: dict[str, tuple[int, ...]] = {}
    if isinstance(spec.op, Patch) and spec.op.positions is not None and "position" not in axes:
        whole["position"] = tuple(here for here, _ in spec.op.positions)
    return [
        Edit(Target(site=site, **whole, **dict(zip(axes, point, strict=True))), spec.op)
        for site in spec.over.sites
        for point in itertools.product(*axes.values())
    ]


def keys_of(target: Target, n_layers: int) -> list[tuple[str, int | None]]:
    """The (site, layer) pairs that a target covers."""
    if "layer" not in SITES[target.site].axes:
        return [(target.site, None)]
    return [(target.site, layer) for layer in chosen(target.layer) or range(n_layers)]


def chosen(value: int | tuple[int, ...] | None) -> tuple[int, ...] | None:
    """A selection as a tuple; None for all."""
    return (value,) if isinstance(value, int) else value
