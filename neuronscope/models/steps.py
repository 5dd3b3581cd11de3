"""How a layer gets from the stream that it is given to the one that it gives, step by step.

A layer's modules are seen reading the stream on its way (the norm before the MLP, say). Each
step from one such state to the next is solved for: `after = carry × before + Σ scale × term`,
where the terms are outputs of modules.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neuronscope.hooks.precision import float64
from neuronscope.models.trace import Call, same

PER_CHANNEL = "per channel"
Factor = float | str
"""A number, or `PER_CHANNEL`."""


@dataclass(frozen=True)
class State:
    """The stream at one place, and the module that is seen to read it (none at the end)."""

    value: Tensor
    reader: Call | None


@dataclass(frozen=True)
class Step:
    """after = carry × before + Σ scale × term's output.

    channels: carry and scale are numbers of each channel's own, and there may be a bias.
    biased: the layer adds one vector beside the term, the same at every position.
    """

    before: State
    after: State
    terms: tuple[Call, ...]
    scales: tuple[float, ...] = ()
    carry: Factor = 1.0
    channels: bool = False
    biased: bool = False

    @property
    def plain(self) -> bool:
        """Whether the stream is carried on as it is, and the terms' scales are numbers."""
        return self.carry == 1.0 and not self.channels and not self.biased


def states(layer: Call, outer: Sequence[Call], calls: Sequence[Call]) -> list[State]:
    """The stream on its way through the layer: what modules are given that no module gave.

    outer: calls that are no part of a branch. calls: all of the layer.
    """
    found = [State(layer.given, None)]
    for call in sorted(outer, key=lambda each: each.order):
        if (call.given.shape == layer.given.shape
                and not any(same(call.given, state.value) for state in found)
                and not any(same(call.given, other.gave) for other in calls)):
            found.append(State(call.given, call))
    return [*found, State(layer.gave, None)]


def steps(
    layer: Call, through: Sequence[State], addable: Sequence[Call], sure: float
) -> list[Step] | None:
    """The steps between the states, or None where one of them is no sum of module outputs.

    addable: calls whose outputs may be added. sure: the greatest error of an entry, relative
    to the sizes of what it is the sum of.
    """
    shape = layer.gave.shape
    outputs = {call.name: float64(call.gave).reshape(shape) for call in addable}
    found = []
    for before, after in itertools.pairwise(through):
        step = _solved(before, after, addable, outputs, sure)
        if step is None:
            return None
        found.append(step)
    return found


def _solved(
    before: State, after: State, addable: Sequence[Call], outputs: dict[str, Tensor], sure: float
) -> Step | None:
    start, end = float64(before.value), float64(after.value)
    for attempt in (_sum, _scaled, _biased, _scaled_on, _carried_by_channel, _by_channel):
        best: tuple[float, Step] | None = None
        for terms in _choices(addable, attempt in (_sum, _scaled, _scaled_on)):
            values = [outputs[each.name] for each in terms]
            outcome = attempt(start, values, end)
            if outcome is None:
                continue
            carry, scales, parts = outcome
            worst, mean = relative_error(end, parts)
            if worst <= sure and (best is None or mean < best[0]):
                best = mean, Step(before, after, terms, scales, carry,
                                  attempt is _by_channel, attempt is _biased)
        if best is not None:
            return best[1]
    return None


def _choices(addable: Sequence[Call], pairs: bool) -> Iterator[tuple[Call, ...]]:
    yield from ((each,) for each in addable)
    if pairs:
        yield from (pair for pair in itertools.combinations(addable, 2)
                    if not _nested(*pair) and not same(pair[0].gave, pair[1].gave))


def _nested(left: Call, right: Call) -> bool:
    return left.name.startswith(f"{right.name}.") or right.name.startswith(f"{left.name}.")


Outcome = tuple[Factor, tuple[float, ...], list[Tensor]]


def _sum(start: Tensor, values: list[Tensor], end: Tensor) -> Outcome | None:
    return 1.0, (1.0,) * len(values), [start, *values]


def _scaled(start: Tensor, values: list[Tensor], end: Tensor) -> Outcome | None:
    solved = least_squares(values, end - start)
    if solved is None or min(map(abs, solved)) < 1e-6:
        return None
    return 1.0, solved, [start, *_times(solved, values)]


def _biased(start: Tensor, values: list[Tensor], end: Tensor) -> Outcome | None:
    bias = (end - start - values[0]).flatten(0, -2).mean(0)
    return 1.0, (1.0,), [start, values[0], bias.expand_as(start)]


def _scaled_on(start: Tensor, values: list[Tensor], end: Tensor) -> Outcome | None:
    solved = least_squares([start, *values], end)
    if solved is None or min(map(abs, solved[1:])) < 1e-6:
        return None
    carry = solved[0] if abs(solved[0]) > 1e-6 else 0.0
    return carry, solved[1:], _times((carry, *solved[1:]), [start, *values])


def _carried_by_channel(start: Tensor, values: list[Tensor], end: Tensor) -> Outcome | None:
    begin, wanted = (each.flatten(0, -2) for each in (start, end - values[0]))
    carry = (begin * wanted).sum(0) / (begin * begin).sum(0).clamp(min=1e-30)
    return PER_CHANNEL, (1.0,), [carry * start, values[0]]


def _by_channel(start: Tensor, values: list[Tensor], end: Tensor) -> Outcome | None:
    columns = [start, values[0], torch.ones_like(start)]
    matrix = torch.stack([each.flatten(0, -2).T for each in columns], dim=-1).cpu()
    if matrix.shape[1] <= len(columns) + 1:
        return None
    wanted = end.flatten(0, -2).T[..., None].cpu()
    solved = torch.linalg.lstsq(matrix, wanted, driver="gelsd").solution[..., 0].to(start.device)
    return PER_CHANNEL, (1.0,), [each * solved[:, place] for place, each in enumerate(columns)]


def least_squares(values: Sequence[Tensor], wanted: Tensor) -> tuple[float, ...] | None:
    """The factors of the values whose sum is nearest to what is wanted; None for no numbers."""
    matrix = torch.stack([each.flatten() for each in values], dim=1).cpu()
    solved = torch.linalg.lstsq(matrix, wanted.flatten().cpu()[:, None]).solution[:, 0]
    return tuple(solved.tolist()) if bool(solved.isfinite().all()) else None


def _times(factors: Sequence[float], values: Sequence[Tensor]) -> list[Tensor]:
    return [factor * value for factor, value in zip(factors, values, strict=True)]


def relative_error(end: Tensor, parts: Sequence[Tensor]) -> tuple[float, float]:
    """The greatest error of an entry of the sum of the parts, relative to the sizes of what it
    is the sum of; and the mean of the squares of all.

    Entry by entry: beside one massive entry every wrong sum would look small.
    """
    size = end.abs() + torch.stack([part.abs() for part in parts]).sum(0)
    error = (torch.stack(list(parts)).sum(0) - end).abs() / size.clamp(
        min=torch.finfo(end.dtype).tiny)
    return float(error.max()), float(error.square().mean())
