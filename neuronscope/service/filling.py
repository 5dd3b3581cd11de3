"""A sweep's record while its cells arrive."""

from __future__ import annotations

from neuronscope.errors import Cancelled, NeuronScopeError
from neuronscope.service.describe import sweep_headline
from neuronscope.service.grids import SweepBody
from neuronscope.service.task import Task
from neuronscope.spec.results import Cell, GridData
from neuronscope.store.store import Store


class Filling:
    """A sweep while its cells arrive: each batch is stored before it is told of."""

    def __init__(self, store: Store, task: Task, key: str, body: SweepBody) -> None:
        self._store, self._task, self._key, self._body = store, task, key, body
        self._done = 0
        self.ended = False
        self.whole = True
        """Whether all of its cells are run now."""

    def begin(self, head: GridData, done: int) -> None:
        """The clean run is done; so many cells are from before."""
        self._body, self._done = self._body.with_head(head), done
        self.whole = done == 0
        self._keep("running", f"{self._body.plan.n_cells} cells")
        self._task.report(done, self._body.plan.n_cells, "cells")

    def add(self, batch: list[Cell]) -> None:
        """Raises: StorageError."""
        self._store.cells.add(self._key, batch)
        self._done += len(batch)
        self._task.report(self._done, self._body.plan.n_cells, "cells")

    def finish(self, grid: GridData) -> None:
        """All cells have run, or the engine stopped when it was asked to.

        Raises: Cancelled in the latter case.
        """
        stopped = "pending" in next(iter(grid.status.values()))
        self._body = self._body.with_head(grid).model_copy(
            update={"duration_s": grid.duration_s, "reasons": ("cancelled",) if stopped else ()})
        done = "completed_with_errors" if grid.errors else "complete"
        self._keep("cancelled" if stopped else done, sweep_headline(grid, self._done))
        if stopped:
            raise Cancelled("The sweep was cancelled; its finished cells are kept.")
        if grid.errors:
            self._task.success = "completed_with_errors"

    def abort(self, failure: NeuronScopeError) -> None:
        """The sweep cannot go on; what it has stays."""
        self._body = self._body.model_copy(update={"reasons": (failure.detail,)})
        state = "cancelled" if isinstance(failure, Cancelled) else "failed"
        self._keep(state, f"{self._done} of {self._body.plan.n_cells} cells")

    def _keep(self, state: str, headline: str) -> None:
        self._store.experiments.finish(self._key, state=state, headline=headline,
                                       body=self._body.model_dump_json())
        self.ended = state != "running"
