"""What is stored: read, searched, annotated, removed. Needs no model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from neuronscope.models.vectors import Vectors
from neuronscope.service.bundles import Bundle
from neuronscope.service.exporting import Export
from neuronscope.service.grids import grid_of, record_of
from neuronscope.service.guests import Guests
from neuronscope.service.importing import take_in
from neuronscope.service.views import Annotation, HistoryPage
from neuronscope.spec.bundle import Manifest, Taken
from neuronscope.spec.results import GridData, Record, Summary
from neuronscope.store.history import Filter, page
from neuronscope.store.store import Store


class Archive:
    """The experiments of one store, and the vectors that their specs may name."""

    def __init__(self, store: Store, vectors: Vectors) -> None:
        self._store = store
        self.vectors = vectors
        self._guests = Guests()

    def record(self, key: str) -> Record:
        """A stored experiment by id, or the newest by spec hash. Raises: NotFound, Gone."""
        stored = self._store.experiments.get(key)
        sweep = stored.summary.kind == "sweep"
        return record_of(stored, self._store.cells.plain(stored.summary.id) if sweep else ())

    def model_of(self, key: str) -> str:
        """The id of the model that an experiment ran on. Raises: NotFound, Gone."""
        return self._store.experiments.get(key).summary.model_id

    def grid(self, key: str) -> GridData:
        """The cells of a sweep that there are.

        Raises: NotFound, Gone, Conflict before the clean run.
        """
        stored = self._store.experiments.get(key, "sweep")
        return grid_of(stored, self._store.cells.plain(stored.summary.id))

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

    def exported(self, experiments: Iterable[str] = (), captures: Iterable[str] = (),
                 chosen: Filter | None = None) -> Export:
        """A bundle of these, and of all that a filter chooses, to be written or sent.

        chosen: `Filter()` is everything. A chosen sweep that runs is left out, and told of.
        Raises: InvalidInput where nothing is named; NotFound, Gone, Conflict while a named one
            runs.
        """
        return Export(self._store, self.vectors, experiments, captures, chosen, self._guests)

    def export(self, path: str | Path, experiments: Iterable[str] = (),
               captures: Iterable[str] = (), chosen: Filter | None = None) -> Manifest:
        """Writes `exported` into one file, with the vectors that they name.

        Raises: as `exported`; VectorNotFound, StorageError.
        """
        return self.exported(experiments, captures, chosen).write(Path(path))

    def take_in(self, path: str | Path) -> Taken:
        """Stores what a bundle holds, under the same ids. What is there already stays.

        Raises: BadBundle; Conflict where an id belongs to something else here; StorageError;
            ServerStopped where the lab is closed meanwhile.
        """
        with self._guests.inside(), Bundle(path, self._guests.check) as bundle:
            return take_in(bundle, self._store, self.vectors)
