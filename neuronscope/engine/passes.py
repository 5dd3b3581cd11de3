"""One pass over the cells of a sweep: verified first, then handed on as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neuronscope.engine.fast import FULL, Fast, Numbered
from neuronscope.engine.method import choose, distrust, told
from neuronscope.engine.metrics import Readings, read_rows
from neuronscope.engine.prepare import Prepared, prepare, whole_patch
from neuronscope.engine.replay import CLEAN, MISFITS, misfit, tolerance
from neuronscope.engine.resolve import Resolved
from neuronscope.engine.running import Part
from neuronscope.engine.sampled import sampled
from neuronscope.errors import BadDirection
from neuronscope.models.exhausted import RAISED, attempt
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit
from neuronscope.spec.results import Cell


@dataclass(frozen=True)
class Ready:
    """What is known before the first cell is handed on.

    execution: how the cells are run. fast: the fast path, or None. full: the readings of the
    full patch, where it went along.
    """

    prepared: Prepared
    execution: str
    fast: Fast | None = None
    full: Readings | None = None


SHORT = "out of memory"
"""What is told of a cell for which memory does not do, not even alone."""
OnReady = Callable[[Ready], None]
Take = Callable[[list[Cell]], None]


class Untrue(Exception):
    """The fast path does not give what one forward per cell gives; the message says how."""


class Pass:
    """All cells of a grid once, with given draws.

    skip: cells that are done already.
    """

    def __init__(
        self, host: LoadedModel, resolved: Resolved, plan: Sequence[Numbered],
        held: tuple[Edit, ...], skip: frozenset[int], cancelled: Callable[[], bool],
        limit: int | None,
    ) -> None:
        self.plan, self.skip, self.cancelled, self.held = plan, skip, cancelled, held
        self.finished = set(skip)
        self.ready: Ready | None = None
        self.prepared, self.fast, self.reason = choose(
            host, resolved, tuple(edit for _, edit in plan), held, limit)

    def run(self, on_ready: OnReady, take: Take) -> bool:
        """Run the cells; true when it was cancelled before the end.

        on_ready is told again where the fast path is given up after cells were handed on.
        """
        if self.fast is None:
            on_ready(Ready(self.prepared, self.reason))
        elif untrue := self._tried(self.fast, on_ready, take):
            on_ready(self._without_fast(untrue))
        for index, edit in self.plan:
            if index in self.finished:
                continue
            if self.cancelled():
                return True
            self._hand_on([self._alone(index, edit)], take)
        return False

    def _tried(self, fast: Fast, on_ready: OnReady, take: Take) -> str:
        """Why the fast path had to be given up, or nothing.

        On return the error is gone, and the tensors that its traceback held.
        """
        try:
            self._run_fast(fast, on_ready, take)
        except Untrue as error:
            return str(error)
        return ""

    def _without_fast(self, reason: str) -> Ready:
        """How the cells that are left are run, and what they are held against."""
        if self.ready is not None:
            return replace(self.ready, execution=f"{self.ready.execution}; the rest {reason}")
        self.fast = None  # its clean stream is not needed any more
        # the clean run and the noise floor in the shape that the cells have now
        self.prepared = prepare(
            self.prepared.host, self.prepared.resolved, self.prepared.edits, self.held)
        return Ready(self.prepared, reason)

    def _run_fast(self, fast: Fast, on_ready: OnReady, take: Take) -> None:
        """The cells that the fast path covers, held back until the sampled ones agree."""
        covered = [each for each in self.plan if fast.covers(each[1])]
        sample = sampled(fast, covered, self.prepared.resolved.spec_hash, self.skip)
        waiting = {*sample, CLEAN} | ({FULL} if whole_patch(self.prepared) else set())
        held_back: list[tuple[list[int], Tensor | None]] = []
        extra: dict[int, Readings] = {}
        parts = fast.logits(covered, self.skip, self.cancelled, frozenset(sample))
        for indices, logits in _guarded(parts):
            self._check(fast, sample, indices, logits, extra)
            held_back.append((indices, logits))
            waiting -= {*indices}
            if waiting:
                continue
            if self.ready is None:
                self.ready = self._ready(fast, extra)
                on_ready(self.ready)
            for some, rows in held_back:
                self._hand_on(self._scored(some, rows), take)
            held_back = []
        if self.ready is None:  # cancelled before any cell could be trusted
            on_ready(Ready(self.prepared, "cancelled before the first cells were checked"))

    def _check(
        self, fast: Fast, sample: dict[int, Edit], indices: list[int], logits: Tensor | None,
        extra: dict[int, Readings],
    ) -> None:
        """Compare sampled rows with their own forwards, and keep the rows beside the cells.

        Raises: Untrue.
        """
        for place, index in enumerate(indices):
            if logits is None:
                if index == CLEAN:
                    raise Untrue("one forward per cell: out of memory in the first step")
                continue
            if index in sample:
                fast.compare(logits[place], self._sampled(sample[index]))
            elif index == CLEAN:
                fast.compare_clean(logits[place])
            if index < 0:
                extra[index] = self._readings(logits[place:place + 1])
        if not fast.deviation <= tolerance(fast.stream.host):
            raise Untrue(distrust(fast))

    def _sampled(self, edit: Edit) -> Tensor:
        """Logits [read, vocab] of a cell's own forward. Raises: Untrue."""
        alone = attempt(lambda: self.prepared.edited((edit,)))
        if alone is None:
            raise Untrue("one forward per cell: out of memory in one that was to be compared")
        return torch.cat([alone[read].logits for read in self.prepared.reads])

    def _ready(self, fast: Fast, extra: dict[int, Readings]) -> Ready:
        scale = replace(self.prepared.scale, unchanged=extra[CLEAN])
        self.prepared = replace(self.prepared, scale=scale)
        return Ready(self.prepared, told(fast, [edit for _, edit in self.plan]), fast,
                     extra.get(FULL))

    def _readings(self, logits: Tensor) -> Readings:
        """Readings by position of logits [row, read, vocab]."""
        return {read: read_rows(logits[:, place], read)
                for place, read in enumerate(self.prepared.reads)}

    def _scored(self, indices: list[int], logits: Tensor | None) -> list[Cell]:
        """The cells of some rows of logits; in halves where memory does not do for all."""
        def score() -> list[Cell]:
            return self.prepared.scale.cells(
                indices, self._readings(logits), self.prepared.host.tokenizer)

        cells = None if logits is None else attempt(score)
        if cells is not None:
            return [cell for cell in cells if cell.index >= 0]
        if logits is None or len(indices) == 1:
            return [self.prepared.scale.failed(index, SHORT) for index in indices if index >= 0]
        middle = len(indices) // 2
        return [*self._scored(indices[:middle], logits[:middle]),
                *self._scored(indices[middle:], logits[middle:])]

    def _hand_on(self, cells: list[Cell], take: Take) -> None:
        fresh = [cell for cell in cells if cell.index not in self.finished]
        self.finished.update(cell.index for cell in fresh)
        if fresh:
            take(fresh)

    def _alone(self, index: int, edit: Edit) -> Cell:
        scale = self.prepared.scale
        try:
            found = attempt(lambda: scale.cells(
                [index], self.prepared.edited((edit,)), self.prepared.host.tokenizer))
        except BadDirection as error:
            return scale.failed(index, error.detail)
        return scale.failed(index, SHORT) if found is None else found[0]


def _guarded(parts: Iterator[Part]) -> Iterator[Part]:
    """The parts; what the model's layers raise becomes Untrue.

    Only what is raised while a part is made: what its consumer raises is its own.
    """
    while True:
        try:
            part = next(parts, None)
        except (*RAISED, *MISFITS) as error:
            raise Untrue(f"one forward per cell: {misfit(error)}") from error
        if part is None:
            return
        yield part
