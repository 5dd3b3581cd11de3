"""Captures: a row for what they are, and a file for their tensors.

A file is complete and on disk before the row says that it is there. While a row comes or
goes its file has a name of passage, so that whatever is killed in between leaves what the next
start can decide by the row alone. Files lie in the folder `captures`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select

from neuronscope.errors import DamagedFile, Gone, NotFound, StorageError
from neuronscope.spec.captures import CapturePage, CaptureSummary
from neuronscope.store.database import Database
from neuronscope.store.experiments import HASH_LENGTH, now, plain
from neuronscope.store.history import has_word, position_of
from neuronscope.store.tables import captures, deleted
from neuronscope.wholefile import Checked, digest_of, make_folder, synchronise

FOLDER = "captures"
SUFFIX = ".safetensors"
UNFINISHED = "*.unfinished"
PASSAGE = ".passage"
SUMMARY_COLUMNS = [captures.c[name] for name in CaptureSummary.model_fields]


@dataclass(frozen=True)
class CaptureDraft:
    """What is stored of a capture beside its id and time.

    environment: hash of what it ran on. n_bytes: of its tensors, 0 where it has no file.
    body: the `CaptureData` as JSON.
    """

    capture_hash: str
    environment: str
    model_id: str
    model_digest: str
    prompt: str
    title: str
    n_entries: int
    n_bytes: int
    body: str


@dataclass(frozen=True)
class StoredCapture:
    """A stored capture."""

    summary: CaptureSummary
    body: str


@dataclass(frozen=True)
class CaptureFilter:
    """Which captures: the words of `q` are looked for in prompt and title, in any case.

    since, until: ISO 8601 in UTC, of the time of storing; from the one on, before the other.
    """

    q: str = ""
    model: str | None = None
    since: str | None = None
    until: str | None = None


class Captures:
    """The captures of one database, with their files below `folder`."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder / FOLDER
        self._checked = Checked()

    def unfinished(self) -> Path:
        """A new name for a file that is being written; `add` gives it its final one.

        Raises: StorageError when the folder cannot be made.
        """
        try:
            make_folder(self._folder)
        except OSError as error:
            raise StorageError("The folder for captures cannot be made.",
                               hint="Check the permissions of the data folder.") from error
        return self._folder / f"{secrets.token_hex(8)}{SUFFIX}.unfinished"

    def drop(self, written: Path | None) -> None:
        """Removes what is left of a file that was not taken over, and of its writing."""
        if written is not None:
            written.unlink(missing_ok=True)
            written.with_name(f"{written.name}.part").unlink(missing_ok=True)

    def recover(self) -> int:
        """Before the first use: ends what a process that was killed has begun.

        Files that were being written are removed. One in passage gets its name where its row is
        there, and is removed where it is not. Returns: how many there were.
        Raises: StorageError.
        """
        left = [*self._folder.glob(UNFINISHED), *self._folder.glob(f"{UNFINISHED}.part")]
        for file in left:
            file.unlink(missing_ok=True)
        passing = list(self._folder.glob(f"*{SUFFIX}{PASSAGE}"))
        for file in passing:
            capture_id = file.name.removesuffix(f"{SUFFIX}{PASSAGE}")
            with self._database.read() as connection:
                query = select(captures.c.id).where(captures.c.id == capture_id)
                there = connection.execute(query).first()
            if there:
                self.settle(capture_id)
            else:
                file.unlink(missing_ok=True)
        return len(left) + len(passing)

    def add(self, draft: CaptureDraft, written: Path | None) -> str:
        """Stores it durably and returns its new id.

        written: the file of its tensors, complete and synchronised, which is taken over.
        Raises: StorageError; then neither row nor file is left.
        """
        new_id = secrets.token_hex(8)
        row = asdict(draft) | {"id": new_id, "created_at": now(), "prompt": plain(draft.prompt),
                               "title": plain(draft.title)}
        try:
            if written is not None:
                row["sha256"] = hashed(written)
                self.take(written, new_id)
            with self._database.write() as connection:
                connection.execute(insert(captures).values(row))
        except StorageError:
            self.give_up(new_id)
            raise
        if written is not None:
            self.settle(new_id)
        return new_id

    def find(self, capture_hash: str, environment: str) -> str | None:
        """Id of the newest capture with this hash in this environment, if it is whole.

        One that was imported is none, as of experiments."""
        query = (select(captures.c.id, captures.c.n_bytes)
                 .where(captures.c.capture_hash == capture_hash,
                        captures.c.environment == environment, captures.c.imported == 0)
                 .order_by(captures.c.seq.desc()).limit(1))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None or (row.n_bytes and not self._path(row.id).is_file()):
            return None
        return row.id

    def get(self, key: str) -> StoredCapture:
        """The capture with this id, or the newest with this hash.

        Raises: NotFound; Gone where it was deleted.
        """
        with self._database.read() as connection:
            row = _row(connection, key)
        return StoredCapture(_summary(row), row.body)

    def file(self, key: str) -> Path | None:
        """The file of a capture's tensors; None where only statistics were kept.

        Raises: NotFound, Gone.
        """
        summary = self.get(key).summary
        return self._path(summary.id) if summary.n_bytes else None

    def sound(self, key: str) -> Path | None:
        """As `file`, of a file that is there and has the content that was stored.

        Raises: NotFound, Gone; DamagedFile.
        """
        with self._database.read() as connection:
            row = _row(connection, key)
        if not row.n_bytes:
            return None
        with suppress(OSError):  # it is missing, or cannot be read
            if self._checked.holds(self._path(row.id), row.sha256):
                return self._path(row.id)
        raise DamagedFile(f"The file of the tensors of capture {row.id} is damaged or missing.",
                          hint="Capture again with rerun, and delete this one.")

    def page(self, chosen: CaptureFilter | None = None, *, cursor: str | None = None,
             limit: int = 50) -> CapturePage:
        """At most `limit` lines, newest first. Raises: InvalidField for an unknown cursor."""
        query = (select(captures.c.seq, *SUMMARY_COLUMNS).where(*_conditions(chosen))
                 .order_by(captures.c.seq.desc()).limit(limit + 1))
        if cursor is not None:
            query = query.where(captures.c.seq < position_of(cursor))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        shown = rows[:limit]
        following = str(shown[-1].seq) if len(rows) > limit else None
        return CapturePage(items=tuple(map(_summary, shown)), next=following)

    def delete(self, key: str) -> None:
        """Removes the capture and its file; its id answers `Gone` from then on.

        Raises: NotFound, Gone, StorageError.
        """
        with self._database.read() as connection:
            capture_id = _row(connection, key).id
        with _renaming(), suppress(FileNotFoundError):
            self._rename(self._path(capture_id), self._passage(capture_id))
        try:
            with self._database.write() as connection:
                row = _row(connection, capture_id)
                connection.execute(delete(captures).where(captures.c.seq == row.seq))
                connection.execute(insert(deleted).values(id=row.id, deleted_at=now()))
        except StorageError:
            self.settle(capture_id)
            raise
        self._passage(capture_id).unlink(missing_ok=True)

    def _path(self, capture_id: str) -> Path:
        return self._folder / f"{capture_id}{SUFFIX}"

    def _passage(self, capture_id: str) -> Path:
        return self._folder / f"{capture_id}{SUFFIX}{PASSAGE}"

    def take(self, written: Path, capture_id: str) -> None:
        """Takes over a finished file, durably; `settle` it once its row is stored.

        Raises: StorageError.
        """
        with _renaming():
            self._rename(written, self._passage(capture_id))

    def give_up(self, capture_id: str) -> None:
        """Removes a file that was taken over, where its row could not be stored."""
        self._passage(capture_id).unlink(missing_ok=True)

    def settle(self, capture_id: str) -> None:
        """Gives the file of a stored row its final name. Raises: StorageError."""
        with _renaming(), suppress(FileNotFoundError):
            self._passage(capture_id).replace(self._path(capture_id))

    def _rename(self, old: Path, new: Path) -> None:
        old.replace(new)
        synchronise(self._folder)


def hashed(written: Path) -> str:
    """The SHA-256 of a finished file. Raises: StorageError."""
    with _renaming():
        return digest_of(written)


@contextmanager
def _renaming() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError("The file of tensors could not be stored.",
                           hint="Check free space and permissions of the data folder."
                           ) from error


def _row(connection: Connection, key: str) -> Row[Any]:
    column = captures.c.capture_hash if len(key) == HASH_LENGTH else captures.c.id
    query = select(captures).where(column == plain(key)).order_by(
        captures.c.imported, captures.c.seq.desc())
    row = connection.execute(query.limit(1)).first()
    if row is not None:
        return row
    if connection.execute(select(deleted.c.id).where(deleted.c.id == plain(key))).first():
        raise Gone("This capture was deleted.")
    raise NotFound("There is no capture with this id.", hint="GET /api/captures lists them.")


def _conditions(chosen: CaptureFilter | None) -> list[ColumnElement]:
    if chosen is None:
        return []
    own = captures.c
    found = [has_word(word, (own.prompt, own.title)) for word in plain(chosen.q).split()]
    if chosen.model is not None:
        found.append(own.model_id == plain(chosen.model))
    if chosen.since is not None:
        found.append(own.created_at >= chosen.since)
    if chosen.until is not None:
        found.append(own.created_at < chosen.until)
    return found


def _summary(row: Row[Any]) -> CaptureSummary:
    return CaptureSummary(**{column.name: row._mapping[column.name]
                             for column in SUMMARY_COLUMNS})
