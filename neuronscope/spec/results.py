"""What comes back: plain frozen data, the same in Python, over REST and in the store."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from neuronscope.spec.base import Items, Spec
from neuronscope.spec.experiments import Run, Sweep

Status = Literal["ok", "undefined", "non_finite", "pending", "failed"]
"""ok; undefined (no value exists, e.g. recovery over a zero gap); non_finite (the model
gave NaN or infinity; the value is null); pending (not run yet); failed (see the error)."""


class Token(Spec):
    """One token of a prompt."""

    index: int
    id: int
    text: str
    special: bool = False


class TokenScore(Spec):
    """One candidate for the next token. `token` is its text; `id` is what identifies it."""

    id: int
    token: str
    logit: float | None
    prob: float | None


class Readout(Spec):
    """The next-token distribution at one position: the top k, best first."""

    position: int
    top: Annotated[tuple[TokenScore, ...], Items]


class MetricValue(Spec):
    """One metric, clean and edited. Values are null unless `status` is `ok`.

    `floor` is the metric's change under an edit that changes nothing, run in the same
    shape: an effect not larger than it cannot be told from noise.
    """

    kind: str
    label: str
    unit: str
    tokens: Annotated[tuple[int, ...], Items] = ()
    clean: float | None
    edited: float | None
    change: float | None
    floor: float | None = None
    status: Status = "ok"


class Note(Spec):
    """A machine-readable warning about a result, with a sentence."""

    code: str
    text: str


class ModelRef(Spec):
    """Which model produced a result."""

    id: str
    architecture: str
    model_digest: str
    tokenizer_digest: str
    dtype: str
    attention: str


class MetricTable(dict[str, MetricValue]):
    """Metrics by key (`kl`, `prob:311`), or by bare kind where only one has it."""

    def __missing__(self, kind: str) -> MetricValue:
        return self[one_key(kind, list(self))]


def one_key(kind: str, keys: list[str]) -> str:
    """The only key of this kind.

    Raises: KeyError, naming the keys there are, when none or several fit.
    """
    fits = [key for key in keys if key.split(":")[0] == kind]
    if len(fits) != 1:
        raise KeyError(f"{kind!r} names {len(fits)} metrics here; the keys are {', '.join(keys)}")
    return fits[0]


class Result(Spec):
    """A finished run.

    `spec` is what was asked, `resolved` what that meant on this model (the hashed form:
    token ids, normalised indices, digests), `environment` what it ran on.
    """

    kind: Literal["run"] = "run"
    spec_hash: str
    spec: Run
    resolved: dict[str, Any]
    model: ModelRef
    tokens: Annotated[tuple[Token, ...], Items]
    clean: Readout
    edited: Readout
    metrics: Annotated[dict[str, MetricValue], AfterValidator(MetricTable)]
    warnings: Annotated[tuple[Note, ...], Items] = ()
    environment: dict[str, Any]
    started_at: str
    duration_s: float

    @property
    def noise_floor(self) -> dict[str, float | None]:
        """Each metric's floor, by key."""
        return {key: value.floor for key, value in self.metrics.items()}


class Cell(Spec):
    """One finished cell of a sweep.

    `values` and `status` are keyed by metric; `top` is the edited run's best token.
    """

    index: int
    values: dict[str, float | None]
    status: dict[str, Status]
    top: TokenScore | None = None
    error: str | None = None


class MetricInfo(Spec):
    """A metric of a grid: what it is, and its value on the clean run."""

    kind: str
    label: str
    unit: str
    tokens: Annotated[tuple[int, ...], Items] = ()
    clean: float | None
    floor: float | None = None


Coordinate = int | str


class GridData(Spec):
    """A sweep's outcome as plain data; `Grid` wraps it with numpy arrays.

    Cells are in row-major order of `dims`. `values` holds each metric *of the edited
    run*; null where its status is not `ok`. `execution` says how the cells were run;
    `deviation` is the largest difference of a logit from one forward per cell that was
    measured on sampled cells (null where every cell had a forward of its own).
    """

    kind: Literal["sweep"] = "sweep"
    spec_hash: str
    spec: Sweep
    resolved: dict[str, Any]
    model: ModelRef
    tokens: Annotated[tuple[Token, ...], Items]
    dims: Annotated[tuple[str, ...], Items]
    coords: dict[str, Annotated[tuple[Coordinate, ...], Items]]
    metrics: dict[str, MetricInfo]
    values: dict[str, list[float | None]]
    status: dict[str, list[Status]]
    top: list[TokenScore | None]
    errors: dict[str, str]
    clean: Readout
    complete: bool
    reasons: Annotated[tuple[str, ...], Items] = ()
    execution: str
    deviation: float | None = None
    warnings: Annotated[tuple[Note, ...], Items] = ()
    environment: dict[str, Any]
    started_at: str
    duration_s: float


class SweepPlan(Spec):
    """What a sweep will do: the head of its grid, before any cell has run."""

    spec_hash: str
    resolved: dict[str, Any]
    dims: Annotated[tuple[str, ...], Items]
    coords: dict[str, Annotated[tuple[Coordinate, ...], Items]]
    n_cells: int
    n_forwards: int
    estimate_s: float | None = None


class SiteReport(Spec):
    """Whether a site can be edited on the loaded model; `reason` says why not."""

    site: str
    certified: bool
    layers: Annotated[tuple[int, ...], Items] = ()
    reason: str = ""


class ModelInfo(Spec):
    """What was found out about the loaded model. Absent sizes are null, never guessed."""

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


class ModelEntry(Spec):
    """A model folder that the registry offers. `problem` says why it cannot be loaded."""

    id: str
    name: str
    architecture: str | None
    n_bytes: int
    loaded: bool = False
    problem: str | None = None


JobState = Literal["queued", "running", "done", "failed", "cancelled", "completed_with_errors"]


class Job(Spec):
    """A unit of work on the model: `load`, `unload`, `run`, `sweep` or `tokenize`."""

    id: str
    kind: str
    state: JobState
    done: int = 0
    total: int | None = None
    phase: str = ""
    subject: str | None = None
    error: dict[str, Any] | None = None
    created_at: str
    elapsed_s: float = 0.0


class Summary(Spec):
    """A line of the history."""

    id: str
    kind: Literal["run", "sweep"]
    spec_hash: str
    created_at: str
    model_id: str
    model_digest: str
    prompt: str
    title: str
    state: str
    headline: str
    name: str = ""
    notes: str = ""
    tags: Annotated[tuple[str, ...], Items] = ()
    starred: bool = False


class Record(Spec):
    """A stored experiment: the result with its id and what people wrote beside it."""

    id: str
    created_at: str
    state: str
    name: str = ""
    notes: str = ""
    tags: Annotated[tuple[str, ...], Items] = ()
    starred: bool = False
    result: Result | GridData
