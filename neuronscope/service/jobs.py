"""The queue: one job at a time runs on the model, a bounded number waits."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from neuronscope.errors import Cancelled, NeuronScopeError, NotFound, QueueFull, RunFailed
from neuronscope.service.explain import UNEXPECTED, as_failure
from neuronscope.service.task import Task
from neuronscope.spec.results import Job, JobState

log = logging.getLogger(__name__)

KEPT = 500
"""So many finished jobs are remembered, also across restarts."""

ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled", "completed_with_errors")


class Log(Protocol):
    """Where jobs are written down. Both calls return when it is durable."""

    def accepted(self, job: Job, forgotten: list[str]) -> None:
        """A new job, and the ids of those that are forgotten. Raises: StorageError."""

    def ended(self, job: Job) -> None:
        """How a job has ended."""


class Jobs:
    """A first-in first-out queue with one thread that works on it.

    max_waiting: jobs that may wait beside the running one. log: where they are written down;
    None: nowhere. before: those of former lives, oldest first.
    """

    def __init__(self, max_waiting: int, log: Log | None = None,
                 before: Iterable[Task] = ()) -> None:
        self._max_waiting, self._log = max_waiting, log
        self._tasks: dict[str, Task] = {task.id: task for task in before}
        self._accepting = 0
        self._waiting: deque[Task] = deque()
        self._running: Task | None = None
        self._closing = False
        self._change = threading.Condition()
        self._start()

    def submit(self, kind: str, subject: str | None, work: Callable[[Task], Any], *,
               total: int | None = None, dropped: Callable[[], None] = lambda: None,
               accepted: Callable[[Task], None] = lambda task: None) -> Task:
        """Queues `work`, which returns the outcome or raises.

        dropped: called instead of `work` when the job is cancelled while it waits.
        accepted: called with the job once it is taken, before it can begin.
        Raises: QueueFull; StorageError where its acceptance cannot be written down.
        """
        task = Task(kind, subject, work, dropped)
        task.total = total
        with self._change:
            self.require_room()
            self._accepting += 1
            forgotten = self._forget_old()
        try:
            if self._log is not None:
                self._log.accepted(task.view(), forgotten)
        finally:
            with self._change:
                self._accepting -= 1
        accepted(task)
        with self._change:
            self._tasks[task.id] = task
            late = self._closing
            if not late:
                self._waiting.append(task)
                self._change.notify_all()
        if late:
            self._drop(task)
        return task

    def require_room(self) -> None:
        """Raises: QueueFull when a new job would be refused now."""
        if self._closing or len(self._waiting) + self._accepting >= self._max_waiting:
            raise QueueFull(f"{len(self._waiting)} jobs are waiting; no more are taken.",
                            hint="Try again when one has finished.")

    def get(self, job_id: str) -> Task:
        """Raises: NotFound."""
        task = self._tasks.get(job_id)
        if task is None:
            raise NotFound("There is no job with this id.",
                           hint=f"The last {KEPT} that ended are remembered.")
        return task

    def all(self, limit: int = KEPT) -> list[Task]:
        """Newest first: those that wait or run, and the last that ended, up to `limit`."""
        with self._change:
            tasks = list(reversed(self._tasks.values()))
        room = limit - sum(not task.ended.is_set() for task in tasks)
        shown = []
        for task in tasks:
            room -= task.ended.is_set()
            if room >= 0 or not task.ended.is_set():
                shown.append(task)
        return shown

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
        """Waits for a job.

        progress: called in this thread whenever there is news, the last time when the job has
        ended. An interrupt (Ctrl-C), or what `progress` raises, cancels the job.
        Raises: what ended the job, and what `progress` raises.
        """
        task, changed = self.get(job_id), threading.Event()
        with task.watched(changed.set):
            try:
                ended = task.ended.is_set()
                while not ended:
                    changed.wait()
                    changed.clear()
                    ended = task.ended.is_set()
                    if progress is not None:
                        progress(task.view())
            finally:
                if not task.ended.is_set():
                    self.cancel(task.id)
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
        """Ends a job that has not begun, whatever becomes of what its kind does about that."""
        try:
            task.dropped()
        finally:
            self._end(task, "cancelled", Cancelled("The job was cancelled before it began."))

    def _end(self, task: Task, state: JobState, error: NeuronScopeError | None = None) -> None:
        """Ends a job; nobody is told before that is on disk."""
        if self._log is not None and not task.noted:
            self._log.ended(task.as_ended(state, error))
        task.end(state, error)

    def _forget_old(self) -> list[str]:
        ended = [task.id for task in self._tasks.values() if task.ended.is_set()]
        forgotten = ended[:-KEPT]
        for job_id in forgotten:
            del self._tasks[job_id]
        return forgotten

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
                self._work_on(task)
                self._running = None
        finally:
            self._running = None
            if not self._closing:
                self._start()

    def _work_on(self, task: Task) -> None:
        try:
            task.start()
            task.outcome = task.work(task)
        except Cancelled as error:
            self._end(task, "cancelled", error)
        except NeuronScopeError as error:
            self._end(task, "failed", error)
        except UNEXPECTED as error:
            log.exception("job %s (%s) failed", task.id, task.kind)
            self._end(task, "failed", as_failure(error))
        else:
            self._end(task, task.success)
        finally:
            if not task.ended.is_set():  # an exception of a kind that nobody foresaw
                self._end(task, "failed", RunFailed(
                    "An unforeseen error ended the job.",
                    hint="The server's log has the details."))
