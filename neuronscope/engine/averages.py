"""Means over draws, with their spread: of readings, of a run's metrics, of a grid's cells."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import torch

from neuronscope.engine.metrics import Reading
from neuronscope.spec.results import Cell, MetricInfo, MetricValue
from neuronscope.spec.status import Status


def mean_reading(readings: Sequence[Reading]) -> Reading:
    """Mean logits, and the logarithm of mean probabilities; of one reading itself."""
    if len(readings) == 1:
        return readings[0]
    log_probs = torch.stack([each.log_probs for each in readings])
    return Reading(readings[0].position,
                   torch.stack([each.logits for each in readings]).mean(dim=0),
                   torch.logsumexp(log_probs, dim=0) - math.log(len(readings)))


def mean_values(draws: Sequence[dict[str, MetricValue]]) -> dict[str, MetricValue]:
    """A run's metrics: means of clean, edited and change, and the spread of edited."""
    if len(draws) == 1:
        return draws[0]
    found = {}
    for key, first in draws[0].items():
        each = [values[key] for values in draws]
        status = worst([value.status for value in each])
        clean, edited, change = (_mean([getattr(value, name) for value in each])
                                 for name in ("clean", "edited", "change"))
        found[key] = first.model_copy(update={
            "clean": clean, "edited": edited, "change": change, "status": status,
            "floor": _largest([value.floor for value in each]),
            "spread": _spread([value.edited for value in each])})
    return found


def mean_infos(draws: Sequence[dict[str, MetricInfo]]) -> dict[str, MetricInfo]:
    """What a grid says of its metrics: clean means, largest floors."""
    return {key: first.model_copy(update={
        "clean": _mean([infos[key].clean for infos in draws]),
        "floor": _largest([infos[key].floor for infos in draws])})
        for key, first in draws[0].items()}


def mean_cell(draws: Sequence[Cell]) -> Cell:
    """One cell of all its draws; failed where one of them failed."""
    if len(draws) == 1:
        return draws[0]
    keys = draws[0].values
    errors = [cell.error for cell in draws if cell.error is not None]
    return Cell(
        index=draws[0].index, error=errors[0] if errors else None,
        values={key: _mean([cell.values[key] for cell in draws]) for key in keys},
        spread={key: _spread([cell.values[key] for cell in draws]) for key in keys},
        status={key: worst([cell.status[key] for cell in draws]) for key in keys})


def worst(statuses: Sequence[Status]) -> Status:
    """The first that is not ok, or ok."""
    return next((status for status in statuses if status != "ok"), "ok")


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean; None where a value is missing: no draw is left out in silence."""
    return None if None in values else statistics.fmean(values)


def _spread(values: Sequence[float | None]) -> float | None:
    """Standard deviation between draws, n − 1."""
    return None if None in values or len(values) < 2 else statistics.stdev(values)


def _largest(values: Sequence[float | None]) -> float | None:
    return None if None in values else max(values)
