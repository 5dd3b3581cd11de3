"""What an edit does to the entries it selects."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from neuronscope.spec.base import MAX_SAFE_INT, Items, SafeInt, Spec
from neuronscope.spec.target import Target

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


class Embed(Spec):
    """The row of a token in the input embedding."""

    positional: ClassVar = ("token",)

    kind: Literal["embed"] = "embed"
    token: TokenName


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Stored(Spec):
    """A vector kept under the SHA-256 of its content; of a matrix, one row.

    A sparse autoencoder's feature is a row of its decoder matrix.
    """

    positional: ClassVar = ("sha256", "row")

    kind: Literal["stored"] = "stored"
    sha256: Sha256
    row: Annotated[int, Field(ge=0, le=MAX_SAFE_INT)] | None = None


Direction = Annotated[
    Values | PromptDifference | Unembed | Embed | Stored | Random, Field(discriminator="kind")
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


Draws = Annotated[int, Field(ge=1, le=1000)]
Seed = Annotated[int, Field(ge=0, le=MAX_SAFE_INT)]


class Scale(Spec):
    """The selected entries are multiplied by `factor`; 1 changes nothing."""

    positional: ClassVar = ("factor",)

    kind: Literal["scale"] = "scale"
    factor: float


class Set(Spec):
    """The selected entries become `value`."""

    positional: ClassVar = ("value",)

    kind: Literal["set"] = "set"
    value: float


class Noise(Spec):
    """Gaussian noise is added: `sigma` × the standard deviation of the input embedding.

    draws: how many times it is drawn; metrics are averaged over the draws, with their
    spread.
    Source: causal tracing, Meng et al. 2022 (arXiv 2202.05262), section 2.1; their ν is
    σ × the deviation there, over all entries of the embedding matrix here.
    """

    positional: ClassVar = ("sigma",)

    kind: Literal["noise"] = "noise"
    sigma: Annotated[float, Field(gt=0)]
    seed: Seed
    draws: Draws = 1


class Resample(Spec):
    """A patch from prompts drawn from the reference set, without putting back.

    All reference prompts must have the base prompt's token count. draws: how many are
    drawn; metrics are averaged over the draws, with their spread.
    Source: resample ablation, Chan et al. 2022 (causal scrubbing).
    """

    positional: ClassVar = ("reference",)

    kind: Literal["resample"] = "resample"
    reference: Reference
    seed: Seed
    draws: Draws = 1


class Path(Spec):
    """The selected entries take effect as in a run on `source_prompt`, along one route only.

    to: the receivers, or null for the logits. What the selected entries add to the residual
    stream reaches the receivers directly: every attention, and every MLP unless `through` is
    `mlps`, answers as on the base prompt. The receivers then take the values that they
    have so, in a run that is otherwise free.
    Source: path patching, Wang et al. 2022 (arXiv 2211.00593), appendix B; Goldowsky-Dill
    et al. 2023 (arXiv 2304.05969).
    """

    positional: ClassVar = ("source_prompt",)

    kind: Literal["path"] = "path"
    source_prompt: Prompt
    to: Annotated[tuple[Target, ...], Items, Field(min_length=1, max_length=1000)] | None = None
    through: Literal["nothing", "mlps"] = "nothing"


Op = Annotated[
    Zero | Mean | Patch | Resample | Add | Noise | Scale | Set | Path,
    Field(discriminator="kind"),
]

OpKind = Literal["zero", "mean", "patch", "resample", "add", "noise", "scale", "set", "path"]

OP_KINDS: dict[OpKind, Any] = {
    "zero": Zero, "mean": Mean, "patch": Patch, "resample": Resample, "add": Add,
    "noise": Noise, "scale": Scale, "set": Set, "path": Path,
}
assert tuple(OP_KINDS) == get_args(OpKind)
