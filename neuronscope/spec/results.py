"""What comes back: plain frozen data, the same in Python, over REST and in the store."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from neuronscope.spec.base import Items, Spec
from neuronscope.spec.controls import Control
from neuronscope.spec.experiments import Run, Sweep
from neuronscope.spec.status import Status
from neuronscope.spec.verification import Verification


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

    `position` is where it was read. `floor` is the metric's change under an edit that
    changes nothing, run in the same shape: an effect not larger than it cannot be told from
    noise. With several draws the values are means over them, and `spread` is the edited
    value's standard deviation between draws (n − 1).
    """

    kind: str
    label: str
    unit: str
    tokens: Annotated[tuple[int, ...], Items] = ()
    position: int | None = None
    clean: float | None
    edited: float | None
    change: float | None
    floor: float | None = None
    spread: float | None = None
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
    fits = [key for key in keys if re.split("[:@]", key)[0] == kind]
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
    draws: int = 1
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

    `values` and `status` are keyed by metric; `top` is the edited run's best token. With
    several draws the values are means, `spread` their standard deviations between draws,
    and `top` is null.
    """

    index: int
    values: dict[str, float | None]
    status: dict[str, Status]
    spread: dict[str, float | None] = Field(default_factory=dict)
    top: TokenScore | None = None
    error: str | None = None


class MetricInfo(Spec):
    """A metric of a grid: what it is, and its value on the clean run."""

    kind: str
    label: str
    unit: str
    tokens: Annotated[tuple[int, ...], Items] = ()
    position: int | None = None
    clean: float | None
    floor: float | None = None


Coordinate = int | str


class GridData(Spec):
    """A sweep's outcome as plain data; `Grid` wraps it with numpy arrays.

    Cells are in row-major order of `dims`. `values` holds each metric *of the edited
    run*; null where its status is not `ok`. `execution` says how the cells were run;
    `deviation` is the largest difference of a logit from one forward per cell that was
    measured on sampled cells (null where every cell had a forward of its own). `spread` has
    each metric's standard deviation between draws where there are several.
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
    spread: dict[str, list[float | None]] = Field(default_factory=dict)
    draws: int = 1
    clean: Readout
    complete: bool
    reasons: Annotated[tuple[str, ...], Items] = ()
    execution: str
    deviation: float | None = None
    controls: Annotated[tuple[Control, ...], Items] = ()
    warnings: Annotated[tuple[Note, ...], Items] = ()
    environment: dict[str, Any]
    started_at: str
    duration_s: float


class SweepPlan(Spec):
    """What a sweep will do: the head of its grid, before any cell has run.

    n_forwards: what it would take one forward at a time. estimate_s: how long it may take, in
    seconds, from sweeps in its mode that were made on this model before; null until there is
    one.
    """

    spec_hash: str
    resolved: dict[str, Any]
    dims: Annotated[tuple[str, ...], Items]
    coords: dict[str, Annotated[tuple[Coordinate, ...], Items]]
    n_cells: int
    n_forwards: int
    estimate_s: float | None = None


JobState = Literal["queued", "running", "done", "failed", "cancelled", "completed_with_errors"]


class Job(Spec):
    """A unit of work on the model.

    kind: `load`, `check`, `unload`, `run`, `sweep`, `capture` or `verify`. elapsed_s, eta_s: in
    seconds; eta_s is null until what is left can be estimated.
    verification: what came of a `verify` that has ended.
    """

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
    eta_s: float | None = None
    verification: Verification | None = None


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
