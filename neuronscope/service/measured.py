"""Metrics and their values as people read them: `KL 0.048 nats`, `Probability of ␣Paris 87.3 %`.

The page writes numbers in the same form (frontend/src/lib/format.ts).
"""

from __future__ import annotations

from neuronscope.spec.results import MetricInfo, MetricValue

NAMES = {"kl": "KL", "js": "JS", "prob": "Probability of", "log_prob": "Log probability of",
         "rank": "Rank of", "logit_diff": "Logit difference", "recovered": "Recovered"}
WITHOUT_UNIT = ("places", "fraction")
"""Units that a name tells already."""


def name_of(metric: MetricInfo | MetricValue) -> str:
    """`Probability of ␣Paris`; of a recovered share, what it is a share of, too."""
    name, rest = NAMES[metric.kind], metric.label.removeprefix(metric.kind.replace("_", " "))
    rest = rest.strip()
    for kind in ("logit_diff", "log_prob", "prob", "rank"):
        said = kind.replace("_", " ")
        if metric.kind == "recovered" and rest.startswith(said):
            rest = NAMES[kind].lower() + rest.removeprefix(said)
            break
    return f"{name} {rest}".strip()


def amount(value: float, unit: str) -> str:
    """A value with its unit; `unit`: one of `UNITS`. Probabilities are told in per cent."""
    return f"{figure(value, unit)} {'' if _is_bare(unit) else unit}".strip()


def figure(value: float, unit: str) -> str:
    """The same without a unit that would stand behind both of two values."""
    return percent(value) if unit == "probability" else f"{value:.3g}"


def percent(share: float) -> str:
    """`2.1 %`; a share that is not 0 or 1 is not told as such."""
    value = share * 100
    if 0 < value < 0.01:
        return "< 0.01 %"
    if 99.95 < value < 100:
        return "> 99.9 %"
    return f"{round(value, 1):g} %" if value >= 10 else f"{value:.3g} %"


def _is_bare(unit: str) -> bool:
    return unit == "probability" or unit in WITHOUT_UNIT
