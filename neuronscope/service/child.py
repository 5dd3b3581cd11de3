"""The executor that keeps the model in a process of its own, and replaces it when it dies."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from neuronscope.errors import Cancelled, ModelMismatch, NoModel, WorkerDied
from neuronscope.service import worker
from neuronscope.service.executor import CaptureOrder, Listener, LoadOrder, SweepOrder
from neuronscope.spec.captures import CaptureData
from neuronscope.spec.experiments import Run
from neuronscope.spec.models import ModelInfo, StageReport
from neuronscope.spec.results import GridData, Result
from neuronscope.threads import wait_asleep

POLL_S = 0.05
HARD_CANCEL_S = 10.0
"""A cancelled order that has not stopped by then loses its process."""
END_S = 2.0


@dataclass(frozen=True)
class Present:
    """The model that orders are meant for: how it was loaded, and what was found out then."""

    order: LoadOrder
    info: ModelInfo
    environment: dict[str, Any]

    def require(self, info: ModelInfo, environment: dict[str, Any]) -> None:
        """Raises: ModelMismatch where loading it again gave something else."""
        parts = [(name.replace("_", " "), getattr(self.info, name), getattr(info, name))
                 for name in ("model_digest", "tokenizer_digest")]
        parts += [(name, self.environment.get(name), environment.get(name))
                  for name in sorted({*self.environment, *environment})]
        told = [f"{name} was {before}, is {now}" for name, before, now in parts if before != now]
        if told:
            raise ModelMismatch(
                f"The model's process was started again, and {self.order.model_id!r} is not what "
                f"it was: {'; '.join(told)}.",
                hint="Load it again to go on with what is there now, or put its files back.")


class ChildProcess:
    """An `Executor` over a spawned process.

    A process that died is started again by the next order, with the model that was
    loaded in it. That model stays the present one, whatever becomes of the load of another:
    a process that does not hold it is given it before the next order.
    """

    def __init__(self, hard_cancel_s: float = HARD_CANCEL_S) -> None:
        self._hard_cancel_s = hard_cancel_s
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._present: Present | None = None
        self._held: Present | None = None  # of the live process; another, or none, after mishaps
        self._lifecycle = threading.Lock()
        self._closed = self._busy = False

    @property
    def pid(self) -> int | None:
        """Process id, None while there is no process."""
        process = self._process
        return process.pid if process is not None else None

    def prepare(self) -> None:
        self._start()

    def load(self, order: LoadOrder, listener: Listener) -> tuple[ModelInfo, dict[str, Any]]:
        self._start()
        found = self._order("load", order, listener)
        self._present = self._held = Present(order, *found)
        return found

    def unload(self) -> None:
        self._present = None
        self._end()

    def check(self, listener: Listener) -> tuple[StageReport, ...]:
        self._revive(listener)
        return self._order("check", None, listener)

    def run(self, spec: Run, listener: Listener) -> Result:
        self._revive(listener)
        return self._order("run", spec, listener)

    def sweep(self, order: SweepOrder, listener: Listener) -> GridData:
        self._revive(listener)
        return self._order("sweep", order, listener)

    def capture(self, order: CaptureOrder, listener: Listener) -> CaptureData:
        self._revive(listener)
        return self._order("capture", order, listener)

    def alive(self) -> bool:
        return self._held is self._present and self._runs()

    def close(self) -> None:
        with self._lifecycle:
            self._closed = True
        self._kill()
        if not self._busy:  # else the thread that waits for an answer sees its end
            self._end()

    def _revive(self, listener: Listener) -> None:
        """Sees to it that there is a process, and that it holds the present model.

        Raises: NoModel; ModelMismatch where its files or surroundings have changed; what
            loading it raises.
        """
        present = self._present
        if present is None:
            raise NoModel("No model is loaded.", hint="Load one first.")
        if self.alive():
            return
        self._start()
        found = self._order("load", present.order, listener)
        try:
            present.require(*found)
        except ModelMismatch:
            self._end()
            raise
        self._held = present

    def _runs(self) -> bool:
        with self._lifecycle:  # a process that is closed meanwhile cannot be asked
            return self._process is not None and self._process.is_alive()

    def _start(self) -> None:
        if self._runs():
            return
        self._end()
        wait_asleep()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        with self._lifecycle:
            if self._closed:
                raise Cancelled("The server is stopping.")
            process = context.Process(target=worker.main, args=(theirs,), daemon=True,
                                      name="neuronscope-model")
            process.start()
            theirs.close()
            self._process, self._pipe = process, ours

    def _end(self) -> None:
        """Ends the process: by closing the pipe, and if that is not enough by force."""
        with self._lifecycle:
            process, pipe = self._process, self._pipe
            self._process = self._pipe = self._held = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.join(END_S)
            if process.is_alive():
                process.kill()
                process.join(END_S)
            if not process.is_alive():
                process.close()

    def _kill(self) -> None:
        with self._lifecycle:
            if self._process is not None:
                self._process.kill()

    def _order(self, kind: str, order: Any, listener: Listener) -> Any:
        """Sends an order and passes on what is told until it is carried out or refused.

        A process that was left in the middle of an order (it died, did not stop, or a
        listener raised), or whose device can compute no more, is ended, so that the next
        order finds a fresh one.
        """
        answered, self._busy = False, True
        try:
            for told, value in self._conversation(kind, order, listener):
                answered = told in {"done", "error"}
                if told == "done":
                    return value
                _tell(listener, told, value)
        finally:
            self._busy = False
            if self._closed or not answered:
                self._end()
        raise WorkerDied("The model's process ended unexpectedly while it worked on this.",
                         hint="The next job starts it again. If it happens again, the model may "
                              "need more memory than the machine has.")

    def _conversation(self, kind: str, order: Any, listener: Listener
                      ) -> Iterator[tuple[str, Any]]:
        """What the process says, until it says no more; a cancel is passed to it.

        Raises: Cancelled when it does not stop in time.
        """
        pipe, deadline = self._pipe, None
        with suppress(EOFError, OSError):
            if pipe is None:
                return
            pipe.send((kind, order))
            while deadline is None or time.monotonic() < deadline:
                if deadline is None and listener.cancelled():
                    pipe.send(("cancel", None))
                    deadline = time.monotonic() + self._hard_cancel_s
                if pipe.poll(POLL_S):
                    yield pipe.recv()
            self._kill()
            raise Cancelled("The job was cancelled; the model's process had to be ended.")


def _tell(listener: Listener, told: str, value: Any) -> None:
    match told:
        case "report":
            listener.report(*value)
        case "head":
            listener.on_head(value)
        case "cells":
            listener.on_cells(value)
        case "error" | "broken":
            raise value
