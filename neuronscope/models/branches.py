"""Inside one decoder layer: which submodules are attention and MLP, and what they add."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Point, Side
from neuronscope.models.trace import Call, Trace, same

Outcome = Point | str
"""A point, or the reason why there is none."""


@dataclass(frozen=True)
class Added:
    """`scale` times `added`'s output is added to the stream; it follows from `start`'s."""

    start: Call
    added: Call
    scale: float


Pair = tuple[Added, Added]


@dataclass(frozen=True)
class Branches:
    """The modules that give what attention and MLP give, before any post-norm.

    `mlp` may be a single linear map, where the layer itself or a module that also adds the
    residual stream holds the MLP's parts. None where no module gives exactly that.
    """

    attention: nn.Module | None
    mlp: nn.Module | None


def find_branches(
    layer: Call, clean: Trace, disturbed: Trace
) -> tuple[Branches, dict[str, Outcome]]:
    """The branches of one layer, and its points of `attn_out`, `mlp_out`, `z`, `mlp_act`."""
    calls = clean.under(layer.name)
    attention = _outermost([call for call in calls if _mixes_positions(call, disturbed)])
    rest = [call for call in calls if attention is None or not _within(call, attention)]
    mlp = _outermost([call for call in rest if _is_mlp(call, layer)]) or _loose_mlp(rest, layer)
    maps = [_last_map(branch, calls, layer) for branch in (attention, mlp)]
    if attention is None or mlp is None:
        missing = "attention module" if attention is None else "MLP"
        pair: Pair | str = (
            f"no {missing} was found in the layer, so what each branch adds is not known")
    else:
        pair = _contributions(layer, *(_starts(branch, last_map, rest, layer) for branch, last_map
                                       in zip((attention, mlp), maps, strict=True)))
    starts = (None, None) if isinstance(pair, str) else (pair[0].start, pair[1].start)
    found: dict[str, Outcome] = {
        site: pair if isinstance(pair, str) else
        _point(layer, pair[place].added, "out", pair[place].scale)
        for place, site in enumerate(("attn_out", "mlp_out"))}
    found["z"] = _projection_in(layer, attention, maps[0], starts[0], "an attention module")
    found["mlp_act"] = _projection_in(layer, mlp, maps[1], starts[1], "an MLP")
    # attention that adds the residual stream itself cannot be answered for by its last map
    whole = attention is not None and starts[0] in (None, attention)
    gives = starts[1] or mlp
    return Branches(attention.module if whole else None, gives and gives.module), found


def _mixes_positions(call: Call, disturbed: Trace) -> bool:
    """Input clean at the undisturbed positions, output not: information crossed positions."""
    other = disturbed.get(call.name)
    if other is None or other.given.shape != call.given.shape or call.given.ndim != 3:
        return False
    return same(other.given[:, 1:], call.given[:, 1:]) and not same(
        other.gave[:, 1:], call.gave[:, 1:])


def _is_mlp(call: Call, layer: Call) -> bool:
    weights = [p for p in call.module.parameters() if p.ndim >= 2]
    return _stream_sized(call, layer) and len(weights) >= 2


def _loose_mlp(rest: list[Call], layer: Call) -> Call | None:
    """The down projection of an MLP whose maps the layer holds by themselves (OPT)."""
    maps = [call for call in rest if _is_linear(call.module)]
    if not maps or not _stream_sized(maps[-1], layer):
        return None
    width = maps[-1].given.shape[-1]
    return maps[-1] if any(up.gave.shape[-1] in (width, 2 * width) for up in maps[:-1]) else None


def _stream_sized(call: Call, layer: Call) -> bool:
    """Whether a call gives one vector of the stream's width per position, flattened or not."""
    return call.gave.shape in (layer.gave.shape, layer.gave.flatten(0, -2).shape)


def _within(call: Call, parent: Call) -> bool:
    return call.name == parent.name or call.name.startswith(f"{parent.name}.")


def _outermost(calls: list[Call]) -> Call | None:
    return min(calls, key=lambda call: (call.name.count("."), call.order), default=None)


def _last_map(branch: Call | None, calls: list[Call], layer: Call) -> Call | None:
    """The last linear map of a branch that gives a vector of the stream's width."""
    maps = [call for call in calls if branch is not None and _within(call, branch)
            and _is_linear(call.module)
            and (_stream_sized(call, layer) or call.gave.shape == branch.gave.shape)]
    return maps[-1] if maps else None


def _starts(
    branch: Call, last_map: Call | None, rest: list[Call], layer: Call
) -> list[tuple[Call, Call]]:
    """What a branch may add: (where it starts, what is added), the branch's own output first.

    A branch that adds the residual stream by itself contributes its last map's output.
    """
    starts = [branch] if last_map is None or last_map is branch else [branch, last_map]
    return [(start, added) for start in starts for added in _follow(start, rest, layer)
            if _stream_sized(added, layer)]


def _follow(start: Call, rest: list[Call], layer: Call) -> list[Call]:
    """The call itself and the chain of residual-sized modules that its output feeds."""
    chain = [start]
    for call in rest:
        if (call.order > chain[-1].order and same(call.given, chain[-1].gave)
                and _stream_sized(call, layer)):
            chain.append(call)
    return chain


def _contributions(
    layer: Call, attentions: list[tuple[Call, Call]], mlps: list[tuple[Call, Call]]
) -> Pair | str:
    """What attention and MLP add to the stream; or why that is not known."""
    delta = float64(layer.gave) - float64(layer.given)
    for scaled in (False, True):
        fitting = []
        for (attention, attn), (mlp, feed) in itertools.product(attentions, mlps):
            given = [float64(each.gave).reshape(delta.shape) for each in (attn, feed)]
            scales = _scales(delta, *given) if scaled else (1.0, 1.0)
            error = _error(layer, scales[0] * given[0], scales[1] * given[1])
            if min(map(abs, scales)) > 1e-6 and float(error.max()) <= _tolerance(layer):
                fitting.append((float(error.square().mean()), Added(attention, attn, scales[0]),
                                Added(mlp, feed, scales[1])))
        if fitting:
            return min(fitting, key=lambda each: each[0])[1:]
    return "the layer's change of the residual stream is not the sum of its two branches"


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


def _projection_in(
    layer: Call, branch: Call | None, last_map: Call | None, start: Call | None, what: str
) -> Outcome:
    """The input of the last linear map of a branch, whose output is what the branch gives."""
    if branch is None:
        return f"no {what.split(' ', 1)[1]} was found in the layer"
    if last_map is None or not (last_map is start or same(last_map.gave, branch.gave)):
        return f"{what} was found, but not one linear map that gives its output"
    if last_map.given.shape[:-1] != last_map.gave.shape[:-1] or last_map.given.ndim > 3:
        return "the projection is not given one vector per position"
    return _point(layer, last_map, "in")


def _point(layer: Call, call: Call, side: Side, scale: float = 1.0) -> Point:
    """A point of a layer; told the layer where it sees all positions in one dimension."""
    flat = (call.given if side == "in" else call.gave).ndim == 2
    return Point(call.module, side, scale, rows=layer.module if flat else None)


def _is_linear(module: nn.Module) -> bool:
    """A matrix product and nothing else: Linear, GPT-2's Conv1D, quantised linears."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim == 2 and not any(module.children())
