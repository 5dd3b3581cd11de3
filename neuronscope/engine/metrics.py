"""Metrics in float64 from recorded logits, computed on the device in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from typing_extensions import assert_never

from neuronscope.hooks.precision import float64
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
from neuronscope.spec.results import Readout, TokenScore
from neuronscope.spec.status import Status

Measured = tuple[float | None, Status]


@dataclass(frozen=True)
class Reading:
    """Logits at one position of one or more runs, and their log-probabilities.

    Both float64 [rows, vocab], whatever the model's dtype.
    """

    position: int
    logits: Float[Tensor, "rows vocab"]
    log_probs: Float[Tensor, "rows vocab"]

    @property
    def finite(self) -> Bool[Tensor, " rows"]:
        """False where any logit is NaN or +infinity (−infinity masks a token)."""
        highest = self.logits.amax(dim=-1)  # NaN wins over every number
        return ~(highest.isnan() | (highest == math.inf))

    @property
    def whole(self) -> bool:
        """Whether every row is finite."""
        return bool(self.finite.all())


Readings = dict[int, Reading]
"""The readings of one or more runs, by position."""


def read(logits: Float[Tensor, "pos vocab"], positions: Sequence[int]) -> Readings:
    """The readings of one run at some positions."""
    return {position: read_rows(logits[position][None], position) for position in positions}


def read_rows(logits: Float[Tensor, "rows vocab"], position: int) -> Reading:
    """The reading of several runs, each row the logits at the same position."""
    rows = float64(logits)
    return Reading(position, rows, torch.log_softmax(rows, dim=-1))


def kl_nats(
    clean: Float[Tensor, "rows vocab"], edited: Float[Tensor, "rows vocab"]
) -> Float[Tensor, " rows"]:
    """KL(clean ‖ edited) = Σ p log(p/q) of log-probabilities, row by row.

    Returns: nats; exactly 0 for equal rows. Rounding can leave a tiny negative value,
    which is reported as it is.
    """
    p = clean.exp()
    if p.shape[0] == 1 < edited.shape[0]:
        found = (clean - edited) @ p[0]
        if not bool(found.isnan().any()):
            return found
    # a masked token has p = 0 and a logarithm without end: it counts nothing
    return torch.where(p > 0, p * (clean - edited), 0.0).sum(dim=-1)


def js_nats(
    clean: Float[Tensor, "rows vocab"], edited: Float[Tensor, "rows vocab"]
) -> Float[Tensor, " rows"]:
    """Jensen–Shannon divergence, nats, between 0 and ln 2; exactly 0 for equal rows."""
    mixed = torch.logaddexp(clean, edited) - math.log(2)
    middle = torch.where(clean == edited, clean, mixed)
    return 0.5 * (kl_nats(clean.expand_as(middle), middle) + kl_nats(edited, middle))


def of_tokens(metric: TokenMetric, reading: Reading) -> Float[Tensor, " rows"]:
    """A metric that one reading alone determines."""
    match metric:
        case LogitDiff():
            return reading.logits[:, metric.answer] - reading.logits[:, metric.foil]
        case Prob():
            return reading.log_probs[:, metric.token].exp()
        case LogProb():
            return reading.log_probs[:, metric.token]
        case Rank():
            own = reading.logits[:, metric.token, None]
            return (reading.logits > own).sum(dim=-1).double()
        case _:
            assert_never(metric)


def measure(
    metric: Metric, clean: Reading, edited: Reading, source: Reading | None = None,
    floor: float = 0.0,
) -> list[Measured]:
    """The metric of each edited row against the clean one, with its status.

    source: the source prompt's reading, for `recovered`. floor: what cannot be told from
    noise: a gap between base and source that is not larger leaves `recovered` undefined.
    """
    rows = edited.logits.shape[0]
    if not clean.whole:
        return [(None, "non_finite")] * rows
    match metric:
        case KL():
            values = kl_nats(clean.log_probs, edited.log_probs)
        case JS():
            values = js_nats(clean.log_probs, edited.log_probs)
        case Recovered():
            if source is None or not source.whole:
                return [(None, "non_finite")] * rows
            start = of_tokens(metric.of, clean)
            gap = of_tokens(metric.of, source) - start
            if not bool(gap.abs() > floor):
                return [(None, "undefined")] * rows
            values = recovered(of_tokens(metric.of, edited), start, gap)
        case _:
            values = of_tokens(metric, edited)
    good = (edited.finite & values.isfinite()).tolist()
    return [(value, "ok") if fine else (None, "non_finite")
            for value, fine in zip(values.tolist(), good, strict=True)]


def rounding(metric: TokenMetric | KL | JS, clean: Reading, eps: float) -> float:
    """How far a metric may move when each logit does by one rounding of the largest of them.

    eps: of the dtype that the logits were computed in. Divergences: of two roundings, d, since
    those on the way add up: KL <= d²/2 (Hoeffding's lemma), JS <= (KL + KL back)/4.
    """
    logits = clean.logits[clean.logits.isfinite()]
    step = 2 * eps * float(logits.abs().max()) if logits.numel() else 0.0
    match metric:
        case KL():
            return step ** 2 / 2
        case JS():
            return step ** 2 / 4
        case LogitDiff() | LogProb():
            return step
        case Prob():
            return step * float(of_tokens(metric, clean).max())
        case Rank():
            return 0.0
        case _:
            assert_never(metric)


def recovered(edited: Tensor, base: Tensor, gap: Tensor) -> Tensor:
    """(m_edited − m_base)/(m_source − m_base): 0 at the base prompt, 1 at the source."""
    return (edited - base) / gap + 0.0  # + 0.0: no negative zero


def key_of(metric: Metric) -> str:
    """The metric's key in results: its kind and token ids, `prob:311`."""
    inner = metric.of if isinstance(metric, Recovered) else metric
    ids = tokens_of(inner)
    kind = f"recovered:{inner.kind}" if isinstance(metric, Recovered) else metric.kind
    key = ":".join([kind, *map(str, ids)])
    return key if metric.position is None else f"{key}@{metric.position}"


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
    label = f"{kind.replace('_', ' ')} {texts}".strip()
    return label if metric.position is None else f"{label} @{metric.position}"


def unit_of(metric: Metric) -> str:
    """The metric's unit."""
    return UNITS[metric.kind]


def readout(reading: Reading, tokenizer: Tokenizer, k: int) -> Readout:
    """The k most probable tokens of a single run, best first; ties by logit, then by token id.

    Empty when the logits are not finite.
    """
    if not reading.whole:
        return Readout(position=reading.position, top=())
    by_logit = torch.sort(reading.logits[0], descending=True, stable=True).indices
    places = torch.sort(reading.log_probs[0, by_logit], descending=True, stable=True).indices[:k]
    order = by_logit[places].tolist()
    return Readout(position=reading.position,
                   top=tuple(score(reading, 0, id_, tokenizer) for id_ in order))


def score(reading: Reading, row: int, id_: int, tokenizer: Tokenizer) -> TokenScore:
    """One token's logit and probability in one row."""
    logit = float(reading.logits[row, id_])
    return TokenScore(id=id_, token=tokenizer.text(id_),
                      logit=logit if math.isfinite(logit) else None,
                      prob=float(reading.log_probs[row, id_].exp()))


def best(reading: Reading, tokenizer: Tokenizer) -> list[TokenScore | None]:
    """Each row's top token (of equals the first), None where its logits are not finite."""
    top = reading.logits.argmax(dim=-1).tolist()
    return [score(reading, row, id_, tokenizer) if fine else None
            for row, (id_, fine) in enumerate(zip(top, reading.finite.tolist(), strict=True))]
