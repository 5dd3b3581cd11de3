"""The two things one can ask: a run, and a sweep of one edit over many targets."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from neuronscope.spec.base import Items, SafeInt, Spec
from neuronscope.spec.metrics import KL, Metric
from neuronscope.spec.ops import Op, Prompt
from neuronscope.spec.target import SITES, Axis, Site, Target, axis_refusal, unsupported

SPEC_VERSION = 2

ModelName = Annotated[str, Field(min_length=1, max_length=200)]
"""A registry id, or `sha256:<model digest>` to pin the exact weights."""

Metrics = Annotated[tuple[Metric, ...], Items, Field(min_length=1, max_length=50)]


class Edit(Spec):
    """One operation on one target."""

    positional: ClassVar = ("target", "op")

    target: Target
    op: Op


Edits = Annotated[tuple[Edit, ...], Items, Field(max_length=1000)]


class Run(Spec):
    """One clean forward and one edited forward of a prompt, compared.

    held: edits that apply in both forwards, the clean one included: what is measured is the
    effect of `edits` on a model that is held so.
    ordered: whether two edits may select the same entries; they then apply as listed,
    those of `held` first. Otherwise that is refused.
    read_position: where the next-token distribution is read; −1 is the last token.
    top_k: how many top tokens are recorded on either side.
    """

    model: ModelName | None = None
    prompt: Prompt
    edits: Edits = ()
    held: Edits = ()
    ordered: bool = False
    metrics: Metrics = (KL(),)
    read_position: SafeInt = -1
    top_k: Annotated[int, Field(ge=1, le=1000)] = 10


AxisValues = Literal["all"] | Annotated[tuple[SafeInt, ...], Items, Field(min_length=1)] | None

AXIS_FIELDS: dict[Axis, str] = {
    "layer": "layers", "head": "heads", "position": "positions", "neuron": "neurons",
    "key": "keys",
}
"""Axis of a target → field of `Over`; also the order of a grid's dimensions after `site`."""


class Over(Spec):
    """The axes of a sweep: `"all"`, a list, or null for "not an axis" (all at once)."""

    sites: Annotated[tuple[Site, ...], Items, Field(min_length=1)]
    layers: AxisValues = None
    heads: AxisValues = None
    positions: AxisValues = None
    neurons: AxisValues = None
    keys: AxisValues = None

    @model_validator(mode="after")
    def _axes_exist(self) -> Over:
        if len(set(self.sites)) != len(self.sites):
            raise ValueError("`sites` names a site twice")
        for axis in get_args(Axis):
            values = getattr(self, AXIS_FIELDS[axis])
            if values is None:
                continue
            for site in self.sites:
                if axis not in SITES[site].axes:
                    raise unsupported(axis_refusal(site, axis))
        return self


class Sweep(Spec):
    """The same operation at every combination of `over`: a grid of cells.

    held, ordered: edits that apply in every forward, the clean one included; see Run.
    mode: `fast` computes only what an edit can change and tells how far sampled cells lie
    from a forward of their own; `exact` gives every cell a forward of its own.
    """

    model: ModelName | None = None
    prompt: Prompt
    op: Op
    over: Over
    held: Edits = ()
    ordered: bool = False
    metrics: Metrics = (KL(),)
    read_position: SafeInt = -1
    top_k: Annotated[int, Field(ge=1, le=1000)] = 10
    mode: Literal["fast", "exact"] = "fast"


Experiment = Run | Sweep


def parse_experiment(data: Any) -> Experiment:
    """A `Run` or a `Sweep` from plain data; a sweep is what has `over`.

    Raises: pydantic.ValidationError.
    """
    is_sweep = isinstance(data, dict) and "over" in data
    return (Sweep if is_sweep else Run).model_validate(data)
