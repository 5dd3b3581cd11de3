"""Inside one decoder layer: which submodules are attention and MLP, and what they add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from torch import nn

from neuronscope.hooks.tap import Point
from neuronscope.models.contributions import (
    WIDE,
    Added,
    Branch,
    Contributions,
    Remainder,
    contributions,
    refused,
)
from neuronscope.models.mixers import Operators, mixes_positions
from neuronscope.models.projections import (
    head_map,
    heads_in,
    is_linear,
    last_map,
    neurons_in,
    point,
    stream_sized,
    within,
)
from neuronscope.models.trace import Call, Trace, same

Outcome = Point | str
"""A point, or the reason why there is none."""

PARALLEL = ("this layer's attention and MLP read the same input (parallel block); there is no "
            "stream between them")


@dataclass(frozen=True)
class Branches:
    """The modules that give what attention and MLP give, before any post-norm.

    `mlp` may be a single linear map, where the layer itself or a module that also adds the
    residual stream holds the MLP's parts. None where no module gives exactly that, or where
    other modules of the layer mix positions, too.
    carried: the stream changes by `attn_out` and `mlp_out` and nothing else. absent: the
    sites that stand for a branch which the layer does not have. softmax: whether attention is
    computed by a softmax. notes: by site, what to know of it at this layer.
    """

    attention: nn.Module | None
    mlp: nn.Module | None
    carried: bool = True
    absent: frozenset[str] = frozenset()
    softmax: bool = True
    notes: dict[str, str] = field(default_factory=dict)


def find_branches(
    layer: Call, clean: Trace, disturbed: Trace, seen: Operators
) -> tuple[Branches, dict[str, Outcome]]:
    """The branches of one layer, and its points of what they add, of the stream between them,
    of `z` and of `mlp_act`."""
    calls = clean.under(layer.name)
    mixers = _outermost([call for call in calls if mixes_positions(call, disturbed, seen)])
    mixers.sort(key=lambda call: call.module not in seen.softmax)
    attention, z_map = _attention(layer, mixers[0] if mixers else None, calls, disturbed, seen)
    rest = [call for call in calls if attention is None
            or not (within(call, attention) or within(attention, call))]
    beside = [call for call in rest if not any(within(call, other) for other in mixers[1:])]
    whole, layer = layer, _of_width(layer, attention)
    mlp = _mlp(layer, beside, attention) or _loose_mlp(beside, layer)
    maps = [z_map or last_map(attention, calls, layer), last_map(mlp, calls, layer)]
    outer = _outermost([call for call in rest if mlp is None or not within(call, mlp)])
    sides = [Branch(call, () if call is None else _starts(call, found, rest, layer))
             for call, found in zip((attention, mlp), maps, strict=True)]
    added = (contributions(layer, *sides, outer, mixers, calls) if layer is whole
             else refused(WIDE))
    start = added.mlp.start if isinstance(added.mlp, Added) else None
    found: dict[str, Outcome] = {
        "attn_out": _site(layer, added.attention), "mlp_out": _site(layer, added.mlp),
        "z": added.several or heads_in(layer, attention, z_map, seen, added.carried),
        "mlp_act": neurons_in(layer, mlp, maps[1], start, beside, seen, added.carried)}
    found["resid_mid"] = _between(layer, mlp, added, found["attn_out"], disturbed)
    return _modules(attention, mlp, maps, mixers, added, seen), found


def _of_width(layer: Call, attention: Call | None) -> Call:
    """The layer as it is; or where it hands on several streams, with what its attention reads
    in their place."""
    if attention is None:
        return layer if layer.given.ndim == 3 else replace(
            layer, given=layer.given[0], gave=layer.gave[0])
    narrow = attention.gave.shape[-1] == layer.gave.shape[-1] and layer.given.ndim == 3
    return layer if narrow else replace(layer, given=attention.gave, gave=attention.gave)


def _attention(
    layer: Call, mixer: Call | None, calls: Sequence[Call], disturbed: Trace, seen: Operators
) -> tuple[Call | None, Call | None]:
    """The attention in the outermost module that mixes positions, and its output projection.

    It is that module, or the innermost one with both the softmax and the projection, where
    that gives something else than the whole.
    """
    z_map = head_map(mixer, calls, layer, disturbed, seen)
    if mixer is None or z_map is None:
        return mixer, None
    inner = [call for call in calls if within(call, mixer) and within(z_map, call)
             and call.module in seen.softmax and mixes_positions(call, disturbed, seen)]
    found = max(inner, key=lambda call: call.name.count("."), default=mixer)
    return (mixer if same(found.gave, mixer.gave) else found), z_map


def _modules(
    attention: Call | None, mlp: Call | None, maps: Sequence[Call | None],
    mixers: Sequence[Call], added: Contributions, seen: Operators,
) -> Branches:
    """What the fast path may answer for, and what is known of the layer."""
    mine, theirs = added.attention, added.mlp
    softmax = attention is not None and attention.module in seen.softmax
    # attention that adds the residual stream itself cannot be answered for by its last map
    whole = attention is not None and len(mixers) == 1 and (
        mine.start is attention if isinstance(mine, Added)
        else maps[0] is not None and same(maps[0].gave, attention.gave))
    gives = theirs.start if isinstance(theirs, Added) else mlp
    if len(mixers) > 1 or added.extra or isinstance(theirs, Remainder):
        gives, whole = None, whole and not added.extra
    absent = {site for site, call in (("attn_out", attention), ("mlp_out", mlp)) if call is None}
    notes = dict.fromkeys(("attn_out", "mlp_out"), added.note) if added.note else {}
    if attention is not None and not softmax:
        notes["attn_out"] = "; ".join(filter(None, [
            f"what {type(attention.module).__name__} adds, which is no softmax attention",
            added.note]))
    return Branches(attention.module if whole else None, gives and gives.module, added.carried,
                    frozenset(absent), softmax, notes)


def _site(layer: Call, added: Added | Remainder | str) -> Outcome:
    if isinstance(added, str):
        return added
    if isinstance(added, Remainder):
        return Point(layer.module, "out", base=added.reader.module, base_scale=-1.0)
    return point(layer, added.added, "out", added.scale)


def _between(
    layer: Call, mlp: Call | None, added: Contributions, attn_out: Outcome, disturbed: Trace
) -> Outcome:
    """The stream between attention and MLP: the layer's input and what attention adds to it.

    With the layer's input disturbed at the first position alone, an MLP that reads the
    stream behind attention is given something else at other positions, too.
    """
    if added.alone:
        return added.alone
    if isinstance(attn_out, str):
        return attn_out
    if mlp is None or mlp.name not in disturbed:
        return "what the MLP reads was not seen"
    mine, other = mlp.given, disturbed[mlp.name].given
    rows = (*layer.given.shape[:2], -1)
    if same(mine.reshape(rows)[:, 1:], other.reshape(rows)[:, 1:]):
        return PARALLEL
    return replace(attn_out, base=layer.module)


def _mlp(layer: Call, beside: Sequence[Call], attention: Call | None) -> Call | None:
    """The largest of the outermost modules with matrices that give a vector of the stream's
    width, and not to another such module (a norm with matrices of its own does)."""
    found = [call for call in beside if stream_sized(call, layer) and len(
        [weight for weight in call.module.parameters() if weight.ndim >= 2]) >= 2]
    outer = [call for call in _outermost(found) if not any(
        same(call.gave, other.given) and not within(other, call)
        for other in [*found, *([attention] if attention else [])])]
    # of several, one that gives the layer's whole output is rather an adapter of the stream
    return max(outer, default=None, key=lambda call: (
        not same(call.gave, layer.gave), sum(each.numel() for each in call.module.parameters())))


def _loose_mlp(rest: Sequence[Call], layer: Call) -> Call | None:
    """The down projection of an MLP whose maps the layer holds by themselves (OPT)."""
    maps = [call for call in rest if is_linear(call.module)]
    if not maps or not stream_sized(maps[-1], layer):
        return None
    width = maps[-1].given.shape[-1]
    return maps[-1] if any(up.gave.shape[-1] in (width, 2 * width) for up in maps[:-1]) else None


def _outermost(calls: Sequence[Call]) -> list[Call]:
    """Calls that are inside no other of them, in the order in which they ended."""
    return [call for call in calls if not any(
        other is not call and within(call, other) for other in calls)]


def _starts(
    branch: Call, last: Call | None, rest: Sequence[Call], layer: Call
) -> list[tuple[Call, Call]]:
    """What a branch may add: (where it starts, what is added), the branch's own output first.

    A branch that adds the residual stream by itself contributes its last map's output.
    """
    starts = [branch] if last is None or last is branch else [branch, last]
    found = [(start, added) for start in starts for added in _follow(start, rest, layer)
             if stream_sized(added, layer)]
    return [each for place, each in enumerate(found)
            if not any(same(each[1].gave, other.gave) for _, other in found[:place])]


def _follow(start: Call, rest: Sequence[Call], layer: Call) -> list[Call]:
    """The call itself and the chain of residual-sized modules that its output feeds."""
    chain = [start]
    for call in rest:
        if (call.order > chain[-1].order and same(call.given, chain[-1].gave)
                and stream_sized(call, layer)):
            chain.append(call)
    return chain
