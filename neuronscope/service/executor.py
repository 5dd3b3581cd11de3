"""Where the model runs: in this process, or (see `child`) in one of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from neuronscope.errors import Cancelled, NoModel, WorkerDied
from neuronscope.models.options import LoadOptions
from neuronscope.models.stopping import stoppable
from neuronscope.spec.captures import Capture, CaptureData
from neuronscope.spec.experiments import Run, Sweep
from neuronscope.spec.models import ModelInfo, StageReport
from neuronscope.spec.results import Cell, GridData, Result

if TYPE_CHECKING:
    from neuronscope.engine.session import Model

Report = Callable[[str, int, int], None]
"""Called with a phase, the parts of it that are done, and how many there are."""


@dataclass(frozen=True)
class LoadOrder:
    """Which model to load, and how; vectors: the folder of the stored ones.
    kept, anew: the folder of kept certifications, and whether to look for one there."""

    path: Path
    model_id: str
    options: LoadOptions = field(default_factory=LoadOptions)
    vectors: Path | None = None
    kept: Path | None = None
    anew: bool = False


@dataclass(frozen=True)
class SweepOrder:
    """A sweep, with the cells by index that need not be run again.

    memory: bytes that it may take beside the model; None chooses.
    """

    spec: Sweep
    done: dict[int, Cell] = field(default_factory=dict)
    memory: int | None = None


@dataclass(frozen=True)
class CaptureOrder:
    """A capture. path: the file to write its tensors to, None for statistics alone."""

    spec: Capture
    max_bytes: int
    path: Path | None


@dataclass(frozen=True)
class Listener:
    """Who is told what while an order is carried out, and who may stop it."""

    report: Report = lambda phase, done, total: None
    on_head: Callable[[GridData], None] = lambda head: None
    on_cells: Callable[[list[Cell]], None] = lambda cells: None
    cancelled: Callable[[], bool] = lambda: False

    def report_or_stop(self, phase: str, done: int, total: int) -> None:
        """Raises: Cancelled when the order is to stop."""
        if self.cancelled():
            raise Cancelled("The job was cancelled; the model that was loaded stays.")
        self.report(phase, done, total)


class Executor(Protocol):
    """Holds at most one model. Calls come from one thread at a time, and block.

    Work whose listener says that it is cancelled raises Cancelled before its next forward.
    """

    def prepare(self) -> None:
        """Begins what a load will have to wait for."""

    def load(self, order: LoadOrder, listener: Listener) -> tuple[ModelInfo, dict[str, Any]]:
        """Loads a model in place of the present one, which stays if this fails.

        Returns: what was found out about the model, and the environment it runs in.
        """

    def unload(self) -> None:
        """Frees the model."""

    def check(self, listener: Listener) -> tuple[StageReport, ...]:
        """The verdict on each stage of fast sweeps. Raises: NoModel."""

    def run(self, spec: Run, listener: Listener) -> Result:
        """Raises: NoModel, and what the engine raises."""

    def sweep(self, order: SweepOrder, listener: Listener) -> GridData:
        """The grid, incomplete if it was cancelled.

        Raises: Cancelled where that was before its clean run or after its last cell.
        """

    def capture(self, order: CaptureOrder, listener: Listener) -> CaptureData:
        """Raises: NoModel, StorageError, and what the engine raises."""

    def alive(self) -> bool:
        """Whether an order would be carried out without starting anything anew."""

    def close(self) -> None:
        """Ends the executor; nothing is asked of it afterwards."""


Answer = TypeVar("Answer")


def surviving(work: Callable[[], Answer]) -> Answer:
    """What `work` returns; it is begun once more where the model's process died under it.

    Raises: WorkerDied the second time, and what `work` raises.
    """
    try:
        return work()
    except WorkerDied:
        return work()


class InProcess:
    """The engine in this process, as the library uses it."""

    def __init__(self) -> None:
        self._model: Model | None = None

    def prepare(self) -> None:
        """Nothing: the load begins at once."""

    def load(self, order: LoadOrder, listener: Listener) -> tuple[ModelInfo, dict[str, Any]]:
        from neuronscope.engine.session import Model
        from neuronscope.models.fingerprint import environment
        from neuronscope.models.load import PHASES, load
        from neuronscope.models.vectors import Vectors

        with stoppable(listener.cancelled):
            host = load(order.path, order.options, model_id=order.model_id,
                        progress=listener.report_or_stop, kept=order.kept, anew=order.anew)
        listener.report_or_stop("ready", len(PHASES), len(PHASES))
        self._model = Model(replace(host, vectors=Vectors(order.vectors)))
        return host.info, environment(host.device)

    def unload(self) -> None:
        self._model = None

    def check(self, listener: Listener) -> tuple[StageReport, ...]:
        with stoppable(listener.cancelled):
            return self._loaded().stages()

    def run(self, spec: Run, listener: Listener) -> Result:
        with stoppable(listener.cancelled):
            return self._loaded().run(spec)

    def sweep(self, order: SweepOrder, listener: Listener) -> GridData:
        with stoppable(listener.cancelled):
            grid = self._loaded().sweep(order.spec, on_head=listener.on_head,
                                        on_cells=listener.on_cells, cancelled=listener.cancelled,
                                        done=order.done, memory=order.memory)
        return grid.data

    def capture(self, order: CaptureOrder, listener: Listener) -> CaptureData:
        with stoppable(listener.cancelled):
            captured = self._loaded().capture(order.spec, max_bytes=order.max_bytes)
        if order.path is not None:
            captured.to_safetensors(order.path)
        return captured.data

    def alive(self) -> bool:
        return True

    def close(self) -> None:
        self._model = None

    def _loaded(self) -> Model:
        if self._model is None:
            raise NoModel("No model is loaded.", hint="Load one first.")
        return self._model
