"""Running a sweep's cells: fast where the model allows it, one by one where not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from neuronscope.engine.assemble import with_cells
from neuronscope.engine.averages import mean_cell, mean_infos, mean_reading
from neuronscope.engine.controls import controls_of
from neuronscope.engine.draws import concrete, draws_of
from neuronscope.engine.metrics import readout
from neuronscope.engine.passes import Pass, Ready
from neuronscope.engine.plan import cells as cells_of
from neuronscope.engine.prepare import attention_for, now
from neuronscope.engine.resolve import Resolved
from neuronscope.models.fingerprint import environment
from neuronscope.models.host import LoadedModel
from neuronscope.spec.grid import Grid
from neuronscope.spec.results import Cell, GridData

BATCH_S = 0.1
"""Finished cells are handed on at most this often, in seconds."""

ALONE = "one prompt per forward"

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


@dataclass
class Gathered:
    """What the passes over a grid, one per draw, have given so far."""

    draws: int
    passes: list[Ready] = field(default_factory=list)
    cells: list[dict[int, Cell]] = field(default_factory=list)

    @property
    def last(self) -> bool:
        """Whether the last draw is running."""
        return len(self.cells) == self.draws


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
        gathered.passes.append(found)
        if gathered.last:
            heads.append(_head(resolved, gathered, started))
            watch.on_head(heads[0])

    def take(some: list[Cell]) -> None:
        gathered.cells[-1].update((cell.index, cell) for cell in some)
        if gathered.last:
            whole = [mean_cell([each[cell.index] for each in gathered.cells]) for cell in some]
            finished.update((cell.index, cell) for cell in whole)
            watch.add(whole)

    with attention_for(host, resolved):
        for draw in range(gathered.draws):
            gathered.cells.append({})
            plan = [(index, concrete(edit, draw)) for index, edit in enumerate(cells)]
            held = tuple(concrete(edit, draw) for edit in resolved.spec.held)
            each = Pass(host, resolved, plan, held, frozenset(done), watch.cancelled, limit)
            stopped = each.run(ready, take)
            if stopped:
                break
        watch.add((), now=True)
        head = heads[0] if heads else _head(resolved, gathered, started)
        if not stopped:
            head = head.model_copy(update={"controls": controls_of(
                each.prepared, plan, finished, gathered.passes[-1].full)})
    return Grid(with_cells(head, finished.values(), reasons=["cancelled"] if stopped else [],
                           duration_s=time.perf_counter() - clock))


def _head(resolved: Resolved, gathered: Gathered, started: str) -> GridData:
    """The grid without cells, as far as the passes tell."""
    plan, spec, last = resolved.plan, resolved.spec, gathered.passes[-1]
    host, fast = last.prepared.host, last.fast
    infos = mean_infos([each.prepared.scale.infos(host.tokenizer) for each in gathered.passes])
    clean = mean_reading([each.prepared.scale.clean[spec.read_position]
                          for each in gathered.passes])
    return GridData(
        spec_hash=resolved.spec_hash, spec=resolved.asked, resolved=resolved.form,
        model=host.ref(resolved.form["attention"]), tokens=resolved.tokens, dims=plan.dims,
        coords=plan.coords, metrics=infos,
        values={key: [None] * plan.n_cells for key in infos},
        status={key: ["pending"] * plan.n_cells for key in infos},
        spread={key: [None] * plan.n_cells for key in infos} if gathered.draws > 1 else {},
        draws=gathered.draws, top=[None] * plan.n_cells, errors={},
        clean=readout(clean, host.tokenizer, spec.top_k), complete=False,
        execution=last.execution, deviation=None if fast is None else fast.deviation,
        environment=environment(host.device) | {"batch": ALONE if fast is None else (
            f"rows of one start position, at most {fast.budget.tokens} tokens")},
        started_at=started, duration_s=0.0)
