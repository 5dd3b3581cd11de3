"""Experiments: saved, found by hash, annotated, deleted."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from neuronscope.errors import Gone, NotFound
from neuronscope.spec.results import Summary
from neuronscope.store.database import Database
from neuronscope.store.lookup import facets, spanned
from neuronscope.store.tables import deleted, experiments, tags, uses

HASH_LENGTH = 64
DONE = ("complete",)


@dataclass(frozen=True)
class Draft:
    """What is stored of an experiment beside its id and time.

    environment: hash of what it ran on. body: the result (of a sweep: all but its cells)
    as JSON. n_cells: None for a run. uses: its sites and operations, as ("site" | "op", name).
    """

    kind: str
    spec_hash: str
    environment: str
    model_id: str
    model_digest: str
    prompt: str
    title: str
    headline: str
    state: str
    body: str
    n_cells: int | None = None
    uses: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Stored:
    """A stored experiment. `seq` orders the history."""

    seq: int
    summary: Summary
    environment: str
    body: str
    n_cells: int | None


class Experiments:
    """The experiments of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, draft: Draft) -> str:
        """Stores it durably and returns its new id.

        Raises: StorageError.
        """
        new_id = secrets.token_hex(8)
        row = asdict(draft) | {"id": new_id, "created_at": now(), **{
            column: plain(getattr(draft, column)) for column in ("prompt", "title", "headline")}}
        del row["uses"]
        row["facets"] = facets(kind=draft.kind, model=draft.model_id, starred=False,
                               uses=draft.uses, tags=())
        with self._database.write() as connection:
            seq, = connection.execute(insert(experiments).values(row)).inserted_primary_key
            spanned(connection, seq, row["created_at"])
            if draft.uses:
                connection.execute(insert(uses), [
                    {"kind": kind, "name": name, "experiment": seq} for kind, name in draft.uses])
        return new_id

    def finish(self, key: str, *, state: str, headline: str, body: str) -> None:
        """Sets the outcome of a sweep; one that was deleted meanwhile stays deleted."""
        change = update(experiments).where(experiments.c.id == key)
        with self._database.write() as connection:
            connection.execute(change.values(state=state, headline=plain(headline), body=body))

    def set_state(self, key: str, state: str) -> None:
        with self._database.write() as connection:
            connection.execute(update(experiments).where(experiments.c.id == key)
                               .values(state=state))

    def interrupted(self) -> int:
        """Marks sweeps that a former process left running as failed; returns how many."""
        with self._database.write() as connection:
            change = update(experiments).where(experiments.c.state == "running")
            return connection.execute(change.values(state="failed")).rowcount

    def find(self, spec_hash: str, environment: str) -> str | None:
        """Id of the newest finished experiment with this hash in this environment.

        One that was imported is none: nothing says that its numbers were measured.
        """
        where = (experiments.c.spec_hash == spec_hash, experiments.c.environment == environment,
                 experiments.c.state.in_(DONE), experiments.c.imported == 0)
        query = select(experiments.c.id).where(*where).order_by(experiments.c.seq.desc()).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def get(self, key: str, kind: str | None = None) -> Stored:
        """The experiment with this id, or the newest with this spec hash.

        Raises: NotFound; Gone where it was deleted.
        """
        with self._database.read() as connection:
            row = row_of(connection, key, kind)
            labels = tags_of(connection, [row.seq])
        return Stored(row.seq, summary_of(row, labels.get(row.seq, ())), row.environment, row.body,
                      row.n_cells)

    def annotate(self, key: str, *, name: str | None = None, notes: str | None = None,
                 labels: Sequence[str] | None = None, starred: bool | None = None) -> None:
        """Replaces what is given; None leaves a field as it is.

        Raises: NotFound, Gone, StorageError.
        """
        given = {"name": name, "notes": notes,
                 "starred": None if starred is None else int(starred)}
        changes = {column: value for column, value in given.items() if value is not None}
        with self._database.write() as connection:
            row = row_of(connection, key, None)
            if labels is not None:
                connection.execute(delete(tags).where(tags.c.experiment == row.seq))
                if labels:
                    rows = [{"experiment": row.seq, "tag": tag} for tag in dict.fromkeys(labels)]
                    connection.execute(insert(tags), rows)
            if labels is not None or starred is not None:
                changes["facets"] = _facets(connection, row, starred)
            if changes:
                connection.execute(update(experiments).where(experiments.c.seq == row.seq)
                                   .values(changes))

    def delete(self, key: str) -> None:
        """Removes the experiment with its cells and notes; its id answers `Gone` from then on.

        Raises: NotFound, Gone, StorageError.
        """
        with self._database.write() as connection:
            row = row_of(connection, key, None)
            connection.execute(delete(experiments).where(experiments.c.seq == row.seq))
            connection.execute(insert(deleted).values(id=row.id, deleted_at=now()))


def _facets(connection: Connection, row: Row[Any], starred: bool | None) -> str:
    """The attributes of an experiment as its tags and uses stand now."""
    used = connection.execute(select(uses.c.kind, uses.c.name)
                              .where(uses.c.experiment == row.seq)).all()
    return facets(kind=row.kind, model=row.model_id,
                  starred=bool(row.starred) if starred is None else starred,
                  uses=[(kind, name) for kind, name in used],
                  tags=tags_of(connection, [row.seq]).get(row.seq, ()))


def now() -> str:
    """UTC, ISO 8601 with milliseconds."""
    return stamp(datetime.now(timezone.utc))


def stamp(moment: datetime) -> str:
    """A moment as the store keeps it: UTC (assumed where it has no offset), milliseconds."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    try:
        utc = aware.astimezone(timezone.utc)
    except OverflowError:  # within a day of the first or last that there is
        utc = aware.replace(tzinfo=timezone.utc)
    return utc.isoformat(timespec="milliseconds")


def plain(text: str) -> str:
    """`text` with NUL drawn as ␀: databases end or refuse a text there."""
    return text.replace("\0", "␀")


def row_of(connection: Connection, key: str, kind: str | None) -> Row[Any]:
    """The row with this id, or the newest with this hash, those that were made here first.

    Raises: NotFound, Gone.
    """
    by_hash = len(key) == HASH_LENGTH
    column = experiments.c.spec_hash if by_hash else experiments.c.id
    query = select(experiments).where(column == plain(key)).order_by(
        experiments.c.imported, experiments.c.seq.desc())
    if kind is not None:
        query = query.where(experiments.c.kind == kind)
    row = connection.execute(query.limit(1)).first()
    if row is not None:
        return row
    if connection.execute(select(deleted.c.id).where(deleted.c.id == plain(key))).first():
        raise Gone("This experiment was deleted.")
    raise NotFound(f"There is no {kind or 'experiment'} with this id.",
                   hint="The history lists what is stored.")


def tags_of(connection: Connection, seqs: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Tags of each of these experiments, in alphabetical order."""
    query = select(tags).where(tags.c.experiment.in_(seqs)).order_by(tags.c.tag)
    found: dict[int, tuple[str, ...]] = {}
    for seq, tag in connection.execute(query):
        found[seq] = (*found.get(seq, ()), tag)
    return found


SUMMARY_NAMES = ("id", "kind", "spec_hash", "created_at", "model_id", "model_digest", "prompt",
                 "title", "state", "headline", "name", "notes")
SUMMARY_COLUMNS = [experiments.c[name] for name in SUMMARY_NAMES]
_summary_values = attrgetter(*SUMMARY_NAMES)


def summary_of(row: Any, labels: tuple[str, ...]) -> Summary:
    """The line of the history that a row of `experiments`, or one moved out of it, makes."""
    values = dict(zip(SUMMARY_NAMES, _summary_values(row), strict=True))
    return Summary.model_validate(values | {"starred": bool(row.starred), "tags": labels})
