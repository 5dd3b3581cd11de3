"""From the readings of a run to its metric records."""

from __future__ import annotations

from dataclasses import dataclass

from neuronscope.engine.metrics import (
    Reading,
    key_of,
    label_of,
    measure,
    of_tokens,
    tokens_of,
    unit_of,
)
from neuronscope.models.tokens import Tokenizer
from neuronscope.spec.metrics import JS, KL, Metric, Recovered
from neuronscope.spec.results import MetricInfo, MetricValue, Status


@dataclass(frozen=True)
class Scale:
    """What edited readings are held against: the clean run, a no-op run, the source."""

    metrics: tuple[Metric, ...]
    clean: Reading
    unchanged: Reading
    source: Reading | None

    def floor(self, metric: Metric) -> float | None:
        """|change| of the metric under an edit that changes nothing; None if not finite."""
        if not (self.clean.finite and self.unchanged.finite):
            return None
        inner = metric.of if isinstance(metric, Recovered) else metric
        value, status = measure(inner, self.clean, self.unchanged)
        start = self.clean_value(inner)
        if value is None or start is None or status != "ok":
            return None
        return abs(value - start)

    def clean_value(self, metric: Metric) -> float | None:
        """The metric on the clean run; 0 by definition for divergences and recovery."""
        if not self.clean.finite:
            return None
        if isinstance(metric, KL | JS | Recovered):
            return 0.0
        return of_tokens(metric, self.clean)

    def measured(self, metric: Metric, edited: Reading) -> tuple[float | None, Status]:
        """The metric of an edited reading."""
        floor = self.floor(metric) if isinstance(metric, Recovered) else None
        return measure(metric, self.clean, edited, self.source, floor or 0.0)

    def infos(self, tokenizer: Tokenizer) -> dict[str, MetricInfo]:
        """What a grid says of its metrics."""
        return {key_of(metric): MetricInfo(
            kind=metric.kind, label=label_of(metric, tokenizer), unit=unit_of(metric),
            tokens=tokens_of(metric), clean=self.clean_value(metric), floor=self.floor(metric),
        ) for metric in self.metrics}

    def values(self, edited: Reading, tokenizer: Tokenizer) -> dict[str, MetricValue]:
        """What a run says of its metrics."""
        found = {}
        for metric in self.metrics:
            value, status = self.measured(metric, edited)
            start = self.clean_value(metric)
            found[key_of(metric)] = MetricValue(
                kind=metric.kind, label=label_of(metric, tokenizer), unit=unit_of(metric),
                tokens=tokens_of(metric), clean=start, edited=value, status=status,
                change=None if value is None or start is None else value - start,
                floor=self.floor(metric))
        return found
