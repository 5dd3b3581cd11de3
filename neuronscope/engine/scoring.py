"""From the readings of a run to its metric records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from neuronscope.engine.metrics import (
    Measured,
    Readings,
    best,
    key_of,
    label_of,
    measure,
    of_tokens,
    rounding,
    tokens_of,
    unit_of,
)
from neuronscope.models.tokens import Tokenizer
from neuronscope.spec.metrics import JS, KL, Metric, Recovered
from neuronscope.spec.results import Cell, MetricInfo, MetricValue

HALF = 1e-4
"""Half precisions have steps that are greater than this."""


@dataclass(frozen=True)
class Scale:
    """What edited readings are held against: the clean run, a no-op run, the source.

    position: where a metric without a position of its own is read. source: by the position
    here for which the source's stands. eps: of the model's dtype.
    """

    metrics: tuple[Metric, ...]
    position: int
    clean: Readings
    unchanged: Readings
    source: Readings
    eps: float

    def at(self, metric: Metric) -> int:
        """Where the metric is read."""
        return self.position if metric.position is None else metric.position

    def floor(self, metric: Metric) -> float | None:
        """What cannot be told from noise; None if not finite.

        |change| of the metric under an edit that changes nothing. That is 0 where forwards of
        one shape give the same bits; in half precision an edit as small as it may be still turns
        roundings, so there the floor is at least what one rounding of each logit makes.
        """
        found = self._moved(metric)
        if found is not None and self.eps >= HALF:
            inner = metric.of if isinstance(metric, Recovered) else metric
            found = max(found, rounding(inner, self.clean[self.at(metric)], self.eps))
        return self._in_own_unit(metric, found)

    def unmoved(self, metric: Metric) -> float | None:
        """|change| of the metric under an edit that changes nothing; None if not finite."""
        return self._in_own_unit(metric, self._moved(metric))

    def _moved(self, metric: Metric) -> float | None:
        """The same, of `recovered` in the unit of the metric that is recovered."""
        at = self.at(metric)
        inner = metric.of.model_copy(update={"position": metric.position}) if isinstance(
            metric, Recovered) else metric
        start = self.clean_value(inner)
        found = [value for value, _ in measure(inner, self.clean[at], self.unchanged[at])]
        if start is None or None in found:
            return None
        return max(abs(value - start) for value in found if value is not None)

    def _in_own_unit(self, metric: Metric, change: float | None) -> float | None:
        """Of `recovered`, a change of what is recovered as a fraction of the way to the source.

        None where there is no such way: then nothing is recovered either.
        """
        if change is None or not isinstance(metric, Recovered):
            return change
        at = self.at(metric)
        if at not in self.source:
            return None
        gap = abs(float(of_tokens(metric.of, self.source[at])
                        - of_tokens(metric.of, self.clean[at])))
        return change / gap if gap and math.isfinite(gap) else None

    def clean_value(self, metric: Metric) -> float | None:
        """The metric on the clean run; 0 by definition for divergences and recovery.

        None where it is not finite, as the log-probability of a masked token.
        """
        clean = self.clean[self.at(metric)]
        if not clean.whole:
            return None
        if isinstance(metric, KL | JS | Recovered):
            return 0.0
        value = float(of_tokens(metric, clean))
        return value if math.isfinite(value) else None

    def measured(self, metric: Metric, edited: Readings) -> list[Measured]:
        """The metric of each edited row."""
        at = self.at(metric)
        noise = 0.0
        if isinstance(metric, Recovered):
            noise = max(self._moved(metric) or 0.0, rounding(metric.of, self.clean[at], self.eps))
        return measure(metric, self.clean[at], edited[at], self.source.get(at), noise)

    def infos(self, tokenizer: Tokenizer) -> dict[str, MetricInfo]:
        """What a grid says of its metrics."""
        return {key_of(metric): MetricInfo(
            kind=metric.kind, label=label_of(metric, tokenizer), unit=unit_of(metric),
            tokens=tokens_of(metric), position=self.at(metric),
            clean=self.clean_value(metric), floor=self.floor(metric),
        ) for metric in self.metrics}

    def values(self, edited: Readings, tokenizer: Tokenizer) -> dict[str, MetricValue]:
        """What a run says of its metrics."""
        found = {}
        for metric in self.metrics:
            (value, status), = self.measured(metric, edited)
            start = self.clean_value(metric)
            found[key_of(metric)] = MetricValue(
                kind=metric.kind, label=label_of(metric, tokenizer), unit=unit_of(metric),
                tokens=tokens_of(metric), position=self.at(metric),
                clean=start, edited=value, status=status,
                change=None if value is None or start is None else value - start,
                floor=self.floor(metric))
        return found

    def cells(self, indices: Sequence[int], edited: Readings, tokenizer: Tokenizer) -> list[Cell]:
        """One cell per row of `edited`."""
        found = {key_of(metric): self.measured(metric, edited) for metric in self.metrics}
        return [Cell(index=index, top=top,
                     values={key: rows[row][0] for key, rows in found.items()},
                     status={key: rows[row][1] for key, rows in found.items()})
                for row, (index, top) in enumerate(
                    zip(indices, best(edited[self.position], tokenizer), strict=True))]

    def failed(self, index: int, error: str) -> Cell:
        """The cell of a forward that could not be run."""
        keys = [key_of(metric) for metric in self.metrics]
        return Cell(index=index, values=dict.fromkeys(keys), error=error,
                    status=dict.fromkeys(keys, "failed"))
