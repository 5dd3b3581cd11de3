"""Runs: found in the store by hash, or queued, carried out and stored."""

from __future__ import annotations

from neuronscope.engine.cost import run_plan
from neuronscope.engine.resolve import Resolved, resolve
from neuronscope.service.describe import prompt_text, run_headline, title, uses
from neuronscope.service.executor import Executor, Listener, surviving
from neuronscope.service.jobs import Jobs
from neuronscope.service.pace import Pace
from neuronscope.service.shelf import Loaded, Shelf
from neuronscope.service.task import Task
from neuronscope.spec.experiments import Run
from neuronscope.spec.plans import RunPlan
from neuronscope.spec.results import Result
from neuronscope.store.experiments import Draft
from neuronscope.store.store import Store


class Runs:
    """Carries out runs, one after the other. pace: what runs took."""

    def __init__(self, store: Store, jobs: Jobs, shelf: Shelf, executor: Executor,
                 pace: Pace) -> None:
        self._store, self._jobs, self._shelf, self._executor = store, jobs, shelf, executor
        self._pace = pace

    def plan(self, spec: Run) -> RunPlan:
        """What the run would take. Raises: as `start`, but QueueFull."""
        loaded = self._shelf.need(spec.model)
        plan = run_plan(self._resolve(spec, loaded))
        tokens = plan.n_tokens / plan.n_forwards
        return plan.model_copy(update={
            "estimate_s": self._pace.estimate(loaded, "run", plan.n_forwards, tokens)})

    def start(self, spec: Run, *, rerun: bool) -> str | Task:
        """The id of the stored run with this hash in this environment, or the job of a new one.

        The job's outcome is (id, whether the record is new).
        Raises: NoModel, ModelLoading, ModelNotFound, ModelMismatch, InvalidInput, QueueFull.
        """
        loaded = self._shelf.need(spec.model)
        resolved = self._resolve(spec, loaded)
        found = None if rerun else self._find(resolved, loaded)
        if found is not None:
            return found
        return self._jobs.submit(
            "run", None, lambda task: self._carry_out(task, resolved, loaded, rerun=rerun))

    def _resolve(self, spec: Run, loaded: Loaded) -> Resolved:
        return resolve(spec, loaded.info, loaded.tokenizer, vectors=self._shelf.vectors)

    def _find(self, resolved: Resolved, loaded: Loaded) -> str | None:
        return self._store.experiments.find(resolved.spec_hash, loaded.environment)

    def _carry_out(self, task: Task, resolved: Resolved, loaded: Loaded, *,
                   rerun: bool) -> tuple[str, bool]:
        self._shelf.require(loaded)
        found = None if rerun else self._find(resolved, loaded)
        if found is not None:  # an equal run was ahead in the queue
            task.subject = found
            return found, False
        listener = Listener(cancelled=task.cancelling.is_set)
        result = surviving(lambda: self._executor.run(resolved.asked, listener))
        task.stop_if_cancelled()
        took = run_plan(resolved)
        self._pace.note(loaded, "run", took.n_forwards, took.n_tokens / took.n_forwards,
                        result.duration_s)
        done = task.as_ended("done")
        with self._store.database.write():  # the result and the job's end in one commit
            key = self._store.experiments.add(_draft(result, loaded))
            self._store.jobs.end(done.model_copy(update={"subject": key}))
        task.subject, task.noted = key, True
        return key, True


def _draft(result: Result, loaded: Loaded) -> Draft:
    return Draft(
        kind="run", spec_hash=result.spec_hash, environment=loaded.environment,
        model_id=result.model.id, model_digest=result.model.model_digest,
        prompt=prompt_text(result.spec, result.tokens), title=title(result.spec, result.tokens),
        headline=run_headline(result), state="complete", body=result.model_dump_json(),
        uses=uses(result.spec))
