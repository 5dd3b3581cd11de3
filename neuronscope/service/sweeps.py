"""Sweeps: planned, queued, carried out cell by cell into the store, read while they run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from neuronscope.engine.resolve import Resolved, resolve
from neuronscope.errors import (
    Conflict,
    Gone,
    ModelMismatch,
    NeuronScopeError,
    NotFound,
    QueueFull,
    RunFailed,
    StorageError,
)
from neuronscope.service.describe import prompt_text, title, uses
from neuronscope.service.executor import Executor, Listener, SweepOrder, surviving
from neuronscope.service.explain import UNEXPECTED, as_failure
from neuronscope.service.filling import Filling
from neuronscope.service.grids import SweepBody, reasons_of
from neuronscope.service.jobs import Jobs
from neuronscope.service.pace import Pace
from neuronscope.service.shelf import Loaded, Shelf
from neuronscope.service.task import Task
from neuronscope.service.views import SweepAccepted, SweepState
from neuronscope.spec.experiments import Sweep
from neuronscope.spec.results import GridData, SweepPlan
from neuronscope.store.experiments import Draft, Stored
from neuronscope.store.store import Store


class Sweeps:
    """Carries out sweeps, one after the other.

    pace: what sweeps took. max_cells: largest sweep that is accepted. memory: bytes for one;
    None chooses.
    """

    def __init__(self, store: Store, jobs: Jobs, shelf: Shelf, executor: Executor,
                 pace: Pace, max_cells: int, memory: int | None = None) -> None:
        self._store, self._jobs, self._shelf, self._executor = store, jobs, shelf, executor
        self._pace, self._max_cells, self._memory = pace, max_cells, memory
        self._live: dict[str, Task] = {}
        self._turn = threading.Lock()  # from looking for a sweep's job to having one
        self._unsaid: dict[str, Callable[[], None]] = {}
        """By sweep that is not running any more: what is to be stored of that, once it can be."""

    def plan(self, spec: Sweep) -> SweepPlan:
        """What the sweep would do. Raises: as `start`, but QueueFull."""
        loaded = self._shelf.need(spec.model)
        resolved = self._resolve(spec, loaded)
        assert resolved.plan is not None
        return resolved.plan.model_copy(update={"estimate_s": self._pace.estimate(
            loaded, spec.mode, resolved.plan.n_forwards, len(resolved.tokens))})

    def start(self, spec: Sweep, *, rerun: bool) -> SweepAccepted:
        """The stored or running sweep with this hash in this environment, or a new job's.

        Raises: NoModel, ModelLoading, ModelNotFound, ModelMismatch, InvalidInput, QueueFull,
            StorageError.
        """
        self._say()
        loaded = self._shelf.need(spec.model)
        resolved = self._resolve(spec, loaded)
        with self._turn:
            return self._found_or_new(spec, loaded, resolved, rerun=rerun)

    def _found_or_new(self, spec: Sweep, loaded: Loaded, resolved: Resolved, *, rerun: bool
                      ) -> SweepAccepted:
        if not rerun:
            found = self._store.experiments.find(resolved.spec_hash, loaded.environment)
            if found is not None:
                return SweepAccepted(id=found, job=None)
            for key, task in self._running():
                if self._store.experiments.get(key).summary.spec_hash == resolved.spec_hash:
                    return SweepAccepted(id=key, job=task.view())
        self._jobs.require_room()
        body = SweepBody(plan=resolved.plan, asked=spec)
        key = self._store.experiments.add(_draft(resolved, loaded, body))
        try:
            return SweepAccepted(id=key, job=self._queue(
                key, resolved, loaded, body,
                partial(self._store.experiments.set_state, key, "cancelled")).view())
        except (QueueFull, StorageError):  # another took the last place, or the disk is full
            self._settle(key, partial(self._store.experiments.delete, key))
            raise

    def resume(self, key: str) -> SweepAccepted:
        """Queues what a stored sweep lacks; see `Lab.start_resume`."""
        with self._turn:
            return self._resume(key)

    def _resume(self, key: str) -> SweepAccepted:
        stored = self._store.experiments.get(key, "sweep")
        key, state = stored.summary.id, stored.summary.state
        task = self._live.get(key)
        if task is not None and not task.ended.is_set():
            return SweepAccepted(id=key, job=task.view())
        if state == "complete":
            return SweepAccepted(id=key, job=None)
        body = SweepBody.model_validate_json(stored.body)
        resolved, loaded = self._resumable(stored, body)
        self._jobs.require_room()
        body = body.model_copy(update={"reasons": (), "asked": resolved.asked})
        self._store.experiments.finish(key, state="running", headline=f"{body.plan.n_cells} cells",
                                       body=body.model_dump_json())
        as_before = partial(self._store.experiments.finish, key, state=state,
                            headline=stored.summary.headline, body=stored.body)
        try:
            return SweepAccepted(id=key, job=self._queue(
                key, resolved, loaded, body, as_before).view())
        except (QueueFull, StorageError):  # another took the last place, or the disk is full
            self._settle(key, as_before)
            raise

    def _resumable(self, stored: Stored, body: SweepBody) -> tuple[Resolved, Loaded]:
        """Raises: ModelMismatch, Conflict where its cells would not be of one kind."""
        asked = body.asked or (body.head.spec if body.head is not None else None)
        if asked is None:
            raise Conflict("This sweep was stopped before its clean run by a version that did "
                           "not keep what was asked.", hint="Send it again.")
        loaded = self._shelf.need(asked.model)
        if loaded.info.model_digest != stored.summary.model_digest:
            raise ModelMismatch(
                f"The sweep ran on the model sha256:{stored.summary.model_digest}, loaded is "
                f"sha256:{loaded.info.model_digest}.",
                hint=f"Load {stored.summary.model_id!r} first.")
        resolved = self._resolve(asked, loaded)
        if resolved.spec_hash != stored.summary.spec_hash:
            raise Conflict("The sweep means something else now: the tokenizer, the configuration "
                           "or NeuronScope's own version has changed.", hint="Send it again.")
        if loaded.environment != stored.environment:
            raise Conflict(
                f"The sweep ran in another environment: {_differing(body, loaded)}.",
                hint="Send it again: the rest of its cells might differ in their last digits.")
        return resolved, loaded

    def state(self, key: str) -> SweepState:
        """Raises: NotFound, Gone."""
        self._say()
        stored = self._store.experiments.get(key, "sweep")
        body = SweepBody.model_validate_json(stored.body)
        done, _ = self._store.cells.count(stored.summary.id)
        task = self._live.get(stored.summary.id)
        return SweepState(summary=stored.summary, done=done, total=body.plan.n_cells,
                          reasons=reasons_of(stored, body), plan=body.plan,
                          job=task.id if task is not None and not task.ended.is_set() else None)

    def cancel(self, key: str) -> None:
        """Asks the job of an experiment to stop, if it has one. Raises: NotFound, Gone."""
        stored = self._store.experiments.get(key)
        with self._turn:  # not between a job's acceptance and its being known here
            task = self._live.get(stored.summary.id)
        if task is not None:
            self._jobs.cancel(task.id)

    def _resolve(self, spec: Sweep, loaded: Loaded) -> Resolved:
        return resolve(spec, loaded.info, loaded.tokenizer, self._max_cells,
                       self._shelf.vectors)

    def _running(self) -> list[tuple[str, Task]]:
        return [(key, task) for key, task in list(self._live.items())
                if not (task.ended.is_set() or task.cancelling.is_set())]

    def _queue(self, key: str, resolved: Resolved, loaded: Loaded, body: SweepBody,
               undo: Callable[[], None]) -> Task:
        """undo: stores what the sweep is where its job ends before it began."""
        def work(task: Task) -> str:
            try:
                return self._carry_out(task, key, resolved, loaded, body)
            except StorageError:
                self._unsaid[key] = partial(self._store.experiments.set_state, key, "failed")
                raise
            finally:
                self._live.pop(key, None)

        def dropped() -> None:
            self._live.pop(key, None)
            self._settle(key, undo)

        def accepted(task: Task) -> None:
            self._live[key] = task

        return self._jobs.submit("sweep", key, work, total=body.plan.n_cells, dropped=dropped,
                                 accepted=accepted)

    def _settle(self, key: str, store: Callable[[], None]) -> None:
        """Stores what becomes of a sweep that does not run; later, where that cannot be now."""
        try:
            store()
        except StorageError:
            self._unsaid[key] = store

    def _say(self) -> None:
        """Notes the end of sweeps that ended when nothing could be stored, if that is over."""
        for key, store in list(self._unsaid.items()):
            task = self._live.get(key)
            if task is not None and not task.ended.is_set():
                continue
            with suppress(StorageError):
                with suppress(NotFound, Gone):
                    if self._store.experiments.get(key).summary.state == "running":
                        store()
                self._unsaid.pop(key, None)

    def _carry_out(self, task: Task, key: str, resolved: Resolved, loaded: Loaded,
                   body: SweepBody) -> str:
        filling = Filling(self._store, task, key, body)

        def fill() -> GridData:
            done = self._store.cells.of(key)
            listener = Listener(on_head=lambda head: filling.begin(head, len(done)),
                                on_cells=filling.add, cancelled=task.cancelling.is_set)
            order = SweepOrder(resolved.asked, done, self._memory)
            return self._executor.sweep(order, listener)

        grid = None
        try:
            self._shelf.require(loaded)
            self._store.cells.forget_failed(key)
            grid = surviving(fill)
        except (NeuronScopeError, *UNEXPECTED) as error:
            filling.abort(as_failure(error))
            raise
        finally:
            if grid is None and not filling.ended:  # an exception of a kind that nobody foresaw
                filling.abort(RunFailed("An unforeseen error ended the sweep."))
        filling.finish(grid)
        if filling.whole:
            self._pace.note(loaded, resolved.asked.mode, body.plan.n_forwards, len(resolved.tokens),
                            grid.duration_s)
        return key


def _differing(body: SweepBody, loaded: Loaded) -> str:
    """The parts of the environment that are not as they were when the clean run was made."""
    before = body.head.environment if body.head is not None else {}
    parts = [f"{name} was {before[name]}, is {now}" for name, now in loaded.surroundings.items()
             if name in before and before[name] != now]
    return "; ".join(parts) or "which one is not known, it had not begun"


def _draft(resolved: Resolved, loaded: Loaded, body: SweepBody) -> Draft:
    return Draft(
        kind="sweep", spec_hash=resolved.spec_hash, environment=loaded.environment,
        model_id=loaded.info.id, model_digest=loaded.info.model_digest,
        prompt=prompt_text(resolved.asked, resolved.tokens),
        title=title(resolved.asked, resolved.tokens),
        headline=f"{body.plan.n_cells} cells", state="running", body=body.model_dump_json(),
        n_cells=body.plan.n_cells, uses=uses(resolved.asked))
