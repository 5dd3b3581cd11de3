"""Jobs: written down when they are accepted and when they have ended, and not in between."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import delete, insert, select, update

from neuronscope.errors import NeuronScopeError, StorageError
from neuronscope.spec.results import Job
from neuronscope.store.database import Database
from neuronscope.store.tables import jobs

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Entry:
    """A job to be added, and what came of that."""

    job: Job
    forgotten: Sequence[str]
    written: bool = False
    error: NeuronScopeError | None = None


class Jobs:
    """The jobs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn, self._entries = threading.Lock(), deque[_Entry]()

    def add(self, job: Job, forgotten: Sequence[str] = ()) -> None:
        """Stores a new job durably, and removes those of these ids.

        Jobs that arrive while others are being written share the next commit.
        Raises: StorageError.
        """
        entry = _Entry(job, forgotten)
        self._entries.append(entry)
        with self._turn:
            if not entry.written:
                self._write()
        if entry.error is not None:
            raise entry.error

    def end(self, *ended: Job) -> None:
        """Stores how jobs have ended, durably and in one commit. Raises: StorageError."""
        with self._database.write() as connection:
            for job in ended:
                connection.execute(update(jobs).where(jobs.c.id == job.id)
                                   .values(ended=1, body=job.model_dump_json()))

    def all(self) -> list[tuple[Job, bool]]:
        """Every job in the order of acceptance, and whether it has ended.

        One that this version cannot read is left out, and logged.
        """
        query = select(jobs.c.id, jobs.c.body, jobs.c.ended).order_by(jobs.c.seq)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = []
        for row in rows:
            try:
                found.append((Job.model_validate_json(row.body), bool(row.ended)))
            except ValidationError:
                log.warning("job %s cannot be read by this version", row.id)
        return found

    def _write(self) -> None:
        entries: list[_Entry] = []
        while self._entries:
            entries.append(self._entries.popleft())
        gone = [job_id for entry in entries for job_id in entry.forgotten]
        error: NeuronScopeError | None = StorageError("The job could not be written down.")
        try:
            with self._database.write() as connection:
                connection.execute(insert(jobs), [
                    {"id": entry.job.id, "ended": 0, "body": entry.job.model_dump_json()}
                    for entry in entries])
                if gone:
                    connection.execute(delete(jobs).where(jobs.c.id.in_(gone)))
            error = None
        except NeuronScopeError as found:
            error = found
        finally:
            for entry in entries:
                entry.written, entry.error = True, error
