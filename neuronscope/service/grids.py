"""A sweep as it is stored: its plan and head as one text, its cells as rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from neuronscope.engine.assemble import with_cells
from neuronscope.errors import Conflict
from neuronscope.spec.base import Items, Spec
from neuronscope.spec.experiments import Sweep
from neuronscope.spec.results import Cell, GridData, Record, Result, SweepPlan
from neuronscope.store.experiments import Stored


class SweepBody(Spec):
    """All of a sweep but its cells. `head` is null until the clean run is done.

    asked: the spec as it was sent; null in what was stored before sweeps could be resumed.
    """

    plan: SweepPlan
    asked: Sweep | None = None
    head: GridData | None = None
    reasons: Annotated[tuple[str, ...], Items] = ()
    duration_s: float = 0.0

    def with_head(self, head: GridData) -> SweepBody:
        """The body with a grid's head; the grid's cells are left out."""
        empty = {"values": {}, "status": {}, "top": [], "errors": {}, "complete": False,
                 "reasons": ()}
        return self.model_copy(update={"head": head.model_copy(update=empty)})

    def grid(self, cells: Iterable[Cell]) -> GridData:
        """The grid with these cells; the others are pending.

        Raises: Conflict while the head is not there yet.
        """
        if self.head is None:
            raise Conflict("The sweep has no grid: its clean run has not finished.",
                           hint="Watch its job, or ask again.")
        n, metrics = self.plan.n_cells, self.head.metrics
        head = self.head.model_copy(update={
            "values": {key: [None] * n for key in metrics},
            "status": {key: ["pending"] * n for key in metrics}, "top": [None] * n})
        return with_cells(head, cells, duration_s=self.duration_s, reasons=self.reasons)


def reasons_of(stored: Stored, body: SweepBody) -> tuple[str, ...]:
    """Why a stored sweep is not complete, as far as that is known."""
    interrupted = stored.summary.state == "failed" and not body.reasons
    return ("the server ended while the sweep ran",) if interrupted else body.reasons


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
