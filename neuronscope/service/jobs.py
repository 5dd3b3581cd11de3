"""The queue: one job at a time runs on the model, a bounded number waits."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from neuronscope.errors import Cancelled, NeuronScopeError, NotFound, QueueFull, RunFailed
from neuronscope.service.explain import UNEXPECTED, as_failure, as_problem
from neuronscope.service.views import Progress
from neuronscope.spec.results import Job, JobState
from neuronscope.spec.verification import Verification
from neuronscope.store.experiments import now

log = logging.getLogger(__name__)

KEPT = 500
"""So many finished jobs are remembered."""

ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled", "completed_with_errors")


class Task:
    """A job while the server lives.

    outcome: what its work returned. success: the state that it then takes.
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
        self.created_at = now()
        self.cancelling = threading.Event()
        self.ended = threading.Event()
        self._clock: tuple[float, float | None] | None = None
        self._watchers: list[Callable[[], None]] = []

    def report(self, done: int, total: int | None, phase: str = "") -> None:
        """Tells how far the work is."""
        self.done, self.total, self.phase = done, total, phase
        self.tell()

    def tell(self) -> None:
        """Wakes everyone who watches this job."""
        for watcher in tuple(self._watchers):
            watcher()

    def result(self) -> Any:
        """What the work of a job that has ended returned. Raises: what ended it."""
        if self.error is not None:
            raise self.error
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
        self.state, self.error = state, error
        self.ended.set()
        self.tell()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the work began; 0 while it waits."""
        if self._clock is None:
            return 0.0
        begun, ended = self._clock
        return (time.monotonic() if ended is None else ended) - begun

    def view(self) -> Job:
        """The job as others see it."""
        return Job(id=self.id, kind=self.kind, state=self.state, done=self.done, total=self.total,
                   phase=self.phase, subject=self.subject, created_at=self.created_at,
                   error=None if self.error is None else as_problem(self.error),
                   elapsed_s=self.elapsed_s,
                   verification=self.outcome if isinstance(self.outcome, Verification) else None)

    def progress(self) -> Progress:
        """How far it is; the estimate assumes that the rest goes at the pace so far."""
        left = None
        if self.state == "running" and self.done and self.total:
            left = self.elapsed_s * (self.total - self.done) / self.done
        return Progress(state=self.state, done=self.done, total=self.total, phase=self.phase,
                        elapsed_s=self.elapsed_s, eta_s=left)

    @contextmanager
    def watched(self, watcher: Callable[[], None]) -> Iterator[None]:
        """Calls `watcher` (from any thread) at every change."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)


class Jobs:
    """A first-in first-out queue with one thread that works on it.

    max_waiting: jobs that may wait beside the running one.
    """

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._tasks: dict[str, Task] = {}
        self._waiting: deque[Task] = deque()
        self._running: Task | None = None
        self._closing = False
        self._change = threading.Condition()
        self._start()

    def submit(self, kind: str, subject: str | None, work: Callable[[Task], Any], *,
               total: int | None = None, dropped: Callable[[], None] = lambda: None) -> Task:
        """Queues `work`, which returns the outcome or raises.

        dropped: called instead of `work` when the job is cancelled while it waits.
        Raises: QueueFull.
        """
        task = Task(kind, subject, work, dropped)
        task.total = total
        with self._change:
            self.require_room()
            self._tasks[task.id] = task
            self._waiting.append(task)
            self._forget_old()
            self._change.notify_all()
        return task

    def require_room(self) -> None:
        """Raises: QueueFull when a new job would be refused now."""
        if self._closing or len(self._waiting) >= self._max_waiting:
            raise QueueFull(f"{len(self._waiting)} jobs are waiting; no more are taken.",
                            hint="Try again when one has finished.")

    def get(self, job_id: str) -> Task:
        """Raises: NotFound."""
        task = self._tasks.get(job_id)
        if task is None:
            raise NotFound("There is no job with this id.",
                           hint="Jobs are remembered while the server runs.")
        return task

    def all(self) -> list[Task]:
        """Newest first."""
        with self._change:
            return list(reversed(self._tasks.values()))

    def load(self) -> tuple[int, str | None]:
        """How many jobs wait, and the id of the running one."""
        running = self._running
        return len(self._waiting), running.id if running else None

    def cancel(self, job_id: str) -> Task:
        """Drops a waiting job; asks a running one to stop; leaves a finished one.

        Raises: NotFound.
        """
        task = self.get(job_id)
        with self._change:
            task.cancelling.set()
            waiting = task in self._waiting
            if waiting:
                self._waiting.remove(task)
        if waiting:
            self._drop(task)
        return task

    def wait(self, job_id: str, progress: Callable[[Job], None] | None = None) -> Task:
        """Waits for a job; an interrupt (Ctrl-C) cancels it. Raises: what ended the job."""
        task = self.get(job_id)
        tell = (lambda: progress(task.view())) if progress is not None else (lambda: None)
        with task.watched(tell):
            try:
                task.ended.wait()
            except KeyboardInterrupt:
                self.cancel(task.id)
                raise
        task.result()
        return task

    def stop(self) -> None:
        """Takes no more jobs, drops those that wait, and asks the running one to stop."""
        with self._change:
            self._closing = True
            dropped = list(self._waiting)
            self._waiting.clear()
            if self._running is not None:
                self._running.cancelling.set()
            self._change.notify_all()
        for task in dropped:
            self._drop(task)

    def join(self, timeout_s: float | None = None) -> None:
        """After `stop`: waits until the running job has ended."""
        self._thread.join(timeout_s)

    def _drop(self, task: Task) -> None:
        task.dropped()
        task.end("cancelled", Cancelled("The job was cancelled before it began."))

    def _forget_old(self) -> None:
        ended = [task.id for task in self._tasks.values() if task.ended.is_set()]
        for job_id in ended[:-KEPT]:
            del self._tasks[job_id]

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._serve, name="neuronscope-jobs", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        """Works on the queue. A job that ends this thread is followed by another thread."""
        try:
            while True:
                with self._change:
                    self._change.wait_for(lambda: self._closing or self._waiting)
                    if self._closing:
                        return
                    self._running = task = self._waiting.popleft()
                _work_on(task)
                self._running = None
        finally:
            self._running = None
            if not self._closing:
                self._start()


def _work_on(task: Task) -> None:
    task.start()
    try:
        task.outcome = task.work(task)
    except Cancelled as error:
        task.end("cancelled", error)
    except NeuronScopeError as error:
        task.end("failed", error)
    except UNEXPECTED as error:
        log.exception("job %s (%s) failed", task.id, task.kind)
        task.end("failed", as_failure(error))
    else:
        task.end(task.success)
    finally:
        if not task.ended.is_set():  # an exception of a kind that nobody foresaw
            task.end("failed", RunFailed("An unforeseen error ended the job.",
                                         hint="The server's log has the details."))
