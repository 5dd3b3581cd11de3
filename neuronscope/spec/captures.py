"""Captures: activations at chosen sites and positions, from one forward."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from neuronscope.spec.base import Items, Spec
from neuronscope.spec.experiments import Edits, ModelName
from neuronscope.spec.ops import Prompt
from neuronscope.spec.results import ModelRef, Note, Token
from neuronscope.spec.target import SITES, Axis, Target

MAX_TARGETS = 1000

Targets = Annotated[tuple[Target, ...], Items, Field(min_length=1, max_length=MAX_TARGETS)]

_DIMS: dict[frozenset[str], tuple[str, ...]] = {
    frozenset({"position"}): ("position", "d_model"),
    frozenset({"position", "head"}): ("position", "head", "d_head"),
    frozenset({"position", "neuron"}): ("position", "neuron"),
    frozenset({"position", "head", "key"}): ("head", "position", "key"),
}


class Capture(Spec):
    """The values of some sites in one forward of a prompt.

    targets: what is taken, one entry of the answer for each site and layer. Targets of one
    site and layer are merged where together they are a block (heads × positions, …), and
    refused otherwise.
    edits: apply in that forward. An entry holds what leaves its site: after the edits of
    that very site, and with the effect of all edits before it.
    ordered: whether two edits may select the same entries; they then apply as listed.
    tensors: whether the values are kept, or their statistics alone.
    """

    model: ModelName | None = None
    prompt: Prompt
    targets: Targets
    edits: Edits = ()
    ordered: bool = False
    tensors: bool = True


class Statistics(Spec):
    """Of all values of an entry, in float64; null where no value or row is left.

    Values that are not finite are counted in `n_non_finite` and left out of the others.
    std: over the values, divided by their number. mean_norm, max_norm: of the Euclidean
    norms over the last dimension, of the rows whose values are all finite.
    """

    n: int
    n_zero: int
    n_non_finite: int
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    mean_norm: float | None
    max_norm: float | None


class CaptureEntry(Spec):
    """One site at one layer.

    coords: the selected indices of each dimension, null for all of it. dtype: as the
    model computed it and as the file holds it. n_bytes: of the selected values.
    """

    name: str
    site: str
    layer: int | None
    dims: Annotated[tuple[str, ...], Items]
    coords: dict[str, Annotated[tuple[int, ...], Items] | None]
    shape: Annotated[tuple[int, ...], Items]
    dtype: str
    n_bytes: int
    statistics: Statistics
    note: str = ""

    def indices(self, dim: str) -> tuple[int, ...]:
        """The index in the model or the prompt of each place along a dimension.

        Raises: KeyError for a dimension that the entry does not have.
        """
        chosen = self.coords[dim]
        return tuple(range(self.shape[self.dims.index(dim)])) if chosen is None else chosen


class CaptureData(Spec):
    """A finished capture without its tensors.

    `spec` is what was asked, `resolved` what that meant on this model (the hashed form);
    `n_bytes` is what the kept tensors take: 0 where only statistics were asked for.
    """

    kind: Literal["capture"] = "capture"
    capture_hash: str
    spec: Capture
    resolved: dict[str, Any]
    model: ModelRef
    tokens: Annotated[tuple[Token, ...], Items]
    entries: Annotated[tuple[CaptureEntry, ...], Items]
    n_bytes: int
    warnings: Annotated[tuple[Note, ...], Items] = ()
    environment: dict[str, Any]
    started_at: str
    duration_s: float


class CaptureRecord(Spec):
    """A stored capture. Its tensors are a safetensors file of their own."""

    id: str
    created_at: str
    data: CaptureData


class CaptureSummary(Spec):
    """A line of the list of captures. `n_bytes`: of the tensors that are kept."""

    id: str
    capture_hash: str
    created_at: str
    model_id: str
    model_digest: str
    prompt: str
    title: str
    n_entries: int
    n_bytes: int


class CapturePage(Spec):
    """Newest first. `next` is the cursor of the following page, null on the last one."""

    items: Annotated[tuple[CaptureSummary, ...], Items]
    next: str | None = None


def dims_of(site: str) -> tuple[str, ...]:
    """The dimensions of a site's entry, in order."""
    return _DIMS[frozenset(SITES[site].axes) - {"layer"}]


def axes_of(site: str) -> tuple[Axis, ...]:
    """The axes of a site along which entries are selected within a layer."""
    return tuple(axis for axis in SITES[site].axes if axis != "layer")
