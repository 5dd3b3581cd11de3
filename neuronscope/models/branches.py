"""Inside one decoder layer: which submodules are attention and MLP, and what they add."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Point
from neuronscope.models.trace import Call, Trace, same

Outcome = Point | str
"""A point, or the reason why there is none."""


@dataclass(frozen=True)
class Branches:
    """The attention and MLP modules of a layer; None where there is not exactly that."""

    attention: nn.Module | None
    mlp: nn.Module | None


def find_branches(
    layer: Call, clean: Trace, disturbed: Trace
) -> tuple[Branches, dict[str, Outcome]]:
    """The branches of one layer, and its points of `attn_out`, `mlp_out`, `z`, `mlp_act`."""
    calls = clean.under(layer.name)
    attention = _outermost([call for call in calls if _mixes_positions(call, disturbed)])
    rest = [call for call in calls if attention is None or not _within(call, attention)]
    mlp = _outermost([call for call in rest if _is_mlp(call, layer)])
    found = _contributions(layer, rest, attention, mlp)
    found["z"] = _projection_in(attention, calls, "an attention module")
    found["mlp_act"] = _projection_in(mlp, calls, "an MLP")
    return Branches(attention and attention.module, mlp and mlp.module), found


def _mixes_positions(call: Call, disturbed: Trace) -> bool:
    """Input clean at the undisturbed positions, output not: information crossed positions."""
    other = disturbed.get(call.name)
    if other is None or other.given.shape != call.given.shape or call.given.ndim != 3:
        return False
    return same(other.given[:, 1:], call.given[:, 1:]) and not same(
        other.gave[:, 1:], call.gave[:, 1:])


def _is_mlp(call: Call, layer: Call) -> bool:
    weights = [p for p in call.module.parameters() if p.ndim >= 2]
    return call.gave.shape == layer.gave.shape and len(weights) >= 2


def _within(call: Call, parent: Call) -> bool:
    return call.name == parent.name or call.name.startswith(f"{parent.name}.")


def _outermost(calls: list[Call]) -> Call | None:
    return min(calls, key=lambda call: (call.name.count("."), call.order), default=None)


def _follow(start: Call, rest: list[Call], layer: Call) -> list[Call]:
    """The call itself and the chain of residual-sized modules that its output feeds."""
    chain = [start]
    for call in rest:
        if (call.order > chain[-1].order and same(call.given, chain[-1].gave)
                and call.gave.shape == layer.gave.shape):
            chain.append(call)
    return chain


def _contributions(
    layer: Call, rest: list[Call], attention: Call | None, mlp: Call | None
) -> dict[str, Outcome]:
    if attention is None or mlp is None:
        missing = "attention module" if attention is None else "MLP"
        reason = f"no {missing} was found in the layer, so what each branch adds is not known"
        return {"attn_out": reason, "mlp_out": reason}
    delta = float64(layer.gave) - float64(layer.given)
    pairs = list(itertools.product(_follow(attention, rest, layer), _follow(mlp, rest, layer)))
    for scaled in (False, True):
        fitting = []
        for attn, feed in pairs:
            scales = _scales(delta, attn.gave, feed.gave) if scaled else (1.0, 1.0)
            error = _error(layer, scales[0] * float64(attn.gave), scales[1] * float64(feed.gave))
            if min(map(abs, scales)) > 1e-6 and float(error.max()) <= _tolerance(layer):
                fitting.append((float(error.square().mean()), attn, feed, scales))
        if fitting:
            _, attn, feed, scales = min(fitting, key=lambda each: each[0])
            return {"attn_out": Point(attn.module, "out", scales[0]),
                    "mlp_out": Point(feed.module, "out", scales[1])}
    reason = "the layer's change of the residual stream is not the sum of its two branches"
    return {"attn_out": reason, "mlp_out": reason}


def _scales(delta: Tensor, attn: Tensor, mlp: Tensor) -> tuple[float, float]:
    """Least-squares (a, m) of a·attn + m·mlp = delta.

    Only tried after plain sums of every pair: a norm of a near-constant input looks like
    a multiplier too.
    """
    branches = torch.stack([float64(attn).flatten(), float64(mlp).flatten()], dim=1).cpu()
    solved = torch.linalg.lstsq(branches, delta.flatten().cpu()[:, None]).solution[:, 0]
    return round(float(solved[0]), 6), round(float(solved[1]), 6)


def _error(layer: Call, attn: Tensor, mlp: Tensor) -> Tensor:
    """How far each entry is from given + attn + mlp = gave, relative to their sizes.

    Entry by entry: beside one massive entry every wrong sum would look small.
    """
    given, gave = float64(layer.given), float64(layer.gave)
    size = given.abs() + gave.abs() + attn.abs() + mlp.abs()
    return (given + attn + mlp - gave).abs() / size.clamp(min=torch.finfo(gave.dtype).tiny)


def _tolerance(layer: Call) -> float:
    """A few roundings of the model's dtype, or of a scale that was solved for."""
    return max(4 * torch.finfo(layer.gave.dtype).eps, 1e-5)


def _projection_in(branch: Call | None, calls: list[Call], what: str) -> Outcome:
    """The input of the last linear map of a branch, whose output is the branch's output."""
    if branch is None:
        return f"no {what.split(' ', 1)[1]} was found in the layer"
    for call in reversed([call for call in calls if _within(call, branch)]):
        if _is_linear(call.module) and same(call.gave, branch.gave):
            if call.given.ndim != 3:
                return f"the projection's input has {call.given.ndim} dimensions, not 3"
            return Point(call.module, "in")
    return f"{what} was found, but not one linear map that gives its output"


def _is_linear(module: nn.Module) -> bool:
    """A matrix product and nothing else: Linear, GPT-2's Conv1D, quantised linears."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim == 2 and not any(module.children())
