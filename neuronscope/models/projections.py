"""The linear maps whose inputs are the heads' results and the MLP's neurons."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from neuronscope.hooks.points import Point
from neuronscope.hooks.tap import Side
from neuronscope.models.mixers import Operators, reads_other_positions
from neuronscope.models.trace import Call, Trace, same

EXPERTS = ("the neurons of a mixture of experts are spread over its experts, of which a router "
           "picks some per token; they have no common tensor")
NO_HEADS = "this layer's mixer computes no softmax attention, so its columns are not heads"
NO_MAP = "{} was found, but not one linear map that gives its output"


def is_linear(module: nn.Module) -> bool:
    """A matrix product and nothing else: Linear, GPT-2's Conv1D, quantised linears."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim == 2 and not any(module.children())


def stream_sized(call: Call, layer: Call) -> bool:
    """Whether a call gives one vector of the stream's width per position, flattened or not."""
    return call.gave.shape in (layer.gave.shape, layer.gave.flatten(0, -2).shape)


def within(call: Call, parent: Call) -> bool:
    """Whether a call is another one or inside it."""
    return call.name == parent.name or call.name.startswith(f"{parent.name}.")


def last_map(branch: Call | None, calls: Sequence[Call], layer: Call) -> Call | None:
    """The last linear map of a branch that gives a vector of the stream's width."""
    maps = [call for call in calls if branch is not None and within(call, branch)
            and is_linear(call.module)
            and (stream_sized(call, layer) or call.gave.shape == branch.gave.shape)]
    return maps[-1] if maps else None


def head_map(
    attention: Call | None, calls: Sequence[Call], layer: Call, disturbed: Trace, seen: Operators
) -> Call | None:
    """The first linear map behind the softmax that is given what came from other positions."""
    if attention is None or attention.module not in seen.softmax:
        return None
    after = seen.after.get(attention.module, set())
    return next((call for call in calls if within(call, attention) and is_linear(call.module)
                 and call.module in after and reads_other_positions(call, disturbed)), None)


def heads_in(
    layer: Call, attention: Call | None, found: Call | None, seen: Operators, known: bool
) -> Point | str:
    """Where `z` is: the input of the attention's output projection. known: whether the layer's
    change of the stream is accounted for."""
    if attention is None:
        return "this layer has no attention" if known else "no attention was found in this layer"
    if attention.module not in seen.softmax:
        return NO_HEADS
    if found is None:
        return NO_MAP.format("an attention module")
    return _given(found, layer)


def neurons_in(
    layer: Call, mlp: Call | None, found: Call | None, start: Call | None, beside: Sequence[Call],
    seen: Operators, known: bool,
) -> Point | str:
    """Where `mlp_act` is: the input of the MLP's last linear map, which gives its output.

    beside: the calls outside attention. known: as in heads_in.
    """
    if mlp is None:
        return "this layer has no MLP" if known else "no MLP was found in this layer"
    if any(call.module in seen.router for call in beside) or _stacked(mlp.module):
        return EXPERTS
    if found is None or not (found is start or same(found.gave, mlp.gave)):
        return NO_MAP.format("an MLP")
    return _given(found, layer)


def _stacked(module: nn.Module) -> bool:
    """Whether a module holds several matrices in one tensor, as experts are stored."""
    return any(weight.ndim == 3 and min(weight.shape) > 1 for each in module.modules()
               if not isinstance(each, nn.Conv1d) for weight in each.parameters(recurse=False))


def _given(call: Call, layer: Call) -> Point | str:
    if call.given.shape[:-1] != call.gave.shape[:-1] or call.given.ndim > 3:
        return "the projection is not given one vector per position"
    return point(layer, call, "in")


def point(layer: Call, call: Call, side: Side, scale: float = 1.0) -> Point:
    """A point of a layer; told the layer where it sees all positions in one dimension."""
    flat = (call.given if side == "in" else call.gave).ndim == 2
    return Point(call.module, side, scale, rows=layer.module if flat else None)
