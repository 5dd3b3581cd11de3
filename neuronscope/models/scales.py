"""The number that a layer really multiplies a branch by, near one that was solved for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from neuronscope.models.trace import Call


def snapped(
    layer: Call, solved: Sequence[float], result: Callable[[Sequence[float]], Tensor],
    wanted: Tensor,
) -> tuple[float, ...]:
    """Of the numbers that lie as near as roundings leave open, those that give the result's bits.

    The layer's own numbers come first, then short ones. result: what the layer would give,
    in its own dtype, with some scales.
    """
    own = _numbers(layer)
    near = max(1e-4, 4 * torch.finfo(layer.gave.dtype).eps)
    options = [list(dict.fromkeys([
        *(each for each in own if abs(each - scale) <= near * abs(scale)),
        *(short for digits in range(1, 7)
          if abs((short := float(f"{scale:.{digits}g}")) - scale) <= near * abs(scale)),
        scale])) for scale in solved]
    best = max(itertools.product(*options),
               key=lambda scales: float((result(scales) == wanted).double().mean()))
    return tuple(best)


def _numbers(layer: Call) -> list[float]:
    """The floating-point attributes of the layer's modules."""
    return sorted({value for module in layer.module.modules()
                   for value in vars(module).values() if isinstance(value, float)})
