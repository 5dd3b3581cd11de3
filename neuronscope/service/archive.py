"""What is stored: read, searched, annotated, removed. Needs no model."""

from __future__ import annotations

from collections.abc import Iterable

from neuronscope.service.grids import SweepBody, reasons_of
from neuronscope.service.views import Annotation, HistoryPage
from neuronscope.spec.results import Cell, GridData, Record, Result, Summary
from neuronscope.store.experiments import Stored
from neuronscope.store.history import Filter, page
from neuronscope.store.store import Store


class Archive:
    """The experiments of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, key: str) -> Record:
        """A stored experiment by id, or the newest by spec hash. Raises: NotFound, Gone."""
        stored = self._store.experiments.get(key)
        sweep = stored.summary.kind == "sweep"
        return record_of(stored, self._store.cells.of(stored.summary.id).values() if sweep else ())

    def model_of(self, key: str) -> str:
        """The id of the model that an experiment ran on. Raises: NotFound, Gone."""
        return self._store.experiments.get(key).summary.model_id

    def grid(self, key: str) -> GridData:
        """The cells of a sweep that there are.

        Raises: NotFound, Gone, Conflict before the clean run.
        """
        stored = self._store.experiments.get(key, "sweep")
        return grid_of(stored, self._store.cells.of(stored.summary.id).values())

    def history(self, chosen: Filter | None = None, *, cursor: str | None = None,
                limit: int = 50) -> HistoryPage:
        """Newest first. Raises: InvalidField for a cursor that no page gave."""
        items, following = page(self._store.database, chosen or Filter(), cursor=cursor,
                                limit=limit)
        return HistoryPage(items=tuple(items), next=following)

    def annotate(self, key: str, annotation: Annotation) -> Summary:
        """Raises: NotFound, Gone, StorageError."""
        self._store.experiments.annotate(
            key, name=annotation.name, notes=annotation.notes, labels=annotation.tags,
            starred=annotation.starred)
        return self._store.experiments.get(key).summary

    def delete(self, key: str) -> None:
        """Removes an experiment. Raises: NotFound, Gone, StorageError."""
        self._store.experiments.delete(self._store.experiments.get(key).summary.id)


def record_of(stored: Stored, cells: Iterable[Cell]) -> Record:
    """The record that a stored experiment makes. cells: those of a sweep.

    Raises: Conflict for a sweep before its clean run.
    """
    line = stored.summary
    return Record(id=line.id, created_at=line.created_at, state=line.state, name=line.name,
                  notes=line.notes, tags=line.tags, starred=line.starred,
                  result=Result.model_validate_json(stored.body) if line.kind == "run"
                  else grid_of(stored, cells))


def grid_of(stored: Stored, cells: Iterable[Cell]) -> GridData:
    """The grid of a stored sweep with these cells. Raises: Conflict before its clean run."""
    body = SweepBody.model_validate_json(stored.body)
    return body.model_copy(update={"reasons": reasons_of(stored, body)}).grid(cells)
