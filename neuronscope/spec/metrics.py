"""What is measured: the clean run against the edited one, at a position of the prompt."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from neuronscope.spec.base import SafeInt, Spec
from neuronscope.spec.ops import TokenName


class ReadAt(Spec):
    """position: where the metric is read; by default the experiment's read position."""

    position: SafeInt | None = None


class KL(ReadAt):
    """KL(clean ‖ edited) of the next-token distribution, in nats."""

    kind: Literal["kl"] = "kl"


class JS(ReadAt):
    """Jensen–Shannon divergence of the two next-token distributions, in nats, ≤ ln 2."""

    kind: Literal["js"] = "js"


class LogitDiff(ReadAt):
    """logit(answer) − logit(foil)."""

    positional: ClassVar = ("answer", "foil")

    kind: Literal["logit_diff"] = "logit_diff"
    answer: TokenName
    foil: TokenName


class Prob(ReadAt):
    """Probability of a token."""

    positional: ClassVar = ("token",)

    kind: Literal["prob"] = "prob"
    token: TokenName


class LogProb(ReadAt):
    """Natural logarithm of a token's probability."""

    positional: ClassVar = ("token",)

    kind: Literal["log_prob"] = "log_prob"
    token: TokenName


class Rank(ReadAt):
    """Rank of a token among all logits; 0 is the top. Ties count as better ranks."""

    positional: ClassVar = ("token",)

    kind: Literal["rank"] = "rank"
    token: TokenName


TokenMetric = Annotated[
    LogitDiff | Prob | LogProb | Rank, Field(discriminator="kind")
]


class Recovered(ReadAt):
    """How far a patch moves `of` from the base prompt's value (0) to the source's (1).

    Not bounded. Undefined, not 0, where the two prompts do not differ by more than the
    noise floor. Needs a patch. Its own `position` counts; `of` has none.
    """

    positional: ClassVar = ("of",)

    kind: Literal["recovered"] = "recovered"
    of: TokenMetric

    @model_validator(mode="after")
    def _one_position(self) -> Recovered:
        if self.of.position is not None:
            raise ValueError("give `position` to `recovered` itself, not to `of`")
        return self


Metric = Annotated[
    KL | JS | LogitDiff | Prob | LogProb | Rank | Recovered, Field(discriminator="kind")
]

UNITS = {
    "kl": "nats", "js": "nats", "logit_diff": "logits", "prob": "probability",
    "log_prob": "nats", "rank": "places", "recovered": "fraction",
}
