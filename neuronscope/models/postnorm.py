"""Layers that normalise the stream itself: seen from what their norms are given."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from torch import Tensor

from neuronscope.hooks.precision import float64
from neuronscope.models.steps import least_squares, relative_error
from neuronscope.models.trace import Call, same

POST_NORM = ("this layer normalises after it adds (post-norm): what a branch gives is not what "
             "the stream changes by")
NORMED_STREAM = ("this layer adds to a normalised copy of the stream: what a branch gives is not "
                 "what the stream changes by")


def post_norm(layer: Call, calls: Sequence[Call], sure: float) -> str:
    """The reason, where a norm that is given the stream and what was added gives the layer's
    output; or nothing."""
    sized = _sized(layer, calls)
    for call in calls:
        summed = not any(same(call.given, other.gave) for other in calls)
        if (is_norm(call) and same(call.gave, layer.gave) and summed
                and _is_sum(float64(call.given), sized, sure)):
            return POST_NORM
    return ""


def normed_stream(layer: Call, calls: Sequence[Call], sure: float) -> str:
    """The reason, where a norm's output is what the layer adds to; or nothing."""
    sized, gave = _sized(layer, calls), float64(layer.gave)
    norms = [float64(call.gave) for call in calls
             if is_norm(call) and call.gave.shape == layer.gave.shape]
    terms = [each for count in (1, 2) for each in itertools.combinations(sized[1:], count)]
    for norm, values in itertools.product(norms, terms):
        if relative_error(gave, [norm, *values])[0] <= sure:
            return NORMED_STREAM
    return ""


def is_norm(call: Call) -> bool:
    """Whether a module may be a norm: it keeps the shape, not the values, and has no matrices."""
    weights = list(call.module.parameters())
    return (call.given.shape == call.gave.shape and all(each.ndim <= 1 for each in weights)
            and not any(call.module.children()) and not same(call.given, call.gave))


def _is_sum(wanted: Tensor, values: list[Tensor], sure: float) -> bool:
    for left, right in itertools.combinations(values, 2):
        if relative_error(wanted, [left, right])[0] <= sure:
            return True
    for left, right in itertools.combinations(values, 2):
        solved = least_squares([left, right], wanted)
        if solved is not None and min(map(abs, solved)) > 1e-6 and relative_error(
                wanted, [solved[0] * left, solved[1] * right])[0] <= sure:
            return True
    return False


def _sized(layer: Call, calls: Sequence[Call]) -> list[Tensor]:
    """The layer's input and all different outputs of the stream's width."""
    found = [layer.given]
    for call in calls:
        if call.gave.shape in (layer.gave.shape, layer.gave.flatten(0, -2).shape):
            value = call.gave.reshape(layer.gave.shape)
            if not any(same(value, each) for each in found):
                found.append(value)
    return [float64(each) for each in found]
