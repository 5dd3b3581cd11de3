"""What the lab answers besides results: state of the server, pages, sweeps, tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from neuronscope.spec.base import Items, Spec
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.ops import Prompt
from neuronscope.spec.results import Cell, Job, Summary, SweepPlan, Token

WorkerState = Literal["empty", "ready", "busy", "stopped"]
"""empty: no model; ready; busy: a job runs; stopped: restarted by the next job."""


class Health(Spec):
    """`queued` jobs wait behind `running` (a job id, or null).

    Over REST, who has no token is told the `status` alone.
    """

    status: Literal["ok"] = "ok"
    version: str | None = None
    worker: WorkerState | None = None
    model: str | None = None
    queued: int | None = None
    running: str | None = None


class LoadedModel(Spec):
    """The loaded model, or null with the id of the job that is loading one."""

    info: ModelInfo | None
    loading: str | None = None


class TokenizeRequest(Spec):
    """A prompt to be split by the loaded model's tokenizer."""

    prompt: Prompt


class Tokenized(Spec):
    """`n_tokens` of at most `context` (null: the model declares no limit)."""

    tokens: Annotated[tuple[Token, ...], Items]
    n_tokens: int
    context: int | None


class SweepAccepted(Spec):
    """`id` is the sweep's; `job` is null when the stored sweep already answers."""

    id: str
    job: Job | None


class SweepState(Spec):
    """A sweep: its line of the history, how far it is, and what it covers.

    done, total: finished cells and all cells. reasons: why it is not complete.
    job: the job that is filling it, while there is one.
    """

    summary: Summary
    done: int
    total: int
    reasons: Annotated[tuple[str, ...], Items] = ()
    plan: SweepPlan
    job: str | None = None


class HistoryPage(Spec):
    """Newest first. `next` is the cursor of the following page, null on the last one."""

    items: Annotated[tuple[Summary, ...], Items]
    next: str | None = None


Tag = Annotated[str, Field(min_length=1, max_length=50)]


class Annotation(Spec):
    """What people write beside a result; a field left out stays as it is."""

    name: Annotated[str, Field(max_length=200)] | None = None
    notes: Annotated[str, Field(max_length=20_000)] | None = None
    tags: Annotated[tuple[Tag, ...], Items, Field(max_length=50)] | None = None
    starred: bool | None = None

    @field_validator("name", "notes", "tags")
    @classmethod
    def _no_nul(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if any("\0" in text for text in ([value] if isinstance(value, str) else value or ())):
            raise PydanticCustomError("invalid_text", "The text holds a NUL character")
        return value


class Progress(Spec):
    """How far a job is. `eta_s` is null until it can be estimated; times in seconds."""

    state: str
    done: int
    total: int | None
    phase: str
    elapsed_s: float
    eta_s: float | None



class News(Spec):
    """What a reader of a job's events has not seen yet.

    after: the number of the last cell that was read. more: further cells wait in the store.
    ended: the job, once it has ended and all its cells are read.
    """

    cells: Annotated[tuple[Cell, ...], Items]
    after: int
    more: bool
    progress: Progress
    ended: Job | None
