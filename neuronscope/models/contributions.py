"""What a layer's branches add to the residual stream, and why that is not known where it is not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neuronscope.hooks.precision import float64
from neuronscope.models.postnorm import NORMED_STREAM, is_norm, normed_stream, post_norm
from neuronscope.models.scales import snapped
from neuronscope.models.steps import Step, least_squares, relative_error, states, steps
from neuronscope.models.trace import Call, same

WIDE = ("what layers hand on is several streams (hyper-connections or the like), into which what a "
        "branch gives is mixed")
NOT_A_SUM = ("the layer's change of the residual stream is not the sum of what its modules give")


@dataclass(frozen=True)
class Added:
    """`scale` times `added`'s output is added to the stream; it follows from `start`'s."""

    start: Call
    added: Call
    scale: float = 1.0


@dataclass(frozen=True)
class Remainder:
    """What the layer gives less the stream that `reader` is given: several modules' sum."""

    reader: Call


@dataclass(frozen=True)
class Branch:
    """A branch of a layer; `starts`: (where it starts, what may be added of it)."""

    call: Call | None
    starts: Sequence[tuple[Call, Call]] = ()


@dataclass(frozen=True)
class Contributions:
    """What each branch adds, or why that is not known.

    carried: the stream changes by what the two branches add and by nothing else. alone: the
    stream behind attention is the layer's input and what attention adds; or why not. several:
    nothing, or that the layer has more than one attention. extra: whether other modules add, too.
    """

    attention: Added | str
    mlp: Added | Remainder | str
    carried: bool = True
    alone: str = ""
    note: str = ""
    several: str = ""
    extra: bool = False


def contributions(
    layer: Call, attention: Branch, mlp: Branch, outer: Sequence[Call], mixers: Sequence[Call],
    calls: Sequence[Call],
) -> Contributions:
    """Of one layer. outer: its calls outside the two branches; mixers: all that mix positions."""
    if attention.call is not None and mlp.call is not None:
        pair = _pair(layer, attention.starts, mlp.starts)
        if pair is not None:
            return Contributions(*pair)
    single = _single(layer, attention, mlp)
    if single is not None:
        return single
    reason = post_norm(layer, calls, tolerance(layer)) or _gated(layer, outer)
    if reason:
        return refused(reason)
    through = states(layer, [call for call in outer if call not in mixers[1:]], calls)
    ends = [added for _, added in (*attention.starts, *mlp.starts)]
    loose = [call for call in outer if call not in ends and _sized(call, layer)]
    found = steps(layer, through, [*ends, *loose], tolerance(layer))
    if found is None:
        return refused(normed_stream(layer, calls, tolerance(layer)) or NOT_A_SUM)
    return _read(layer, attention, mlp, mixers, found)


def _gated(layer: Call, outer: Sequence[Call]) -> str:
    """The reason, where one module makes the layer's output of the stream and what is added."""
    gate = next((call for call in outer if same(call.gave, layer.gave)), None)
    return "" if gate is None else (
        f"the stream and what is added to it go through `{short(gate, layer)}` "
        f"({type(gate.module).__name__}) together: what a branch gives is not what the stream "
        f"changes by")


def refused(reason: str) -> Contributions:
    """Nothing is known of what the layer's branches add, for one reason."""
    return Contributions(reason, reason, carried=False)


def _pair(
    layer: Call, attentions: Sequence[tuple[Call, Call]], mlps: Sequence[tuple[Call, Call]]
) -> tuple[Added, Added] | None:
    """One output of each branch whose sum, plain or multiplied, is the layer's change."""
    given, gave = float64(layer.given), float64(layer.gave)
    for scaled in (False, True):
        fitting = []
        for (attention, attn), (mlp, feed) in itertools.product(attentions, mlps):
            values = [float64(each.gave).reshape(gave.shape) for each in (attn, feed)]
            solved = least_squares(values, gave - given) if scaled else (1.0, 1.0)
            if solved is None or min(map(abs, solved)) < 1e-6:
                continue
            worst, mean = relative_error(
                gave, [given, *(scale * each for scale, each in zip(solved, values, strict=True))])
            if worst <= tolerance(layer):
                fitting.append((mean, (attention, attn), (mlp, feed), solved))
        if fitting:
            _, *ends, solved = min(fitting, key=lambda each: each[0])
            if scaled:
                terms = [end[1] for end in ends]
                solved = snapped(layer, solved, lambda scales, terms=terms: _summed(
                    layer.given, terms, scales), layer.gave)
            return Added(*ends[0], solved[0]), Added(*ends[1], solved[1])
    return None


def _single(layer: Call, attention: Branch, mlp: Branch) -> Contributions | None:
    """Layers to which one branch alone adds."""
    given, gave = float64(layer.given), float64(layer.gave)
    for branch, other in ((attention, mlp), (mlp, attention)):
        for scaled in (False, True):
            for start, added in branch.starts:
                value = float64(added.gave).reshape(gave.shape)
                solved = least_squares([value], gave - given) if scaled else (1.0,)
                if solved is None or abs(solved[0]) < 1e-6 or relative_error(
                        gave, [given, solved[0] * value])[0] > tolerance(layer):
                    continue
                if scaled:
                    solved = snapped(layer, solved, lambda scales, added=added: _summed(
                        layer.given, [added], scales), layer.gave)
                mine = Added(start, added, solved[0])
                here, missing = ("attention", "MLP") if branch is attention else (
                    "MLP", "attention")
                reason = f"this layer has no {missing}" if other.call is None else (
                    f"what `{short(other.call, layer)}` gives is not added to the stream, whose "
                    f"change is what `{short(added, layer)}` gives")
                alone = f"this layer has one branch, {here}: there is no stream between two"
                if branch is attention:
                    return Contributions(mine, reason, alone=alone)
                return Contributions(reason, mine, alone=alone)
    return None


def _read(
    layer: Call, attention: Branch, mlp: Branch, mixers: Sequence[Call], found: list[Step]
) -> Contributions:
    """The contributions in a layer whose steps are known."""
    mine, theirs = ({added.name: start for start, added in branch.starts}
                    for branch in (attention, mlp))
    others = {term.name: term for step in found for term in step.terms
              if term.name not in mine and term.name not in theirs}
    again = [term for term in others.values() if attention.call is not None
             and type(term.module) is type(attention.call.module)]
    if again:
        return replace(refused(told := f"this layer has {1 + len(again)} attention modules, each "
                               f"of which adds to the stream by itself"), several=told)
    if any(is_norm(term) and same(term.given, step.before.value)
           for step in found for term in step.terms):
        return refused(NORMED_STREAM)
    attn = _only(layer, found, mine, "attention")
    feed = _together(found, mlp, theirs, mixers) or _only(layer, found, theirs, "MLP")
    if isinstance(feed, str):
        feed = _rest(layer, found, mine, theirs, mixers, feed)
    scaled = any(step.carry != 1.0 for step in found)
    used = {each.added.name for each in (attn, feed) if isinstance(each, Added)}
    extra = [] if isinstance(feed, Remainder) else [
        short(term, layer) for name, term in others.items() if name not in used]
    first = found[0]
    alone = "" if first.plain and all(
        term.name in mine for term in first.terms) else (
        "the stream behind attention is not the layer's input and what attention adds alone")
    notes = [f"they also add what {' and '.join(f'`{each}`' for each in extra)} gives, which is "
             f"part of neither attn_out nor mlp_out"] if extra else []
    if any(step.carry == 0.0 for step in found):
        notes.append("they do not hand on the stream that they are given")
    elif scaled:
        notes.append("they multiply the stream, beside adding to it, so that it does not change "
                     "by attn_out and mlp_out alone")
    carried = not extra and all(step.plain for step in found)
    return Contributions(attn, feed, carried, alone, "; ".join(notes), extra=bool(extra))


def _only(
    layer: Call, found: list[Step], starts: dict[str, Call], what: str
) -> Added | str:
    """The one term that follows from a branch."""
    here = [(step, term, scale) for step in found
            for term, scale in zip(step.terms, step.scales, strict=True) if term.name in starts]
    if not here:
        return f"what {what} gives is not added to the stream as it is"
    if len(here) > 1:
        return f"{what} adds to the stream {len(here)} times"
    step, term, scale = here[0]
    if step.biased:
        return f"beside what `{short(term, layer)}` gives, the layer adds a bias of its own"
    if step.channels:
        return ("the layer multiplies what a branch gives, and the stream, by a number of its own "
                "for each channel")
    if scale != 1.0:
        scale, = snapped(layer, (scale,), lambda scales: _summed(
            step.before.value, [term], scales, step.carry), step.after.value)
    return Added(starts[term.name], term, scale)


def _together(
    found: list[Step], mlp: Branch, starts: dict[str, Call], mixers: Sequence[Call]
) -> Remainder | None:
    """A last step in which the MLP's output is one of several that read the same (experts and
    a dense MLP beside them)."""
    step = found[-1]
    others = [term for term in step.terms if term.name not in starts]
    if (len(others) in (0, len(step.terms)) or step.before.reader is None or not step.plain
            or mlp.call is None
            or any(term in mixers or not same(term.given, mlp.call.given) for term in others)):
        return None
    return Remainder(step.before.reader)


def _rest(
    layer: Call, found: list[Step], attention: dict[str, Call], mlp: dict[str, Call],
    mixers: Sequence[Call], reason: str,
) -> Added | str:
    """A step after attention's with one term: the norm of a sum in which the MLP is one part."""
    place = next((place for place, step in enumerate(found)
                  if any(term.name in attention for term in step.terms)), None)
    after = found[place + 1:] if place is not None else []
    if not after or len(after[0].terms) != 1 or not after[0].plain or not mlp:
        return reason
    term = after[0].terms[0]
    start = next(iter(mlp.values()))
    if term in mixers or term.order < start.order:
        return reason
    return Added(start, term, after[0].scales[0])


def short(call: Call, layer: Call) -> str:
    """A module's name within its layer."""
    return call.name.removeprefix(f"{layer.name}.")


def _sized(call: Call, layer: Call) -> bool:
    return call.gave.shape in (layer.gave.shape, layer.gave.flatten(0, -2).shape)


def tolerance(layer: Call) -> float:
    """A few roundings of the model's dtype, or of a scale that was solved for."""
    return max(4 * torch.finfo(layer.gave.dtype).eps, 1e-5)


def _summed(
    start: Tensor, terms: Sequence[Call], scales: Sequence[float], carry: float | str = 1.0
) -> Tensor:
    """The sum in the model's own dtype, from left to right."""
    total = start if not isinstance(carry, float) or carry == 1.0 else start * carry
    for term, scale in zip(terms, scales, strict=True):
        total = total + term.gave.reshape(start.shape) * scale
    return total
