"""A grid's controls in a line each."""

from __future__ import annotations

import itertools

from neuronscope.spec.controls import Control, ControlValue
from neuronscope.spec.grid import Grid

WARNING = "NOT AS IT MUST BE: distrust this grid"


def told(control: Control, grid: Grid) -> str:
    """What the control did and what came out; only its first metric is shown."""
    if control.reason:
        return f"{_NAMES[control.kind]}: not run, {control.reason}"
    key, value = next(iter(control.metrics.items()))
    label = grid.data.metrics[key].label
    found = "no value" if value.found is None else f"{value.found:.3g}"
    match control.kind:
        case "self_patch":
            outcome = ("nothing changes, as it must" if control.passed
                       else f"{label} changes by {found}, {WARNING}")
        case "full_patch":
            outcome = (f"the source's own answer, as it must be ({label} {found})"
                       if control.passed else
                       f"{label} {found}, the source's is {_expected(value)}, {WARNING}")
        case _:
            outcome = (f"{label} {found} ± {value.spread:.3g} over {control.draws}, "
                       f"at {_place(control.cells[0], grid)}")
    return f"{_NAMES[control.kind]}: {outcome}"


_NAMES = {"self_patch": "own values put back", "full_patch": "whole stream of the source",
          "random_direction": "random directions of the same norm"}


def _expected(value: ControlValue) -> str:
    return "not known" if value.expected is None else f"{value.expected:.3g}"


def _place(index: int, grid: Grid) -> str:
    """`z, layer 3, head 1`."""
    points = itertools.product(*(grid.coords[dim] for dim in grid.dims))
    point = next(itertools.islice(points, index, None))
    return ", ".join(str(value) if dim == "site" else f"{dim} {value}"
                     for dim, value in zip(grid.dims, point, strict=True))
