"""Metrics in float64 from recorded logits, computed on the device in one pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import assert_never

import torch
from jaxtyping import Float
from torch import Tensor

from neuronscope.models.tokens import Tokenizer
from neuronscope.spec.metrics import (
    JS,
    KL,
    UNITS,
    LogitDiff,
    LogProb,
    Metric,
    Prob,
    Rank,
    Recovered,
    TokenMetric,
)
from neuronscope.spec.results import Readout, Status, TokenScore

Measured = tuple[float | None, Status]


@dataclass(frozen=True)
class Reading:
    """Logits at one position and their log-probabilities, both float64 [vocab]."""

    position: int
    logits: Float[Tensor, " vocab"]
    log_probs: Float[Tensor, " vocab"]

    @property
    def finite(self) -> bool:
        """False when any logit is NaN or +infinity (−infinity masks a token)."""
        return not bool((self.logits.isnan() | (self.logits == math.inf)).any())


def read(logits: Float[Tensor, "pos vocab"], position: int) -> Reading:
    """The reading at a position, in float64 whatever the model's dtype."""
    row = logits[position].double()
    return Reading(position, row, torch.log_softmax(row, dim=-1))


def kl_nats(clean: Float[Tensor, " vocab"], edited: Float[Tensor, " vocab"]) -> float:
    """KL(clean ‖ edited) = Σ p log(p/q) of two log-probability vectors.

    Returns: nats; 0 for equal distributions. Rounding can leave a tiny negative value,
    which is reported as it is.
    """
    p = clean.exp()
    return float(torch.where(p > 0, p * (clean - edited), 0.0).sum())


def js_nats(clean: Float[Tensor, " vocab"], edited: Float[Tensor, " vocab"]) -> float:
    """Jensen–Shannon divergence, nats, between 0 and ln 2; exactly 0 for equal distributions."""
    mixed = torch.logaddexp(clean, edited) - math.log(2)
    middle = torch.where(clean == edited, clean, mixed)
    return 0.5 * (kl_nats(clean, middle) + kl_nats(edited, middle))


def of_tokens(metric: TokenMetric, reading: Reading) -> float:
    """A metric that one reading alone determines."""
    match metric:
        case LogitDiff():
            return float(reading.logits[metric.answer] - reading.logits[metric.foil])
        case Prob():
            return float(reading.log_probs[metric.token].exp())
        case LogProb():
            return float(reading.log_probs[metric.token])
        case Rank():
            return float((reading.logits > reading.logits[metric.token]).sum())
        case _:
            assert_never(metric)


def measure(
    metric: Metric, clean: Reading, edited: Reading, source: Reading | None = None,
    floor: float = 0.0,
) -> Measured:
    """The metric of `edited` against `clean`, with its status.

    source: the source prompt's reading, for `recovered`. floor: the metric's noise floor;
    a gap between base and source that is not larger leaves `recovered` undefined.
    """
    if not (clean.finite and edited.finite):
        return None, "non_finite"
    match metric:
        case KL():
            value = kl_nats(clean.log_probs, edited.log_probs)
        case JS():
            value = js_nats(clean.log_probs, edited.log_probs)
        case Recovered():
            return _recovered(metric, clean, edited, source, floor)
        case _:
            value = of_tokens(metric, edited)
    return (value, "ok") if math.isfinite(value) else (None, "non_finite")


def _recovered(
    metric: Recovered, base: Reading, edited: Reading, source: Reading | None, floor: float
) -> Measured:
    """(m_edited − m_base)/(m_source − m_base): 0 at the base prompt, 1 at the source."""
    if source is None or not source.finite:
        return None, "non_finite"
    start = of_tokens(metric.of, base)
    gap = of_tokens(metric.of, source) - start
    if not abs(gap) > floor:
        return None, "undefined"
    return (of_tokens(metric.of, edited) - start) / gap + 0.0, "ok"  # + 0.0: no negative zero


def key_of(metric: Metric) -> str:
    """The metric's key in results: its kind and token ids, `prob:311`."""
    inner = metric.of if isinstance(metric, Recovered) else metric
    ids = tokens_of(inner)
    kind = f"recovered:{inner.kind}" if isinstance(metric, Recovered) else metric.kind
    return ":".join([kind, *map(str, ids)])


def tokens_of(metric: Metric) -> tuple[int, ...]:
    """The token ids that a resolved metric names."""
    match metric:
        case KL() | JS():
            return ()
        case Recovered():
            return tokens_of(metric.of)
        case LogitDiff():
            return int(metric.answer), int(metric.foil)
        case _:
            return (int(metric.token),)


def label_of(metric: Metric, tokenizer: Tokenizer) -> str:
    """A short name with token texts: `prob ␣Paris`."""
    texts = " − ".join(tokenizer.text(id_).replace(" ", "␣") for id_ in tokens_of(metric))
    kind = f"recovered {metric.of.kind}" if isinstance(metric, Recovered) else metric.kind
    return f"{kind.replace('_', ' ')} {texts}".strip()


def unit_of(metric: Metric) -> str:
    """The metric's unit."""
    return UNITS[metric.kind]


def readout(reading: Reading, tokenizer: Tokenizer, k: int) -> Readout:
    """The k tokens with the highest logits, best first; ties by token id.

    Empty when the logits are not finite.
    """
    return Readout(position=reading.position, top=tuple(
        score(reading, id_, tokenizer) for id_ in _best(reading, k)))


def score(reading: Reading, id_: int, tokenizer: Tokenizer) -> TokenScore:
    """One token's logit and probability."""
    logit = float(reading.logits[id_])
    return TokenScore(id=id_, token=tokenizer.text(id_),
                      logit=logit if math.isfinite(logit) else None,
                      prob=float(reading.log_probs[id_].exp()))


def best(reading: Reading, tokenizer: Tokenizer) -> TokenScore | None:
    """The top token, or None when the logits are not finite."""
    found = _best(reading, 1)
    return score(reading, found[0], tokenizer) if found else None


def _best(reading: Reading, k: int) -> list[int]:
    if not reading.finite:
        return []
    order = torch.sort(reading.logits, descending=True, stable=True).indices[:k]
    return [int(id_) for id_ in order]
