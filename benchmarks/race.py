"""The race: on each task the contenders take turns; what they did becomes a record each."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass, field

from benchmarks.entrant import Entrant
from benchmarks.peers import ONE_BY_ONE, OURS, say
from benchmarks.sampling import affordable, scaled, scattered
from benchmarks.work import Cell, Grid

PROBE_CELLS = 2
MOST_CELLS = 24
"""Cells of a contender that runs them one by one: each takes as long as another."""
MOST_BATCHES = 3
LEAST_CELLS = 24
"""Of ours: with fewer, what cells share is not told well from what they cost."""
ROUNDS_PLANNED = 3
OUR_SHARE = 0.4
"""Of a race's time: one contender runs whole grids, and once more to count operations."""
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.1}
"""Largest difference of a KL in nats, and relative to the largest KL, of equal work."""


@dataclass
class Record:
    """What one contender did on one task.

    seconds: for all cells, one number per turn, scaled where fewer were timed.
    peak, added: bytes at the largest, and above what was held once the model was loaded.
    flops: of all cells, counted in a pass of its own. note: what it says of itself.
    """

    shape: str
    task: str
    length: int
    name: str
    cells: int
    timed: int = 0
    seconds: list[float] = field(default_factory=list)
    worst: float = 0.0
    largest: float = 0.0
    agrees: bool = True
    peak: int = 0
    added: int = 0
    flops: float | None = None
    note: str = ""
    problem: str = ""

    @property
    def median(self) -> float | None:
        """Seconds for all cells; None where it failed."""
        return statistics.median(self.seconds) if self.seconds and not self.problem else None

    def plain(self) -> dict:
        """As JSON holds it."""
        return asdict(self) | {"median": self.median}


@dataclass
class Turn:
    """A contender in a race: its record, and the cells that it is timed on."""

    entrant: Entrant
    record: Record
    chosen: list[Cell] = field(default_factory=list)

    def take(self, length: int, cells: list[Cell], *, count: bool = False) -> dict | None:
        """Run cells; None where it takes no further part in this race."""
        if self.record.problem:
            return None
        answer = self.entrant.ask(length, cells, count=count)
        if "problem" in answer:
            self.record.problem = answer["problem"]
            return None
        self.record.peak = max(self.record.peak, answer["peak"])
        self.record.added = max(0, self.record.peak - self.entrant.loaded)
        self.record.note = answer["note"]
        return answer

    def whole(self, shared: float, each: float, base: float | None = None) -> float:
        """What all cells take, of the chosen cells' shared part and their own.

        base: what one cell takes by itself, shared part and all, where these two cannot be
        told apart: then the rest of the chosen cells stands for the rest of all.
        """
        timed, total = len(self.chosen), self.record.cells
        if base is not None and 1 < timed < total:
            together = shared + each
            base = min(base, together)
            return scaled(base, together - base, timed - 1, total - 1)
        return scaled(shared, each, timed, total)

    def counted(self, answer: dict, base: dict | None = None) -> None:
        """Note the operations of all cells."""
        alone = sum(base["flops"]) if base else None
        self.record.flops = self.whole(*answer["flops"], alone)


def race(
    entrants: list[Entrant], shape: str, task: str, length: int, grid: Grid, *,
    seconds: float, rounds: int, dtype: str,
) -> list[Record]:
    """Run a task with each entrant in turn, for about `seconds`, at most `rounds` times.

    A first pass, not timed, warms up, counts operations and says how many cells fit.
    Every KL is compared with NeuronScope's.
    """
    end = time.monotonic() + seconds
    turns = [Turn(each, Record(shape, task, length, each.contender.name, len(grid.cells()),
                               problem=each.problem)) for each in entrants]
    _choose(turns, length, grid, seconds)
    ours = next(turn for turn in turns if turn.record.name == OURS)
    done, took = 0, 0.0
    while done < rounds and (not done or time.monotonic() + 0.8 * took < end):
        began = time.monotonic()
        truth: dict[Cell, float] = {}
        for turn in turns:
            answer = turn.take(length, turn.chosen)
            part = turn is ours and len(turn.chosen) < turn.record.cells
            base = turn.take(length, _middle(grid)) if part else None
            if answer is None or (part and base is None):
                continue
            turn.record.seconds.append(turn.whole(
                answer["setup_s"], answer["cells_s"],
                base["setup_s"] + base["cells_s"] if base else None))
            found = dict(zip(turn.chosen, answer["kl"], strict=True))
            if turn is ours:
                truth = found
            compare(turn.record, found, truth, TOLERANCE[dtype])
        done, took = done + 1, time.monotonic() - began
    say("  " + "; ".join(_told(turn.record) for turn in turns) + f"; {done} rounds")
    return [turn.record for turn in turns]


def compare(
    record: Record, found: dict[Cell, float], truth: dict[Cell, float], tolerance: float
) -> None:
    """Note how far a contender's KLs lie from NeuronScope's on the same cells."""
    both = [(value, truth[cell]) for cell, value in found.items() if cell in truth]
    gaps = [abs(theirs - ours) for theirs, ours in both]
    record.worst = max([record.worst, *gaps])
    record.largest = max([record.largest, *(abs(ours) for _, ours in both)])
    good = all(gap <= tolerance * max(1.0, record.largest) for gap in gaps)  # false for NaN
    record.agrees = record.agrees and bool(both) and good


def _choose(turns: list[Turn], length: int, grid: Grid, seconds: float) -> None:
    """The cells that each is timed on, from the time that few of them take.

    The others' cells are some of ours, so that each of their numbers has one to be held
    against.
    """
    ours, others = turns[0], turns[1:]
    _choose_ours(ours, length, grid, seconds * OUR_SHARE / (ROUNDS_PLANNED + 1))
    part = seconds * (1 - OUR_SHARE) / (ROUNDS_PLANNED + 1) / max(1, len(others))
    for turn in others:
        counted = turn.record.name == ONE_BY_ONE
        turn.chosen = _some(ours.chosen, PROBE_CELLS)
        probe = turn.take(length, turn.chosen, count=counted)
        if probe is not None:
            if counted:
                turn.counted(probe)
            each = probe["cells_s"] / PROBE_CELLS
            most = _most(turn, length, len(ours.chosen))
            count = max(PROBE_CELLS, affordable(probe["setup_s"], each, part, most))
            turn.chosen = _some(ours.chosen, count)
        turn.record.timed = len(turn.chosen)


def _choose_ours(ours: Turn, length: int, grid: Grid, seconds: float) -> None:
    """As many evenly spaced steps of the grid as fit into the time, counted once.

    NeuronScope's cells share work in ways that no clock tells apart, so what they share is
    taken to be what one cell takes by itself.
    """
    least = _least_steps(grid)
    ours.chosen = grid.thinned(least).cells()
    ours.take(length, _middle(grid))  # what is done once for a model is done here
    base = ours.take(length, _middle(grid), count=True)
    probe = ours.take(length, ours.chosen, count=True)
    if base is not None and probe is not None:
        alone = base["setup_s"] + base["cells_s"]
        step = max(probe["setup_s"] + probe["cells_s"] - alone, 0.0) / least
        steps = affordable(alone, step, seconds, grid.steps)
        if steps > least:
            ours.chosen = grid.thinned(steps).cells()
            probe = ours.take(length, ours.chosen, count=True)
        if probe is not None:
            ours.counted(probe, base)
    ours.record.timed = len(ours.chosen)


def _least_steps(grid: Grid) -> int:
    each = len(grid.cells()) // grid.steps
    return min(grid.steps, -(-LEAST_CELLS // each))


def _middle(grid: Grid) -> list[Cell]:
    cells = grid.cells()
    return [cells[len(cells) // 2]]


def _most(turn: Turn, length: int, cells: int) -> int:
    """How many cells say as much as all of them: whole batches, where it has batches."""
    tokens = turn.entrant.tokens
    if not tokens:
        return min(cells, MOST_CELLS)
    rows = max(1, tokens // length)
    return cells if cells <= rows * MOST_BATCHES else rows * MOST_BATCHES


def _some(cells: list[Cell], count: int) -> list[Cell]:
    count = min(count, len(cells))
    return [cells[at] for at in scattered(len(cells), count)]


def _told(record: Record) -> str:
    if record.median is None:
        return f"{record.name} failed ({record.problem[:80]})"
    return f"{record.name} {record.median:.2f} s" + ("" if record.agrees else " DISAGREES")
