"""What an edit does to the entries it selects."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from neuronscope.spec.base import MAX_SAFE_INT, Items, SafeInt, Spec

Prompt = Annotated[str, Field(max_length=1_000_000)] | Annotated[tuple[SafeInt, ...], Items]
"""A text, or the token ids themselves (used as they are, nothing is added)."""

TokenName = Annotated[str, Field(min_length=1, max_length=200)] | Annotated[int, Field(ge=0)]
"""A text that must be exactly one token, or a token id."""

Prompts = Annotated[tuple[Prompt, ...], Items, Field(min_length=1, max_length=10_000)]


class Zero(Spec):
    """The selected entries become 0."""

    kind: Literal["zero"] = "zero"


class Reference(Spec):
    """A named set of prompts over which a mean is taken."""

    positional: ClassVar = ("prompts",)

    prompts: Prompts


class Mean(Spec):
    """The selected entries become their mean over the reference prompts.

    pool: `all_positions`, the token-weighted mean over all non-special positions;
    `per_position`, one mean for each position (all prompts must have the base
    prompt's token count).
    """

    positional: ClassVar = ("reference",)

    kind: Literal["mean"] = "mean"
    reference: Reference
    pool: Literal["all_positions", "per_position"] = "all_positions"


PositionPair = Annotated[tuple[SafeInt, SafeInt], Items]


class Patch(Spec):
    """The selected entries are taken from a run on `source_prompt` (interchange).

    positions: pairs (position here, position in the source). Needed when the token
    counts differ; without it positions are matched one to one.
    """

    positional: ClassVar = ("source_prompt",)

    kind: Literal["patch"] = "patch"
    source_prompt: Prompt
    positions: Annotated[tuple[PositionPair, ...], Items, Field(min_length=1)] | None = None


class Values(Spec):
    """A direction given as numbers; its width must be the site's."""

    positional: ClassVar = ("values",)

    kind: Literal["values"] = "values"
    values: Annotated[tuple[float, ...], Items, Field(min_length=1, max_length=1_000_000)]


class PromptDifference(Spec):
    """Difference of means at this site: mean(positive) − mean(negative), last positions."""

    kind: Literal["prompts"] = "prompts"
    positive: Prompts
    negative: Prompts


class Unembed(Spec):
    """The unembedding row of a token: what raises that token's logit."""

    positional: ClassVar = ("token",)

    kind: Literal["unembed"] = "unembed"
    token: TokenName


class Random(Spec):
    """A seeded random direction of unit length."""

    positional: ClassVar = ("seed",)

    kind: Literal["random"] = "random"
    seed: Annotated[int, Field(ge=0, le=MAX_SAFE_INT)]


Direction = Annotated[
    Values | PromptDifference | Unembed | Random, Field(discriminator="kind")
]


class Add(Spec):
    """`scale` × direction is added to the selected entries.

    unit: `vector`, scale multiplies the direction as it is; `site_norm`, the direction
    is first given the mean norm that this site has on the clean prompt.
    """

    positional: ClassVar = ("direction",)

    kind: Literal["add"] = "add"
    direction: Direction
    scale: float = 1.0
    unit: Literal["vector", "site_norm"] = "vector"


Op = Annotated[Zero | Mean | Patch | Add, Field(discriminator="kind")]

OP_KINDS: dict[str, Any] = {"zero": Zero, "mean": Mean, "patch": Patch, "add": Add}
