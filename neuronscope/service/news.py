"""What a reader of a job's events has not seen yet, from the store and the job."""

from __future__ import annotations

from neuronscope.service.jobs import Task
from neuronscope.service.views import News
from neuronscope.store.store import Store

CELLS_PER_READ = 512


def news_of(store: Store, task: Task, after: int) -> News:
    """News of a job for a reader who has seen its first `after` cells.

    Whether the job has ended is asked before its cells are read: none can follow then.
    """
    ended, cells = task.ended.is_set(), []
    if task.kind == "sweep" and task.subject is not None:
        cells, after = store.cells.after(task.subject, after, CELLS_PER_READ)
    more = len(cells) == CELLS_PER_READ
    return News(cells=tuple(cells), after=after, more=more, progress=task.progress(),
                ended=task.view() if ended and not more else None)
