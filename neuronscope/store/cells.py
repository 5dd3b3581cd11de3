"""Cells of sweeps: one row each, one commit per batch."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from neuronscope.collecting import not_collecting
from neuronscope.spec.results import Cell
from neuronscope.store.database import Database
from neuronscope.store.lookup import LAST
from neuronscope.store.tables import cells, experiments


class Cells:
    """The finished cells of the sweeps of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, sweep: str, batch: Sequence[Cell]) -> None:
        """Stores a batch durably, in one transaction; of a deleted sweep nothing is kept.

        Raises: StorageError, and then none of the batch is stored.
        """
        with self._database.write() as connection:
            owner = _owner(connection, sweep)
            if owner is None or not batch:
                return
            connection.execute(insert(cells), [
                {"experiment": owner.seq, "cell": cell.index, "arrival": arrival,
                 "failed": int(cell.error is not None),
                 "body": cell.model_dump_json(exclude_defaults=True)}
                for arrival, cell in enumerate(batch, start=_last(connection, owner) + 1)
            ])

    def after(self, sweep: str, arrival: int, limit: int = 512) -> tuple[list[Cell], int]:
        """Up to `limit` cells that were stored after the one with this arrival number (0: all).

        Returns: (cells in the order of storing, arrival number of the last of them). Numbers
        grow, and none is given twice; those of cells that are run again are left out.
        """
        query = (select(cells.c.arrival, cells.c.body).join(experiments)
                 .where(experiments.c.id == sweep, cells.c.arrival > min(arrival, LAST))
                 .order_by(cells.c.arrival).limit(limit))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [_cell(row.body) for row in rows], rows[-1].arrival if rows else arrival

    def of(self, sweep: str) -> dict[int, Cell]:
        """All stored cells, by index."""
        query = (select(cells.c.cell, cells.c.body).join(experiments)
                 .where(experiments.c.id == sweep).order_by(cells.c.cell))
        with self._database.read() as connection:
            return {row.cell: _cell(row.body) for row in connection.execute(query)}

    def plain(self, sweep: str) -> list[dict[str, Any]]:
        """All stored cells by index, as plain data: they were checked when they were stored."""
        owner = select(experiments.c.seq).where(experiments.c.id == sweep).scalar_subquery()
        rows = (select(cells.c.body).where(cells.c.experiment == owner)
                .order_by(cells.c.cell).subquery())
        with self._database.read() as connection:
            bodies = connection.execute(select(func.aggregate_strings(rows.c.body, ","))).scalar()
        with not_collecting():
            found = from_json(f"[{bodies or ''}]")
        return sorted(found, key=itemgetter("index"))

    def forget_failed(self, sweep: str) -> None:
        """Removes the cells that failed, so that they can be run again, under new numbers.

        Raises: StorageError.
        """
        with self._database.write() as connection:
            owner = _owner(connection, sweep)
            if owner is None:
                return
            connection.execute(update(experiments).where(experiments.c.seq == owner.seq)
                               .values(told=_last(connection, owner)))
            connection.execute(delete(cells).where(cells.c.experiment == owner.seq,
                                                   cells.c.failed != 0))

    def count(self, sweep: str) -> tuple[int, int]:
        """How many cells are stored, and how many of them failed."""
        query = (select(func.count(), func.coalesce(func.sum(cells.c.failed), 0))
                 .select_from(cells.join(experiments)).where(experiments.c.id == sweep))
        with self._database.read() as connection:
            done, failed = connection.execute(query).one()
        return done, failed


def _owner(connection: Connection, sweep: str) -> Row[Any] | None:
    """The number of a sweep, and how far it was told of when cells were last removed."""
    query = select(experiments.c.seq, experiments.c.told).where(experiments.c.id == sweep)
    return connection.execute(query).first()


def _last(connection: Connection, owner: Row[Any]) -> int:
    """The last arrival number that was given, also where its cell was removed since."""
    query = select(func.max(cells.c.arrival)).where(cells.c.experiment == owner.seq)
    return max(connection.execute(query).scalar() or 0, owner.told)


def _cell(body: str) -> Cell:
    return Cell.model_validate_json(body)
