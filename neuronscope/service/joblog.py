"""Jobs on disk: what was accepted is known after a restart, and so is how it ended."""

from __future__ import annotations

import logging

from neuronscope.errors import ServerStopped, StorageError, rebuilt
from neuronscope.service.explain import as_problem
from neuronscope.service.task import Task
from neuronscope.spec.results import Job
from neuronscope.store.jobs import Jobs as Rows

log = logging.getLogger(__name__)

STORING = frozenset({"run", "sweep", "capture"})
"""Kinds of jobs that are not accepted unless that can be written down. The others store
nothing, and go on with a full disk."""
RESUME = "Its finished cells are kept: POST /api/sweeps/{id}/resume brings it to its end."
AGAIN = "Send it again; what was stored already is found."


class JobLog:
    """Writes jobs down when they are accepted and when they have ended."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def before(self) -> list[Task]:
        """The jobs of former lives, oldest first; those that had not ended have failed.

        Raises: StorageError.
        """
        found, open_ = [], []
        for job, ended in self._rows.all():
            if not ended:
                open_.append(_stopped(job))
            found.append(job if ended else open_[-1])
        if open_:
            self._rows.end(*open_)
        return [remembered(job) for job in found]

    def accepted(self, job: Job, forgotten: list[str]) -> None:
        """Returns when the job is on disk. Raises: StorageError for one that stores something."""
        try:
            self._rows.add(job, forgotten)
        except StorageError:
            if job.kind in STORING:
                raise
            log.warning("job %s (%s) could not be written down", job.id, job.kind)

    def ended(self, job: Job) -> None:
        """Returns when the end is on disk, if it can be written."""
        try:
            self._rows.end(job)
        except StorageError:
            log.warning("the end of job %s (%s) could not be written down", job.id, job.kind)


def remembered(job: Job) -> Task:
    """A job of a former life as a task that has ended."""
    error = job.error and rebuilt(job.error["code"], job.error["detail"],
                                  hint=job.error.get("hint", ""),
                                  pointer=job.error.get("pointer", ""))
    return Task.of_the_past(job, error or None)


def _stopped(job: Job) -> Job:
    error = ServerStopped("The server stopped before this job had ended.",
                          hint=RESUME if job.kind == "sweep" else AGAIN)
    return job.model_copy(update={"state": "failed", "error": as_problem(error)})
