"""From records to the tables of docs/benchmarks.md, and the same numbers as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import shapes, work
from benchmarks.peers import CONTENDERS, ONE_BY_ONE, OURS
from benchmarks.race import Record

START, END = "<!-- measured -->\n", "<!-- /measured -->\n"
NAMES = [each.name for each in CONTENDERS]


@dataclass
class Race:
    """One task on one shape. rates: measured GFLOP/s of matrix products, just before it."""

    shape: str
    task: str
    length: int
    device: str
    dtype: str
    rates: dict[str, float]
    records: list[Record]

    def of(self, name: str) -> Record | None:
        """The record of a contender."""
        return next((each for each in self.records if each.name == name), None)

    @property
    def saved(self) -> float | None:
        """How many times the operations of one forward per cell ours are."""
        ours, alone = self.of(OURS), self.of(ONE_BY_ONE)
        if ours is None or alone is None or not ours.flops or not alone.flops:
            return None
        return alone.flops / ours.flops

    def share(self, rate: str) -> float | None:
        """Operations of ours per second, as a part of a measured rate."""
        ours = self.of(OURS)
        if ours is None or not ours.flops or ours.median is None:
            return None
        return ours.flops / ours.median / 1e9 / self.rates[rate]

    @property
    def lead(self) -> float | None:
        """How many times as long the fastest other contender takes that agrees."""
        ours = self.of(OURS)
        others = [each.median for each in self.records
                  if each.name != OURS and each.median is not None and each.agrees]
        return min(others) / ours.median if others and ours and ours.median else None


@dataclass
class Run:
    """Everything that is written."""

    machine: dict[str, str | int]
    options: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    races: list[Race] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)


def write(path: Path, run: Run) -> None:
    """Put the tables between the page's markers, and the numbers into a JSON file beside it."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"# Benchmarks\n\n{START}{END}"
    before, _, rest = page.partition(START)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{START}\n{text(run)}\n{END}{after}", encoding="utf-8")
    path.with_suffix(".json").write_text(as_json(run), encoding="utf-8")


def as_json(run: Run) -> str:
    """The same numbers for programs: one line per contender and task."""
    plain = {"machine": run.machine, "options": run.options, "versions": run.versions,
             "not_run": run.not_run}
    lines = [json.dumps(_rounded(record.plain() | {
        "device": race.device, "dtype": race.dtype, "gflops": race.rates,
        "fewer_operations": race.saved if record.name == OURS else None}))
        for race in run.races for record in race.records]
    head = json.dumps(plain, indent=1).removesuffix("\n}")
    return f"{head},\n \"records\": [\n" + ",\n".join(lines) + "\n]}\n"


def text(run: Run) -> str:
    """All tables, as Markdown."""
    told = run.machine
    parts = [f"{told['date']}, NeuronScope {told['version']} at commit {told['commit']}, "
             f"{told['processor']}, {told['threads']} threads, GPU: {told['gpu']}, "
             f"{told['system']}, Python {told['python']}, torch {told['torch']}. "
             f"Command: `python3 run.py bench{' ' + run.options if run.options else ''}`.\n"]
    for shape in dict.fromkeys(each.shape for each in run.races):
        races = [each for each in run.races if each.shape == shape]
        parts.append(_shape(shape, races))
    for shape, reason in run.not_run.items():
        parts.append(f"### {shapes.SHAPES[shape].told}\n\nNot run: {reason}.\n")
    versions = dict.fromkeys(f"{name.split(',')[0]}: {told}" for name, told in
                             run.versions.items())
    parts.append("Versions: " + "; ".join(versions) + ".\n")
    return "\n".join(parts)


def _shape(shape: str, races: list[Race]) -> str:
    first = races[0]
    lines = [f"### {shapes.SHAPES[shape].told}\n\nRandom weights, {first.dtype}, on the "
             f"{'GPU' if first.device == 'cuda' else 'CPU'}.\n"]
    if leads := [each.lead for each in races if each.lead is not None]:
        lines.append(f"The fastest other contender takes {min(leads):.1f} to {max(leads):.1f} "
                     "times as long as NeuronScope.\n")
    lines.append("Seconds for all cells, and how many times as long as NeuronScope:\n")
    lines.append(_table(races, _time))
    lines.append("Work of NeuronScope's path:\n")
    lines.append(_work(races))
    lines.append("Largest memory of the process in MB, and above the loaded model:\n")
    lines.append(_table(races, lambda race, record: (
        f"{record.peak / 2**20:.0f} (+{record.added / 2**20:.0f})")))
    lines.append("Largest difference of any KL from NeuronScope's, in nats:\n")
    lines.append(_table(races, lambda race, record: (
        f"{record.worst:.1e}" if record.agrees else f"**disagrees: {record.worst:.1e}**")))
    problems = dict.fromkeys(f"{each.name}: {_escaped(each.problem)}" for race in races
                             for each in race.records if each.problem)
    lines += [f"Failed: {each}.\n" for each in problems]
    notes = dict.fromkeys(f"{race.length} tokens, {race.task}: {each.note}" for race in races
                          for each in race.records
                          if each.name == OURS and not each.note.startswith("fast"))
    lines += [f"NeuronScope, {each}.\n" for each in notes if each]
    return "\n".join(lines)


def _table(races: list[Race], entry: Callable[[Race, Record], str]) -> str:
    names = [name for name in NAMES if any(race.of(name) for race in races)]
    lines = [f"| tokens | task | cells | {' | '.join(names)} |",
             "| --- " * (3 + len(names)) + "|"]
    for race in races:
        entries = [_entry(race, race.of(name), entry) for name in names]
        lines.append(f"| {race.length} | {work.TOLD[race.task]} | {race.records[0].cells:,} | "
                     f"{' | '.join(entries)} |")
    return "\n".join(lines) + "\n"


def _entry(race: Race, record: Record | None, entry: Callable[[Race, Record], str]) -> str:
    if record is None:
        return ""
    return "failed" if record.median is None else entry(race, record)


def _time(race: Race, record: Record) -> str:
    """`1.38 s (6.7×)`, with a star where not all cells were timed."""
    star = "" if record.timed == record.cells else " \\*"
    ours = race.of(OURS)
    times = ""
    if record.name != OURS and ours is not None and ours.median:
        times = f" ({record.median / ours.median:.1f}×)"
    wrong = "" if record.agrees else " **disagrees**"
    return f"{_seconds(record.median)}{times}{star}{wrong}"


def _work(races: list[Race]) -> str:
    lines = ["| tokens | task | GFLOP | fewer than one forward per cell | GFLOP/s | of 2048³ "
             "products | of this model's products |", "| --- " * 7 + "|"]
    for race in races:
        ours = race.of(OURS)
        if ours is None or not ours.flops or ours.median is None:
            continue
        saved = "" if race.saved is None else f"{race.saved:.1f}×"
        lines.append(
            f"| {race.length} | {work.TOLD[race.task]} | {ours.flops / 1e9:,.0f} | {saved} | "
            f"{ours.flops / ours.median / 1e9:.0f} | {race.share('square'):.0%} of "
            f"{race.rates['square']:.0f} | {race.share('model'):.0%} of "
            f"{race.rates['model']:.0f} |")
    return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f} s"
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def _rounded(value: object) -> object:
    """With as many digits as mean something."""
    match value:
        case float():
            return float(f"{value:.4g}")
        case list():
            return [_rounded(each) for each in value]
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case _:
            return value


def _escaped(problem: str) -> str:
    return problem.replace("|", "\\|").replace("<", "&lt;").rstrip(".")
