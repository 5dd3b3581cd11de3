"""Rows of one database, taken out whole and put into another under the same ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from neuronscope.errors import Conflict
from neuronscope.spec.bundle import MovedCapture, MovedExperiment
from neuronscope.spec.results import Cell
from neuronscope.store.captures import Captures
from neuronscope.store.database import Database
from neuronscope.store.experiments import Stored, row_of, summary_of, tags_of
from neuronscope.store.tables import captures, cells, deleted, experiments, tags, uses

OWN = {"seq", "starred"}
"""Columns that a moved row tells otherwise."""


def taken_out(database: Database, key: str) -> MovedExperiment:
    """An experiment that is not running. Raises: NotFound, Gone, Conflict while it runs."""
    with database.read() as connection:
        row = row_of(connection, key, None)
        if row.state == "running":
            raise Conflict("The sweep is running.", hint="Export it when it has ended.")
        used = connection.execute(select(uses.c.kind, uses.c.name)
                                  .where(uses.c.experiment == row.seq)
                                  .order_by(uses.c.kind, uses.c.name)).all()
        found = connection.execute(select(cells.c.body).where(cells.c.experiment == row.seq)
                                   .order_by(cells.c.arrival)).scalars().all()
        labels = tags_of(connection, [row.seq]).get(row.seq, ())
    columns = {name: value for name, value in row._mapping.items() if name not in OWN}
    return MovedExperiment(
        **columns, starred=bool(row.starred), tags=labels, uses=tuple(map(tuple, used)),
        cells=tuple(Cell.model_validate_json(body) for body in found))


def put_in(database: Database, moved: MovedExperiment) -> bool:
    """Stores an experiment under its id; false where it is there already.

    Raises: Conflict where the id belongs to another experiment; StorageError.
    """
    fields = {"tags", "uses", "cells"}
    row = moved.model_dump(exclude=fields) | {"starred": int(moved.starred)}
    with database.write() as connection:
        if _present(connection, experiments, moved.id, moved.body):
            return False
        connection.execute(delete(deleted).where(deleted.c.id == moved.id))
        seq, = connection.execute(insert(experiments).values(row)).inserted_primary_key
        _insert(connection, tags, [{"experiment": seq, "tag": tag} for tag in moved.tags])
        _insert(connection, uses, [{"kind": kind, "name": name, "experiment": seq}
                                   for kind, name in moved.uses])
        _insert(connection, cells, [
            {"experiment": seq, "cell": cell.index, "arrival": arrival,
             "failed": int(cell.error is not None), "body": cell.model_dump_json()}
            for arrival, cell in enumerate(moved.cells, start=1)])
    return True


def capture_out(database: Database, key: str) -> MovedCapture:
    """A capture without its file. Raises: NotFound, Gone."""
    with database.read() as connection:
        row = connection.execute(select(captures).where(captures.c.id == key)).one()
    return MovedCapture(**{name: value for name, value in row._mapping.items() if name != "seq"})


def capture_in(database: Database, files: Captures, moved: MovedCapture,
               written: Path | None) -> bool:
    """Stores a capture under its id; false where it is there already.

    written: its file, complete and synchronised, which is taken over.
    Raises: Conflict where the id belongs to another capture; StorageError.
    """
    with database.write() as connection:
        if _present(connection, captures, moved.id, moved.body):
            return False
        if written is not None:
            files.take(written, moved.id)
        connection.execute(delete(deleted).where(deleted.c.id == moved.id))
        connection.execute(insert(captures).values(moved.model_dump()))
    files.settle(moved.id)
    return True


def stored_of(moved: MovedExperiment) -> Stored:
    """The experiment as it would be read from a store."""
    return Stored(0, summary_of(moved, moved.tags), moved.environment, moved.body, moved.n_cells)


def _present(connection: Connection, table: Table, key: str, body: str) -> bool:
    there = connection.execute(select(table.c.body).where(table.c.id == key)).scalar()
    if there is not None and there != body:
        raise Conflict(f"The id {key} belongs to something else here; nothing of it was changed.")
    return there is not None


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)
