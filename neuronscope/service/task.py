"""A job while the server lives: its state, how far it is, and who watches it."""

from __future__ import annotations

import copy
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from neuronscope.errors import Cancelled, NeuronScopeError
from neuronscope.service.explain import UNEXPECTED, as_problem
from neuronscope.service.views import Progress
from neuronscope.spec.results import Job, JobState
from neuronscope.spec.verification import Verification
from neuronscope.store.experiments import now

log = logging.getLogger(__name__)


class Task:
    """A job while the server lives.

    outcome: what its work returned. success: the state that it then takes.
    noted: its end is on disk already, written with its result.
    """

    def __init__(self, kind: str, subject: str | None, work: Callable[[Task], Any],
                 dropped: Callable[[], None]) -> None:
        self.id = secrets.token_hex(8)
        self.kind, self.subject = kind, subject
        self.work, self.dropped = work, dropped
        self.state: JobState = "queued"
        self.done, self.total, self.phase = 0, None, ""
        self.error: NeuronScopeError | None = None
        self.outcome: Any = None
        self.success: JobState = "done"
        self.noted = False
        self.created_at = now()
        self.cancelling = threading.Event()
        self.ended = threading.Event()
        self._clock: tuple[float, float | None] | None = None
        self._watchers: list[Callable[[], None]] = []

    @classmethod
    def of_the_past(cls, job: Job, error: NeuronScopeError | None) -> Task:
        """A job that ended in a former life of the server."""
        task = cls(job.kind, job.subject, lambda task: None, lambda: None)
        task.id, task.created_at, task.state, task.error = job.id, job.created_at, job.state, error
        task.done, task.total, task.phase = job.done, job.total, job.phase
        task.outcome = job.verification or (job.subject, False)
        task._clock = (0.0, job.elapsed_s)
        task.ended.set()
        return task

    def report(self, done: int, total: int | None, phase: str = "") -> None:
        """Tells how far the work is."""
        self.done, self.total, self.phase = done, total, phase
        self.tell()

    def tell(self) -> None:
        """Wakes everyone who watches this job. A watcher that raises is logged: it is not the
        job's, and others are woken all the same."""
        for watcher in tuple(self._watchers):
            try:
                watcher()
            except UNEXPECTED:
                log.exception("somebody who watches job %s could not be told", self.id)

    def result(self) -> Any:
        """What the work of a job that has ended returned. Raises: what ended it."""
        if self.error is not None:
            raise copy.copy(self.error)
        return self.outcome

    def stop_if_cancelled(self) -> None:
        """Raises: Cancelled when the job was asked to stop."""
        if self.cancelling.is_set():
            raise Cancelled("The job was cancelled.")

    def start(self) -> None:
        self.state, self._clock = "running", (time.monotonic(), None)
        self.tell()

    def end(self, state: JobState, error: NeuronScopeError | None = None) -> None:
        if self._clock is not None:
            self._clock = (self._clock[0], time.monotonic())
        # a copy has no traceback, which would hold every tensor of the frames that it names
        self.state, self.error = state, copy.copy(error)
        self.ended.set()
        self.tell()

    def as_ended(self, state: JobState, error: NeuronScopeError | None = None) -> Job:
        """The job as it will be once it has ended so."""
        told = None if error is None else as_problem(error)
        return self.view().model_copy(update={"state": state, "error": told})

    @property
    def elapsed_s(self) -> float:
        """Seconds since the work began; 0 while it waits."""
        if self._clock is None:
            return 0.0
        begun, ended = self._clock
        return (time.monotonic() if ended is None else ended) - begun

    @property
    def eta_s(self) -> float | None:
        """Seconds until its end, if the rest goes at the pace so far; None before there is one."""
        if self.state != "running" or not self.done or not self.total:
            return None
        return self.elapsed_s * (self.total - self.done) / self.done

    def view(self) -> Job:
        """The job as others see it."""
        return Job(id=self.id, kind=self.kind, state=self.state, done=self.done, total=self.total,
                   phase=self.phase, subject=self.subject, created_at=self.created_at,
                   error=None if self.error is None else as_problem(self.error),
                   elapsed_s=self.elapsed_s, eta_s=self.eta_s,
                   verification=self.outcome if isinstance(self.outcome, Verification) else None)

    def progress(self) -> Progress:
        """How far it is."""
        return Progress(state=self.state, done=self.done, total=self.total, phase=self.phase,
                        elapsed_s=self.elapsed_s, eta_s=self.eta_s)

    @contextmanager
    def watched(self, watcher: Callable[[], None]) -> Iterator[None]:
        """Calls `watcher` at every change, from the thread that makes it: it must not wait."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)
