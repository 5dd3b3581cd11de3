"""What is measured: the clean run against the edited one, at the read position."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from neuronscope.spec.base import Spec
from neuronscope.spec.ops import TokenName


class KL(Spec):
    """KL(clean ‖ edited) of the next-token distribution, in nats."""

    kind: Literal["kl"] = "kl"


class JS(Spec):
    """Jensen–Shannon divergence of the two next-token distributions, in nats, ≤ ln 2."""

    kind: Literal["js"] = "js"


class LogitDiff(Spec):
    """logit(answer) − logit(foil)."""

    positional: ClassVar = ("answer", "foil")

    kind: Literal["logit_diff"] = "logit_diff"
    answer: TokenName
    foil: TokenName


class Prob(Spec):
    """Probability of a token."""

    positional: ClassVar = ("token",)

    kind: Literal["prob"] = "prob"
    token: TokenName


class LogProb(Spec):
    """Natural logarithm of a token's probability."""

    positional: ClassVar = ("token",)

    kind: Literal["log_prob"] = "log_prob"
    token: TokenName


class Rank(Spec):
    """Rank of a token among all logits; 0 is the top. Ties count as better ranks."""

    positional: ClassVar = ("token",)

    kind: Literal["rank"] = "rank"
    token: TokenName


TokenMetric = Annotated[
    LogitDiff | Prob | LogProb | Rank, Field(discriminator="kind")
]


class Recovered(Spec):
    """How far a patch moves `of` from the base prompt's value (0) to the source's (1).

    Not bounded. Undefined, not 0, where the two prompts do not differ by more than the
    noise floor. Needs a patch.
    """

    positional: ClassVar = ("of",)

    kind: Literal["recovered"] = "recovered"
    of: TokenMetric


Metric = Annotated[
    KL | JS | LogitDiff | Prob | LogProb | Rank | Recovered, Field(discriminator="kind")
]

UNITS = {
    "kl": "nats", "js": "nats", "logit_diff": "logits", "prob": "probability",
    "log_prob": "nats", "rank": "places", "recovered": "fraction",
}
