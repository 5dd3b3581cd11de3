"""Stored experiments, run again and compared with what is stored."""

from __future__ import annotations

from collections.abc import Callable

from neuronscope.engine.resolve import Resolved, resolve
from neuronscope.engine.tolerance import tolerance_of
from neuronscope.errors import InvalidInput, ModelMismatch, VectorNotFound
from neuronscope.service.comparing import compared, differences, not_comparable
from neuronscope.service.executor import Executor, Listener, SweepOrder, surviving
from neuronscope.service.jobs import Jobs
from neuronscope.service.shelf import Loaded, Shelf
from neuronscope.service.task import Task
from neuronscope.spec.results import Cell, GridData, Result
from neuronscope.spec.verification import Difference, Verification

Outcome = Result | GridData


class Verifying:
    """Runs stored specs again on the loaded model; stores nothing."""

    def __init__(self, jobs: Jobs, shelf: Shelf, executor: Executor, max_cells: int,
                 memory: int | None = None) -> None:
        self._jobs, self._shelf, self._executor = jobs, shelf, executor
        self._max_cells, self._memory = max_cells, memory

    def start(self, key: str, stored: Outcome) -> Task:
        """The job of comparing; its outcome is a `Verification`.

        Raises: NoModel, ModelLoading, QueueFull.
        """
        loaded = self._shelf.need(None)
        total = len(stored.top) if isinstance(stored, GridData) else 1
        return self._jobs.submit("verify", key, lambda task: self._verify(task, stored, loaded),
                                 total=total)

    def _verify(self, task: Task, stored: Outcome, loaded: Loaded) -> Verification:
        self._shelf.require(loaded)
        assert task.subject is not None
        resolved = self._resolved(stored, loaded)
        if isinstance(resolved, list):
            return not_comparable(task.subject, stored, resolved, loaded.surroundings)
        found = surviving(lambda: self._again(task, resolved))
        task.report(task.total or 0, task.total)
        return compared(task.subject, stored, found, tolerance_of(stored.model.dtype))

    def _resolved(self, stored: Outcome, loaded: Loaded) -> Resolved | list[Difference]:
        """The spec on the loaded model; or where that is not what it was when it was run."""
        try:
            resolved = resolve(stored.spec, loaded.info, loaded.tokenizer, self._max_cells,
                               self._shelf.vectors)
        except (InvalidInput, ModelMismatch, VectorNotFound) as error:
            return [Difference(where=error.pointer or "/spec", stored="could be run",
                               found=error.detail)]
        if resolved.spec_hash == stored.spec_hash:
            return resolved
        return differences(stored.resolved, resolved.form, "/resolved")

    def _again(self, task: Task, resolved: Resolved) -> Outcome:
        listener = Listener(on_cells=_counting(task), cancelled=task.cancelling.is_set)
        found: Outcome
        if resolved.plan is None:
            found = self._executor.run(resolved.asked, listener)
        else:
            found = self._executor.sweep(SweepOrder(resolved.asked, memory=self._memory), listener)
        task.stop_if_cancelled()
        return found


def _counting(task: Task) -> Callable[[list[Cell]], None]:
    done = 0

    def count(cells: list[Cell]) -> None:
        nonlocal done
        done += len(cells)
        task.report(done, task.total, "cells")
    return count
