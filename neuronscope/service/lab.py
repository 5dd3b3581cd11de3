"""The lab: one data folder, one queue, at most one loaded model.

Library, command line and web interface call this and nothing below it. Calls named
`start_…` queue a job and return at once; `load`, `run` and `sweep` wait for theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from neuronscope.models.vectors import Vectors
from neuronscope.service.archive import Archive
from neuronscope.service.captures import Captures
from neuronscope.service.executor import Executor, InProcess
from neuronscope.service.importing import Incoming
from neuronscope.service.joblog import JobLog
from neuronscope.service.jobs import Jobs
from neuronscope.service.leftovers import clear
from neuronscope.service.lock import holding
from neuronscope.service.news import Events
from neuronscope.service.pace import Pace
from neuronscope.service.runs import Runs
from neuronscope.service.shelf import VECTORS, Shelf
from neuronscope.service.sweeps import Sweeps
from neuronscope.service.verifying import Verifying
from neuronscope.service.views import (
    Health,
    LoadedModel,
    SweepAccepted,
    SweepState,
    Tokenized,
    WorkerState,
)
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture, CaptureRecord
from neuronscope.spec.experiments import Run, Sweep
from neuronscope.spec.models import ModelEntry, ModelInfo
from neuronscope.spec.ops import Prompt
from neuronscope.spec.plans import RunPlan
from neuronscope.spec.results import Job, Record, SweepPlan
from neuronscope.spec.verification import Verification
from neuronscope.store.store import Store
from neuronscope.version import __version__

STOP_S = 3.0
"""On closing, the running job has so long to stop by itself."""


class Lab(Archive):
    """Use as a context manager, or call `close`.

    executor: where the model runs; by default in this process.
    Raises: DataFolderLocked, NewerDatabase, StorageError.
    """

    def __init__(self, settings: Settings, executor: Executor | None = None) -> None:
        self.settings = settings
        self._executor = executor or InProcess()
        with holding(settings) as self._lock:
            super().__init__(Store(settings.data, settings.database_url),
                             Vectors(settings.data / VECTORS))
            self._store.experiments.interrupted()
            self._store.captures.recover()
            clear(settings.data)
            log = JobLog(self._store.jobs)
            before = log.before()
        self._jobs = Jobs(settings.max_queue, log, before)
        self.incoming = Incoming(settings.data / "incoming")
        self._shelf = Shelf(settings, self._executor, self.vectors)
        parts = (self._store, self._jobs, self._shelf, self._executor)
        pace = Pace()
        self._runs = Runs(*parts, pace)
        self.captures = Captures(*parts, settings.max_capture)
        self._sweeps = Sweeps(*parts, pace, settings.max_cells, settings.sweep_memory or None)
        self._verifying = Verifying(*parts[1:], settings.max_cells, settings.sweep_memory or None)
        self.events = Events(self._store, self._jobs)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """Takes no more jobs, and asks what runs to stop; what is stored can be read."""
        self._guests.stop()
        self._jobs.stop()

    def close(self) -> None:
        """Stops the running job before its next forward (cells stay), the process, the store."""
        with ExitStack() as ending:  # from the last to the first, whatever one of them raises
            ending.callback(self._release)
            ending.callback(self._jobs.join)
            ending.callback(self._executor.close)
            ending.callback(self._jobs.join, STOP_S)
            self.stop()

    def _release(self) -> None:
        """Frees store and folder; they stay locked while an import or export is at work."""
        if self._guests.left():
            try:
                self._store.close()
            finally:
                self._lock.release()

    def announce(self, url: str) -> None:
        """Writes down where this instance is served, for a second one's refusal."""
        self._lock.announce(url)

    def health(self) -> Health:
        """The state of the server; reads nothing from disk."""
        queued, running = self._jobs.load()
        loaded = self._shelf.loaded
        return Health(status="ok", version=__version__, worker=self._worker_state(running),
                      model=loaded.info.id if loaded else None, queued=queued, running=running)

    def _worker_state(self, running: str | None) -> WorkerState:
        if running is not None:
            return "busy"
        if self._shelf.loaded is None:
            return "empty"
        return "ready" if self._executor.alive() else "stopped"

    def models(self) -> list[ModelEntry]:
        """The models that can be loaded."""
        return self._shelf.entries()

    def default_model(self) -> str | None:
        """The model to load when none is named."""
        return self._shelf.default()

    def model(self) -> LoadedModel:
        """The loaded model, and the job that is loading one."""
        return LoadedModel(info=self._shelf.info(), loading=self._shelf.loading())

    def start_load(self, model_id: str, *, anew: bool = False) -> Job:
        """anew: certify it even where that was kept. Raises: ModelNotFound, QueueFull."""
        self._shelf.path(model_id)
        task = self._jobs.submit("load", model_id, lambda task: self._shelf.load(
            model_id, task, anew=anew))
        self._shelf.expect(task)
        return task.view()

    def load(self, model_id: str, *, anew: bool = False) -> ModelInfo:
        """As `start_load`. Raises: ModelNotFound, ModelRefused, OutOfMemory, QueueFull."""
        self._jobs.wait(self.start_load(model_id, anew=anew).id)
        return self._shelf.need(None).info

    def start_check(self) -> Job:
        """Raises: NoModel, ModelLoading, QueueFull."""
        subject = self._shelf.need(None).info.id
        return self._jobs.submit("check", subject, self._shelf.check).view()

    def check(self) -> ModelInfo:
        """The loaded model, with the verdict on each stage of fast sweeps. Raises: NoModel, …"""
        self._jobs.wait(self.start_check().id)
        self._shelf.need(None)
        return self._shelf.info()

    def start_unload(self) -> Job:
        """Raises: QueueFull."""
        return self._jobs.submit("unload", None, lambda _: self._shelf.unload()).view()

    def unload(self) -> None:
        """Frees the loaded model."""
        self._jobs.wait(self.start_unload().id)

    def tokenize(self, prompt: Prompt) -> Tokenized:
        """Raises: NoModel, ModelLoading, OutOfRange for an unknown token id."""
        return self._shelf.need(None).tokenize(prompt)

    def start_run(self, spec: Run, *, rerun: bool = False) -> Record | Job:
        """The stored record of this spec in this environment, or the job of a new run.

        Raises: NoModel, ModelLoading, ModelNotFound, ModelMismatch, InvalidInput, QueueFull.
        """
        started = self._runs.start(spec, rerun=rerun)
        return self.record(started) if isinstance(started, str) else started.view()

    def run(self, spec: Run, *, rerun: bool = False) -> tuple[Record, bool]:
        """The record of a run, and whether it is new. Raises: as `start_run`; RunFailed."""
        started = self.start_run(spec, rerun=rerun)
        if isinstance(started, Record):
            return started, False
        self._jobs.wait(started.id)
        return self.outcome(started.id)

    def outcome(self, job_id: str) -> tuple[Record, bool]:
        """The record of a run's job that has ended, and whether it is new.

        Raises: NotFound, and what ended the job.
        """
        key, created = self._jobs.get(job_id).result()
        return self.record(key), created

    def add_vector(self, values: Any, name: str = "", **how: Any) -> str:
        """The SHA-256 under which a vector or matrix is kept now; see `Vectors.add`."""
        return self.vectors.add(values, name, **how).sha256

    def plan(self, spec: Run | Sweep) -> RunPlan | SweepPlan:
        """What a run or a sweep would take; waits for no job. Raises: as its start, but QueueFull.
        """
        return (self._runs if isinstance(spec, Run) else self._sweeps).plan(spec)

    def start_sweep(self, spec: Sweep, *, rerun: bool = False) -> SweepAccepted:
        """Queues a sweep, or finds the stored or running one of this spec.

        Raises: NoModel, ModelLoading, ModelNotFound, ModelMismatch, InvalidInput, QueueFull.
        """
        return self._sweeps.start(spec, rerun=rerun)

    def sweep(self, spec: Sweep, *, rerun: bool = False,
              progress: Callable[[Job], None] | None = None) -> tuple[Record, bool]:
        """The record of a finished sweep, and whether it is new.

        progress: called in this thread whenever cells have been stored; what it raises cancels
        the sweep, and is raised here.
        Raises: as `start_sweep`; RunFailed, Cancelled.
        """
        accepted = self.start_sweep(spec, rerun=rerun)
        if accepted.job is not None:
            self._jobs.wait(accepted.job.id, progress)
        return self.record(accepted.id), accepted.job is not None

    def capture(self, spec: Capture, *, rerun: bool = False) -> tuple[CaptureRecord, bool]:
        """The record of a capture, and whether it is new; `captures.open` gives its arrays.

        Raises: as `start_run`; CaptureSize, RunFailed.
        """
        return self.captures.run(spec, rerun=rerun)

    def sweep_state(self, key: str) -> SweepState:
        """Raises: NotFound, Gone."""
        return self._sweeps.state(key)

    def start_resume(self, key: str) -> SweepAccepted:
        """Queues the cells of a stored sweep that it lacks; its job is null where it lacks none.

        Cells that failed are run again; those that succeeded are kept as they are.
        Raises: NotFound, Gone, NoModel, ModelLoading, ModelMismatch, QueueFull; Conflict in
            another environment, whose numbers may differ from those that are stored.
        """
        return self._sweeps.resume(key)

    def resume(self, key: str, progress: Callable[[Job], None] | None = None) -> Record:
        """The record of a sweep that has been brought to its end. Raises: as `start_resume`."""
        accepted = self.start_resume(key)
        if accepted.job is not None:
            self._jobs.wait(accepted.job.id, progress)
        return self.record(accepted.id)

    def start_verify(self, key: str) -> Job:
        """Raises: NotFound, Gone, NoModel, ModelLoading, QueueFull; Conflict before a clean run."""
        record = self.record(key)
        return self._verifying.start(record.id, record.result).view()

    def verify(self, key: str, progress: Callable[[Job], None] | None = None) -> Verification:
        """A stored experiment, run again and compared. Raises: as `start_verify`; RunFailed."""
        started = self.start_verify(key)
        self._jobs.wait(started.id, progress)
        return self.verification(started.id)

    def verification(self, job_id: str) -> Verification:
        """What came of a `verify` that has ended. Raises: NotFound, and what ended the job."""
        return self._jobs.get(job_id).result()

    def cancel_sweep(self, key: str) -> SweepState:
        """Raises: NotFound, Gone."""
        self._sweeps.cancel(key)
        return self._sweeps.state(key)

    def delete(self, key: str) -> None:
        """Stops a running sweep, and removes the experiment. Raises: NotFound, Gone."""
        self._sweeps.cancel(key)
        super().delete(key)

    def jobs(self, limit: int = 100) -> list[Job]:
        """Newest first: those that wait or run, and the last that ended, up to `limit`."""
        return [task.view() for task in self._jobs.all(limit)]

    def job(self, job_id: str) -> Job:
        """Raises: NotFound."""
        return self._jobs.get(job_id).view()

    def cancel(self, job_id: str) -> Job:
        """Raises: NotFound."""
        return self._jobs.cancel(job_id).view()
