"""What is told of models: their sizes, and which sites proved themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from neuronscope.spec.base import Items, Spec
from neuronscope.spec.target import KEY_VALUE_SITES


class Refusal(Spec):
    """Why a site cannot be edited at these layers; none for a site without layers."""

    reason: str
    layers: Annotated[tuple[int, ...], Items] = ()


class SiteReport(Spec):
    """Whether a site can be edited on the loaded model; `reason` says why not.

    `refused`: the reasons with their layers. `note`: what to know about a site that can be
    edited.
    """

    site: str
    certified: bool
    layers: Annotated[tuple[int, ...], Items] = ()
    reason: str = ""
    note: str = ""
    refused: Annotated[tuple[Refusal, ...], Items] = ()


class StageReport(Spec):
    """Whether a stage of fast sweeps gives what plain forwards give on the loaded model.

    sites: those whose cells take it. reason: why others, or all, are run one by one.
    deviation: largest difference in a logit of the cells that were compared, null for none.
    """

    stage: str
    what: str
    certified: bool
    sites: Annotated[tuple[str, ...], Items] = ()
    reason: str = ""
    deviation: float | None = None


class ModelInfo(Spec):
    """What was found out about the loaded model. Absent sizes are null, never guessed.

    certification: whether the sites proved themselves on this load, or on an earlier one and
    were verified again. steps_s: what each step of loading took, in seconds. stages: of
    fast sweeps; empty until the model is checked.
    """

    id: str
    name: str
    architecture: str
    n_layers: int
    n_heads: int | None
    n_kv_heads: int | None
    d_head: int | None
    d_model: int
    d_mlp: int | None
    vocab: int
    context: int | None
    dtype: str
    device: str
    attention: str
    n_params: int
    model_digest: str
    config_digest: str
    tokenizer_digest: str
    sites: Annotated[tuple[SiteReport, ...], Items]
    load_s: float
    certification: str = ""
    steps_s: dict[str, float] = Field(default_factory=dict)
    stages: Annotated[tuple[StageReport, ...], Items] = ()

    def heads_of(self, site: str) -> int | None:
        """How many heads a site has: key-value heads for `k` and `v`."""
        return self.n_kv_heads if site in KEY_VALUE_SITES else self.n_heads


class ModelEntry(Spec):
    """A model folder that the registry offers. `problem` says why it cannot be loaded."""

    id: str
    name: str
    architecture: str | None
    n_bytes: int
    loaded: bool = False
    problem: str | None = None
