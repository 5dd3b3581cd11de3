"""Running a sweep's cells: fast where the model allows it, one by one where not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import torch

from neuronscope.engine import fast as fast_path
from neuronscope.engine.assemble import with_cells
from neuronscope.engine.fast import Fast
from neuronscope.engine.metrics import read_rows, readout
from neuronscope.engine.plan import cells as cells_of
from neuronscope.engine.prepare import Prepared, now, prepare
from neuronscope.engine.resolve import Resolved
from neuronscope.errors import BadDirection
from neuronscope.models.fingerprint import environment
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit
from neuronscope.spec.grid import Grid
from neuronscope.spec.results import Cell, GridData

BATCH_S = 0.1
"""Finished cells are handed on at most this often, in seconds."""

ALONE = "one prompt per forward"

OnHead = Callable[[GridData], None]
OnCells = Callable[[list[Cell]], None]
Numbered = tuple[int, Edit]


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


def run_sweep(
    host: LoadedModel, resolved: Resolved, watch: Watch, done: dict[int, Cell]
) -> Grid:
    """Run the cells that are not `done`; see neuronscope.engine.session.Model.sweep."""
    started, clock = now(), time.perf_counter()
    plan = list(enumerate(cells_of(resolved.spec)))
    prepared = prepare(host, resolved, tuple(edit for _, edit in plan))
    fast, told = _method(prepared, plan)
    if fast is not None:
        unchanged = read_rows(fast.unchanged, prepared.position)
        prepared = replace(prepared, scale=replace(prepared.scale, unchanged=unchanged))
    head = _head(prepared, started, told, fast)
    watch.on_head(head)
    finished = dict(done)
    stopped = _run_all(prepared, fast, plan, finished, watch)
    watch.add((), now=True)
    return Grid(with_cells(head, finished.values(), reasons=["cancelled"] if stopped else [],
                           duration_s=time.perf_counter() - clock))


def _method(prepared: Prepared, plan: Sequence[Numbered]) -> tuple[Fast | None, str]:
    """The fast path where it holds, and a sentence on how the cells are run."""
    if prepared.resolved.spec.mode == "exact":
        return None, "exact: one forward per cell"
    ids = prepared.resolved.spec.prompt[:prepared.position + 1]
    fast = fast_path.prepare(prepared.host, ids, prepared.sources, prepared.clean)
    if isinstance(fast, str):
        return None, f"one forward per cell: {fast}"
    covered = [each for each in plan if fast.covers(each[1])]
    if not covered:
        return None, "one forward per cell: no cell has a faster way"
    for index, edit in fast.sample(covered, prepared.resolved.spec_hash):
        found = [logits for _, logits in fast.logits([(index, edit)])]
        if not found or found[0] is None:
            continue  # it cannot be run, by itself either: its cell will say why
        quick = found[0]
        alone = prepared.edited((edit,)).logits
        fast.deviation = max(fast.deviation, fast_path.largest_deviation(quick, alone))
        fast.compared += 1
    limit = fast_path.tolerance(prepared.host)
    if not fast.deviation <= limit:
        return None, (f"one forward per cell: the fast path differed by {fast.deviation:.2g} in a "
                      f"logit, allowed is {limit:g}")
    slow = len(plan) - len(covered)
    return fast, (f"fast: at most {fast.deviation:.2g} from one forward per cell in any logit of "
                  f"{fast.compared} cells run both ways"
                  + (f"; {slow} cells one by one" if slow else ""))


def _run_all(
    prepared: Prepared, fast: Fast | None, plan: Sequence[Numbered],
    finished: dict[int, Cell], watch: Watch,
) -> bool:
    """Run what is not finished; true when it was cancelled before the end."""
    def take(cells: list[Cell]) -> None:
        fresh = [cell for cell in cells if cell.index not in finished]
        finished.update((cell.index, cell) for cell in fresh)
        watch.add(fresh)

    quick = [each for each in plan if fast is not None and fast.covers(each[1])]
    if fast is not None and quick:
        for indices, logits in fast.logits(quick, frozenset(finished), watch.cancelled):
            take(_scored(prepared, indices, logits))
    for index, edit in plan:
        if index in finished:
            continue
        if watch.cancelled():
            return True
        take([_alone(prepared, index, edit)])
    return False


def _scored(prepared: Prepared, indices: list[int], logits: torch.Tensor | None) -> list[Cell]:
    if logits is None:
        return [prepared.scale.failed(index, "out of memory") for index in indices]
    reading = read_rows(logits, prepared.position)
    return prepared.scale.cells(indices, reading, prepared.host.tokenizer)


def _alone(prepared: Prepared, index: int, edit: Edit) -> Cell:
    try:
        edited = prepared.edited((edit,))
    except (torch.OutOfMemoryError, MemoryError):
        return prepared.scale.failed(index, "out of memory")
    except BadDirection as error:
        return prepared.scale.failed(index, error.detail)
    return prepared.scale.cells([index], edited, prepared.host.tokenizer)[0]


def _head(prepared: Prepared, started: str, told: str, fast: Fast | None) -> GridData:
    resolved, host = prepared.resolved, prepared.host
    plan = resolved.plan
    infos = prepared.scale.infos(host.tokenizer)
    return GridData(
        spec_hash=resolved.spec_hash, spec=resolved.asked, resolved=resolved.form,
        model=host.ref(), tokens=resolved.tokens, dims=plan.dims, coords=plan.coords,
        metrics=infos, values={key: [None] * plan.n_cells for key in infos},
        status={key: ["pending"] * plan.n_cells for key in infos},
        top=[None] * plan.n_cells, errors={},
        clean=readout(prepared.scale.clean, host.tokenizer, resolved.spec.top_k),
        complete=False, execution=told, deviation=None if fast is None else fast.deviation,
        environment=environment(host.device) | {"batch": ALONE if fast is None else (
            f"rows of one start position, at most {fast.max_tokens} tokens")},
        started_at=started, duration_s=0.0)
