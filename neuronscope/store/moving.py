"""Rows of one database, taken out whole and put into another under the same ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select

from neuronscope.errors import Conflict, StorageError
from neuronscope.spec.bundle import Moved, MovedCapture, MovedExperiment
from neuronscope.store.captures import Captures, hashed
from neuronscope.store.database import Database
from neuronscope.store.experiments import Stored, summary_of, tags_of
from neuronscope.store.lookup import facets, spanned
from neuronscope.store.tables import captures, cells, deleted, experiments, tags, uses

MOVED = (*(experiments.c[name] for name in MovedExperiment.model_fields
           if name in experiments.c), experiments.c.seq)
CELLS = 512
"""Cells that are read at a time."""

CellRow = tuple[int, bool, str]
"""A cell's index, whether it failed, and its JSON."""


def taken_out(database: Database, keys: Sequence[str]) -> list[dict[str, Any]]:
    """What `MovedExperiment` holds of these ids, as plain data in their order.

    One that was deleted is left out; one that runs has that state.
    """
    with database.read() as connection:
        rows = {row.id: row for row in connection.execute(
            select(*MOVED).where(experiments.c.id.in_(keys)))}
        seqs = [row.seq for row in rows.values()]
        labels = tags_of(connection, seqs)
        used: dict[int, list[tuple[str, str]]] = {seq: [] for seq in seqs}
        for seq, kind, name in connection.execute(
                select(uses.c.experiment, uses.c.kind, uses.c.name)
                .where(uses.c.experiment.in_(seqs)).order_by(uses.c.kind, uses.c.name)):
            used[seq].append((kind, name))
        stored = dict(connection.execute(
            select(cells.c.experiment, func.count()).where(cells.c.experiment.in_(seqs))
            .group_by(cells.c.experiment)).all())
    found = []
    for row in (rows[key] for key in keys if key in rows):
        columns = dict(row._mapping)
        seq = columns.pop("seq")
        found.append(columns | {"starred": bool(row.starred), "tags": labels.get(seq, ()),
                                "uses": used[seq], "n_stored": stored.get(seq, 0)})
    return found


def cells_out(database: Database, moved: dict[str, Any]) -> Iterator[list[str]]:
    """The JSON of an experiment's cells, a few hundred at a time, in the order of storing.

    No connection is held in between. Raises: Conflict where they changed meanwhile.
    """
    last, left = 0, moved["n_stored"]
    while left > 0:
        query = (select(cells.c.arrival, cells.c.body).join(experiments)
                 .where(experiments.c.id == moved["id"], cells.c.arrival > last)
                 .order_by(cells.c.arrival).limit(min(CELLS, left)))
        with database.read() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise Conflict(f"The sweep {moved['id']} changed while it was exported.",
                           hint="Export it again.")
        last, left = rows[-1].arrival, left - len(rows)
        yield [row.body for row in rows]


def strangers(database: Database, table: Table, moved: Iterable[Moved]) -> None:
    """Raises: Conflict where an id belongs to something else here."""
    bodies = {each.id: each.body for each in moved}
    with database.read() as connection:
        for row in connection.execute(
                select(table.c.id, table.c.body).where(table.c.id.in_(bodies))):
            if row.body != bodies[row.id]:
                raise Conflict(f"The id {row.id} belongs to something else here; nothing of it "
                               "was changed.")


def put_in(database: Database, group: Sequence[tuple[MovedExperiment, Iterable[CellRow]]]
           ) -> list[str]:
    """Stores experiments with their cells under their ids, all of them or none.

    Returns: the ids that were not there already.
    Raises: Conflict where an id belongs to another experiment; StorageError; what a cell raises.
    """
    new = []
    with database.write() as connection:
        for moved, stored in group:
            if not _present(connection, experiments, moved):
                _put(connection, moved, stored)
                new.append(moved.id)
    return new


def _put(connection: Connection, moved: MovedExperiment, stored: Iterable[CellRow]) -> None:
    row = moved.model_dump(exclude={"tags", "uses", "n_stored"}) | {
        "starred": int(moved.starred), "imported": 1,
        "facets": facets(kind=moved.kind, model=moved.model_id, starred=moved.starred,
                         uses=moved.uses, tags=moved.tags)}
    connection.execute(delete(deleted).where(deleted.c.id == moved.id))
    seq, = connection.execute(insert(experiments).values(row)).inserted_primary_key
    spanned(connection, seq, moved.created_at)
    _insert(connection, tags, [{"experiment": seq, "tag": tag} for tag in moved.tags])
    _insert(connection, uses, [{"kind": kind, "name": name, "experiment": seq}
                               for kind, name in moved.uses])
    batch: list[dict[str, Any]] = []
    for arrival, (index, failed, body) in enumerate(stored, start=1):
        batch.append({"experiment": seq, "cell": index, "arrival": arrival,
                      "failed": int(failed), "body": body})
        if len(batch) == CELLS:
            _insert(connection, cells, batch)
            batch = []
    _insert(connection, cells, batch)


def capture_out(database: Database, key: str) -> MovedCapture:
    """A capture without its file. Raises: NotFound, Gone."""
    with database.read() as connection:
        row = connection.execute(select(captures).where(captures.c.id == key)).one()
    return MovedCapture(**{name: row._mapping[name] for name in MovedCapture.model_fields})


def capture_in(database: Database, files: Captures, moved: MovedCapture,
               written: Path | None) -> bool:
    """Stores a capture under its id; false where it is there already.

    written: its file, complete and synchronised, which is taken over.
    Raises: Conflict where the id belongs to another capture; StorageError.
    """
    sha256 = None if written is None else hashed(written)  # before anybody has to wait for it
    try:
        with database.write() as connection:
            if _present(connection, captures, moved):
                return False
            if written is not None:
                files.take(written, moved.id)
            connection.execute(delete(deleted).where(deleted.c.id == moved.id))
            connection.execute(insert(captures).values(
                moved.model_dump() | {"imported": 1, "sha256": sha256}))
    except StorageError:
        files.give_up(moved.id)
        raise
    files.settle(moved.id)
    return True


def stored_of(moved: MovedExperiment) -> Stored:
    """The experiment as it would be read from a store."""
    return Stored(0, summary_of(moved, moved.tags), moved.environment, moved.body, moved.n_cells)


def _present(connection: Connection, table: Table, moved: Moved) -> bool:
    there = connection.execute(select(table.c.body).where(table.c.id == moved.id)).scalar()
    if there is not None and there != moved.body:
        raise Conflict(f"The id {moved.id} belongs to something else here; nothing of it was "
                       "changed.")
    return there is not None


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)
