"""What happens to jobs, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from neuronscope.service.jobs import Jobs
from neuronscope.service.views import News
from neuronscope.store.store import Store

CELLS_PER_READ = 512


class Events:
    """Watched from any thread; every call raises NotFound for an unknown job."""

    def __init__(self, store: Store, jobs: Jobs) -> None:
        self._store, self._jobs = store, jobs

    def watching(self, job_id: str, watcher: Callable[[], None]) -> AbstractContextManager[None]:
        """While entered, `watcher` is called, from any thread, at each change."""
        return self._jobs.get(job_id).watched(watcher)

    def has_ended(self, job_id: str) -> bool:
        """Whether the job has ended, however it did."""
        return self._jobs.get(job_id).ended.is_set()

    def news(self, job_id: str, after: int) -> News:
        """What a reader has not seen who has seen a job's cells up to number `after`.

        Whether the job has ended is asked before its cells are read: none can follow then.
        """
        task = self._jobs.get(job_id)
        ended, cells = task.ended.is_set(), []
        if task.kind == "sweep" and task.subject is not None:
            cells, after = self._store.cells.after(task.subject, after, CELLS_PER_READ)
        more = len(cells) == CELLS_PER_READ
        return News(cells=tuple(cells), after=after, more=more, progress=task.progress(),
                    ended=task.view() if ended and not more else None)
