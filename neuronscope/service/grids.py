"""A sweep as it is stored: its plan and head as one text, its cells as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from neuronscope.engine.assemble import with_plain
from neuronscope.errors import Conflict
from neuronscope.spec.base import Items, Spec
from neuronscope.spec.experiments import Sweep
from neuronscope.spec.results import GridData, Record, Result, SweepPlan
from neuronscope.store.experiments import Stored

PlainCell = Mapping[str, Any]
"""A cell as `Cell` writes it, checked when it was stored."""


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
                 "reasons": (), "spread": {key: [] for key in head.spread}}
        return self.model_copy(update={"head": head.model_copy(update=empty)})

    def grid(self, cells: Sequence[PlainCell]) -> GridData:
        """The grid with these cells; the others are pending.

        Raises: Conflict while the head is not there yet.
        """
        if self.head is None:
            raise Conflict("The sweep has no grid: its clean run has not finished.",
                           hint="Watch its job, or ask again.")
        return with_plain(self.head, self.plan.n_cells, cells, duration_s=self.duration_s,
                          reasons=self.reasons)


def reasons_of(stored: Stored, body: SweepBody) -> tuple[str, ...]:
    """Why a stored sweep is not complete, as far as that is known."""
    interrupted = stored.summary.state == "failed" and not body.reasons
    return ("the server ended while the sweep ran",) if interrupted else body.reasons


def record_of(stored: Stored, cells: Sequence[PlainCell]) -> Record:
    """The record that a stored experiment makes. cells: those of a sweep.

    Raises: Conflict for a sweep before its clean run.
    """
    line = stored.summary
    return Record(id=line.id, created_at=line.created_at, state=line.state, name=line.name,
                  notes=line.notes, tags=line.tags, starred=line.starred,
                  result=Result.model_validate_json(stored.body) if line.kind == "run"
                  else grid_of(stored, cells))


def grid_of(stored: Stored, cells: Sequence[PlainCell]) -> GridData:
    """The grid of a stored sweep with these cells. Raises: Conflict before its clean run."""
    body = SweepBody.model_validate_json(stored.body)
    return body.model_copy(update={"reasons": reasons_of(stored, body)}).grid(cells)
