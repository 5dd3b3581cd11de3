"""Runs beside a sweep: what nothing, everything, and a random direction would do."""

from __future__ import annotations

import statistics
from dataclasses import replace

import torch

from neuronscope.engine.compile import Compiled
from neuronscope.engine.fast import Numbered
from neuronscope.engine.metrics import Readings, key_of, read
from neuronscope.engine.prepare import Prepared, whole_patch
from neuronscope.engine.replay import largest_deviation, tolerance
from neuronscope.models.exhausted import attempt
from neuronscope.spec.controls import Control, ControlValue
from neuronscope.spec.ops import Add, Patch
from neuronscope.spec.results import Cell

NULL_DRAWS = 8
"""Random directions at the cell of greatest effect."""


def controls_of(
    prepared: Prepared, plan: list[Numbered], cells: dict[int, Cell], full: Readings | None
) -> tuple[Control, ...]:
    """The controls that fit the sweep's operation.

    full: readings of the full patch, where it has run already.
    """
    op = prepared.resolved.spec.op
    controls = [_self_patch(prepared)]
    if isinstance(op, Patch):
        controls.append(attempt(lambda: _full_patch(prepared, op, full))
                        or Control(kind="full_patch", reason="out of memory"))
    if isinstance(op, Add):
        controls.append(attempt(lambda: _random_direction(prepared, plan, cells))
                        or Control(kind="random_direction", reason="out of memory"))
    return tuple(controls)


def _self_patch(prepared: Prepared) -> Control:
    scale = prepared.scale
    floors = {key_of(metric): scale.unmoved(metric) for metric in scale.metrics}
    worst = max(largest_deviation(scale.unchanged[read].logits, scale.clean[read].logits)
                for read in prepared.reads)
    return Control(
        kind="self_patch", passed=worst <= tolerance(prepared.host),
        metrics={key: ControlValue(found=floor, expected=0.0,
                                   status="non_finite" if floor is None else "ok")
                 for key, floor in floors.items()})


def _full_patch(prepared: Prepared, op: Patch, full: Readings | None) -> Control:
    if op.positions is not None:
        return Control(kind="full_patch", reason="the position map pairs some positions only")
    edit = whole_patch(prepared)
    if edit is None:
        return Control(kind="full_patch", reason="held edits do not apply to the source prompt")
    if full is None:
        full = prepared.edited((edit,))
    source = read(prepared.sources.logits[op.source_prompt], prepared.reads)
    worst = max(largest_deviation(full[at].logits, source[at].logits) for at in prepared.reads)
    scale = prepared.scale
    metrics = {}
    for metric in scale.metrics:
        (found, status), = scale.measured(metric, full)
        (expected, _), = scale.measured(metric, source)
        metrics[key_of(metric)] = ControlValue(found=found, expected=expected, status=status)
    return Control(kind="full_patch", metrics=metrics, passed=worst <= tolerance(prepared.host))


def _random_direction(
    prepared: Prepared, plan: list[Numbered], cells: dict[int, Cell]
) -> Control:
    """Random directions of the same norm at the cell of greatest effect of the first metric."""
    scale = prepared.scale
    key = key_of(scale.metrics[0])
    start = scale.clean_value(scale.metrics[0])
    effects = {index: abs(value - start) for index, cell in cells.items()
               if (value := cell.values[key]) is not None and start is not None}
    if not effects:
        return Control(kind="random_direction", reason="no cell has an effect to compare with")
    peak = max(effects, key=lambda index: (effects[index], -index))
    functions = prepared.compiled([dict(plan)[peak]])
    drawn: dict[str, list[float | None]] = {}
    for seed in range(NULL_DRAWS):
        nulls = [_random(each, seed) for each in functions]
        found = read(prepared.logits_with([*prepared.held, *nulls]), prepared.reads)
        for metric in scale.metrics:
            (value, _), = scale.measured(metric, found)
            drawn.setdefault(key_of(metric), []).append(value)
    return Control(kind="random_direction", cells=(peak,), draws=NULL_DRAWS, metrics={
        key: _summary(values) for key, values in drawn.items()})


def _random(function: Compiled, seed: int) -> Compiled:
    """The same edit with a random direction of the same norm in the same columns."""
    vector = function.operand
    noise = torch.randn(vector.shape, dtype=torch.float64,
                        generator=torch.Generator().manual_seed(seed)).to(vector.device)
    noise = torch.where(function.mask.any(dim=0).to(vector.device), noise.to(vector.dtype), 0.0)
    return replace(function, operand=noise * (vector.norm() / noise.norm()))


def _summary(values: list[float | None]) -> ControlValue:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return ControlValue(found=None, status="non_finite")
    return ControlValue(found=statistics.fmean(known), spread=statistics.stdev(known))
