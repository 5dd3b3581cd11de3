"""Running a sweep's cells: fast where the model allows it, one by one where not."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from neuronscope.engine.assemble import with_cells
from neuronscope.engine.averages import mean_cell, mean_infos, mean_reading
from neuronscope.engine.controls import controls_of
from neuronscope.engine.draws import concrete, draws_of
from neuronscope.engine.fast import Numbered
from neuronscope.engine.metrics import Reading, readout
from neuronscope.engine.passes import Pass, Ready
from neuronscope.engine.plan import cells as cells_of
from neuronscope.engine.prepare import attention_for, now
from neuronscope.engine.resolve import Resolved
from neuronscope.errors import Cancelled
from neuronscope.models.fingerprint import environment
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit
from neuronscope.spec.grid import Grid
from neuronscope.spec.ops import Add
from neuronscope.spec.results import Cell, GridData, MetricInfo

BATCH_S = 0.1
"""Finished cells are handed on at most this often, in seconds."""

ALONE = "one prompt per forward"
DRAWN_TOGETHER = 512
"""A sweep of several draws makes all draws of so many cells before it goes on: these are kept."""

OnHead = Callable[[GridData], None]
OnCells = Callable[[list[Cell]], None]


@dataclass
class Watch:
    """Who is told of a sweep's progress, and who may stop it."""

    on_head: OnHead
    on_cells: OnCells
    cancelled: Callable[[], bool]
    waiting: list[Cell] = field(default_factory=list)
    told: float = field(default_factory=time.perf_counter)

    def add(self, cells: Iterable[Cell], *, now: bool = False) -> None:
        """Take finished cells, and hand on what has gathered when it is time."""
        self.waiting.extend(cells)
        if self.waiting and (now or time.perf_counter() - self.told >= BATCH_S):
            self.on_cells(self.waiting)
            self.waiting, self.told = [], time.perf_counter()


@dataclass(frozen=True)
class Told:
    """What a grid tells of one pass; deviation is None where every cell had its own forward."""

    infos: dict[str, MetricInfo]
    clean: Reading
    execution: str
    deviation: float | None


@dataclass
class Gathered:
    """What the passes over some cells, one per draw, have given so far.

    before: what those over other cells have told. ready: what the pass that runs has told.
    """

    draws: int
    before: list[Told] = field(default_factory=list)
    passes: list[Told] = field(default_factory=list)
    cells: list[dict[int, Cell]] = field(default_factory=list)
    ready: Ready | None = None

    def begin(self) -> None:
        """Other cells follow."""
        self.before, self.passes, self.cells = self.told, [], []

    @property
    def told(self) -> list[Told]:
        """By all passes."""
        return [*self.before, *self.passes]

    @property
    def last(self) -> bool:
        """Whether the last draw is running."""
        return len(self.cells) == self.draws

    def add(self, found: Ready) -> None:
        """Take what the running pass tells; what it told before no longer holds."""
        scale, fast = found.prepared.scale, found.fast
        self.ready = found
        self.passes[len(self.cells) - 1:] = [Told(
            scale.infos(found.prepared.host.tokenizer), scale.clean[scale.position],
            found.execution, None if fast is None else fast.deviation)]

    @property
    def execution(self) -> str:
        """How the cells were run: the pass that deviates most speaks for all."""
        slow = [each for each in self.told if each.deviation is None]
        quick = [each for each in self.told if each.deviation is not None]
        if not quick:
            return slow[0].execution
        told = max(quick, key=lambda each: each.deviation).execution
        return told if not slow else (f"{told}; {len(slow)} of {len(self.told)} draws "
                                      f"{slow[0].execution}")

    @property
    def deviation(self) -> float | None:
        """The largest of all passes, or None where none was fast."""
        return max((each.deviation for each in self.told if each.deviation is not None),
                   default=None)


def run_sweep(
    host: LoadedModel, resolved: Resolved, watch: Watch, done: dict[int, Cell],
    limit: int | None = None,
) -> Grid:
    """Run the cells that are not `done`; see neuronscope.engine.session.Model.sweep."""
    started, clock = now(), time.perf_counter()
    cells = cells_of(resolved.spec)
    finished, gathered = dict(done), Gathered(draws_of(resolved.spec))
    heads: list[GridData] = []

    def ready(found: Ready) -> None:
        gathered.add(found)
        if gathered.last:
            heads.append(_head(resolved, gathered, started))
            if len(heads) == 1:
                watch.on_head(heads[0])

    def take(some: list[Cell]) -> None:
        gathered.cells[-1].update((cell.index, cell) for cell in some)
        if gathered.last:
            whole = [mean_cell([each[cell.index] for each in gathered.cells]) for cell in some]
            finished.update((cell.index, cell) for cell in whole)
            watch.add(whole)

    with attention_for(host, resolved):
        for some, draw in _passes(resolved, cells, done):
            if draw == 0:
                gathered.begin()
            gathered.cells.append({})
            plan = [(index, concrete(edit, draw)) for index, edit in some]
            held = tuple(concrete(edit, draw) for edit in resolved.spec.held)
            try:
                each = Pass(host, resolved, plan, held, frozenset(done), watch.cancelled, limit)
                stopped = each.run(ready, take)
            except Cancelled:  # before a forward
                if gathered.ready is None:  # nothing is known that a grid could tell
                    raise
                stopped = True
            if stopped:
                break
        watch.add((), now=True)
        if not heads:
            heads.append(_head(resolved, gathered, started))
            watch.on_head(heads[0])
        head = heads[-1]
        if not stopped:
            head = head.model_copy(update={"controls": controls_of(
                each.prepared, plan, finished, gathered.ready.full)})
    return Grid(with_cells(head, finished.values(), reasons=["cancelled"] if stopped else [],
                           duration_s=time.perf_counter() - clock))


def _passes(
    resolved: Resolved, cells: Sequence[Edit], done: Collection[int]
) -> Iterator[tuple[list[Numbered], int]]:
    """The cells of each pass, and the number of its draw: all draws of some cells first.

    Which cells go together does not depend on those that are done.
    """
    draws, numbered = draws_of(resolved.spec), list(enumerate(cells))
    # random directions are drawn where the greatest effect of all cells is
    size = len(numbered) if draws == 1 or isinstance(resolved.spec.op, Add) else DRAWN_TOGETHER
    parts = [numbered[first:first + size] for first in range(0, len(numbered), size)]
    left = [part for part in parts if any(index not in done for index, _ in part)]
    for part in left or parts[-1:]:
        for draw in range(draws):
            yield part, draw


def _head(resolved: Resolved, gathered: Gathered, started: str) -> GridData:
    """The grid without cells, as far as the passes tell."""
    plan, spec, ready = resolved.plan, resolved.spec, gathered.ready
    host, fast = ready.prepared.host, ready.fast
    infos = mean_infos([each.infos for each in gathered.told])
    clean = mean_reading([each.clean for each in gathered.passes])
    return GridData(
        spec_hash=resolved.spec_hash, spec=resolved.asked, resolved=resolved.form,
        model=host.ref(resolved.form["attention"]), tokens=resolved.tokens, dims=plan.dims,
        coords=plan.coords, metrics=infos,
        values={key: [None] * plan.n_cells for key in infos},
        status={key: ["pending"] * plan.n_cells for key in infos},
        spread={key: [None] * plan.n_cells for key in infos} if gathered.draws > 1 else {},
        draws=gathered.draws, top=[None] * plan.n_cells, errors={},
        clean=readout(clean, host.tokenizer, spec.top_k), complete=False,
        execution=gathered.execution, deviation=gathered.deviation,
        environment=environment(host.device) | {"batch": ALONE if fast is None else (
            f"rows of one start position, at most {fast.budget.tokens} tokens")},
        started_at=started, duration_s=0.0)
