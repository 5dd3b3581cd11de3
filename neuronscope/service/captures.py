"""Captures: found in the store by hash, or queued, carried out and stored with their tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neuronscope.engine.capture_resolve import ResolvedCapture, resolve_capture
from neuronscope.errors import NotFound
from neuronscope.service.describe import few
from neuronscope.service.executor import CaptureOrder, Executor, Listener, surviving
from neuronscope.service.jobs import Jobs
from neuronscope.service.places import edit_text, place
from neuronscope.service.shelf import Loaded, Shelf
from neuronscope.service.task import Task
from neuronscope.spec.captured import Captured, InMemory, OnDisk
from neuronscope.spec.captures import Capture, CaptureData, CapturePage, CaptureRecord
from neuronscope.spec.results import Job, Token
from neuronscope.store.captures import CaptureDraft, CaptureFilter
from neuronscope.store.store import Store


class Captures:
    """Carries out captures, one after the other, and keeps them.

    max_bytes: the most that a capture's tensors may take.
    """

    def __init__(self, store: Store, jobs: Jobs, shelf: Shelf, executor: Executor,
                 max_bytes: int) -> None:
        self._store, self._jobs, self._shelf, self._executor = store, jobs, shelf, executor
        self._max_bytes = max_bytes

    def start(self, spec: Capture, *, rerun: bool = False) -> CaptureRecord | Job:
        """The stored capture with this hash in this environment, or the job of a new one.

        Raises: NoModel, ModelLoading, ModelNotFound, ModelMismatch, InvalidInput, QueueFull.
        """
        loaded = self._shelf.need(spec.model)
        resolved = resolve_capture(spec, loaded.info, loaded.tokenizer, self._max_bytes,
                                   self._shelf.vectors)
        found = None if rerun else self._find(resolved, loaded)
        if found is not None:
            return self.get(found)
        return self._jobs.submit(
            "capture", None,
            lambda task: self._carry_out(task, resolved, loaded, rerun=rerun)).view()

    def run(self, spec: Capture, *, rerun: bool = False) -> tuple[CaptureRecord, bool]:
        """The record of a capture, and whether it is new. Raises: as `start`; RunFailed."""
        started = self.start(spec, rerun=rerun)
        if isinstance(started, CaptureRecord):
            return started, False
        self._jobs.wait(started.id)
        return self.outcome(started.id)

    def outcome(self, job_id: str) -> tuple[CaptureRecord, bool]:
        """The record of a capture's job that has ended, and whether it is new.

        Raises: NotFound, and what ended the job.
        """
        key, created = self._jobs.get(job_id).result()
        return self.get(key), created

    def get(self, key: str) -> CaptureRecord:
        """A stored capture by id, or the newest by hash. Raises: NotFound, Gone."""
        stored = self._store.captures.get(key)
        return CaptureRecord(id=stored.summary.id, created_at=stored.summary.created_at,
                             data=CaptureData.model_validate_json(stored.body))

    def page(self, chosen: CaptureFilter | None = None, *, cursor: str | None = None,
             limit: int = 50) -> CapturePage:
        """Newest first. Raises: InvalidField for a cursor that no page gave."""
        return self._store.captures.page(chosen, cursor=cursor, limit=limit)

    def file(self, key: str) -> Path:
        """The safetensors file.

        Raises: Gone; NotFound, also where no tensors were kept; DamagedFile.
        """
        file = self._store.captures.sound(key)
        if file is None:
            raise NotFound("This capture kept statistics alone.",
                           hint="Capture with tensors: true.")
        return file

    def open(self, key: str) -> Captured:
        """A stored capture with its arrays, which are read when they are asked for.

        Raises: NotFound, Gone; DamagedFile.
        """
        record = self.get(key)
        file = self._store.captures.sound(record.id)
        return Captured(record.data, InMemory(record.data, {}) if file is None else OnDisk(file))

    def delete(self, key: str) -> None:
        """Removes a capture with its tensors. Raises: NotFound, Gone, StorageError."""
        self._store.captures.delete(key)

    def _find(self, resolved: ResolvedCapture, loaded: Loaded) -> str | None:
        return self._store.captures.find(resolved.capture_hash, loaded.environment)

    def _carry_out(self, task: Task, resolved: ResolvedCapture, loaded: Loaded, *,
                   rerun: bool) -> tuple[str, bool]:
        self._shelf.require(loaded)
        found = None if rerun else self._find(resolved, loaded)
        if found is not None:  # an equal capture was ahead in the queue
            task.subject = found
            return found, False
        path = self._store.captures.unfinished() if resolved.asked.tensors else None
        try:
            order = CaptureOrder(resolved.asked, self._max_bytes, path)
            listener = Listener(cancelled=task.cancelling.is_set)
            data = surviving(lambda: self._executor.capture(order, listener))
            task.stop_if_cancelled()
            task.subject = self._store.captures.add(_draft(data, loaded), path)
        finally:
            self._store.captures.drop(path)
        return task.subject, True


def _draft(data: CaptureData, loaded: Loaded) -> CaptureDraft:
    prompt = data.spec.prompt
    text = prompt if isinstance(prompt, str) else "".join(each.text for each in data.tokens)
    return CaptureDraft(
        capture_hash=data.capture_hash, environment=loaded.environment, model_id=data.model.id,
        model_digest=data.model.model_digest, prompt=text, title=title(data.spec, data.tokens),
        n_entries=len(data.entries), n_bytes=data.n_bytes, body=data.model_dump_json())


def title(spec: Capture, tokens: Sequence[Token]) -> str:
    """`stream out of layer 3, all heads of layer 5 at ␣in under zero MLP of layer 0`."""
    under = [edit_text(edit, tokens) for edit in spec.edits]
    named = few([place(target, tokens) for target in spec.targets])
    return f"{named} under {few(under)}" if under else named
