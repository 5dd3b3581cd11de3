"""From timings to a table."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks import shapes, work
from benchmarks.race import OURS, Entrant, median


@dataclass(frozen=True)
class Row:
    """One contender on one task; seconds is None where it failed."""

    shape: str
    task: str
    length: int
    name: str
    version: str
    seconds: float | None
    worst: float
    problem: str
    scaled: bool

    @classmethod
    def of(cls, shape: str, task: str, length: int, entrant: Entrant) -> Row:
        """The row of an entrant that has raced."""
        return cls(shape, task, length, entrant.contender.name, entrant.version,
                   median(entrant) if entrant.seconds else None, entrant.worst, entrant.problem,
                   entrant.contender.slow)


def matmul_rate() -> float:
    """Measured float32 matrix products, GFLOP/s: the best of ten of 2048³."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    times = []
    for _ in range(10):
        started = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - started)
    return 2 * 2048**3 / min(times) / 1e9


def write(path: Path, rows: list[Row], rate: float, threads: int) -> None:
    """Write the tables as Markdown between the markers of the page, or as a new page."""
    text = [f"{platform.machine()}, {threads} threads, torch {torch.__version__}, float32; "
            f"matrix products at {rate:.0f} GFLOP/s. Seconds for all cells of a task, medians, "
            "contenders taking turns in one run; in brackets how many times as long as "
            f"{OURS}. \\* measured on evenly spaced cells and scaled to all. "
            "The last column is the largest difference of any KL (nats) from "
            f"{OURS}'s.\n"]
    for shape, task, length in dict.fromkeys((r.shape, r.task, r.length) for r in rows):
        part = [r for r in rows if (r.shape, r.task, r.length) == (shape, task, length)]
        n_layers, n_heads = shapes.sizes(shape)
        count = len(work.cells(task, n_layers, n_heads, length))
        base = next((r.seconds for r in part if r.name == OURS), None)
        text.append(f"\n**{shape}, {length} tokens: {work.TOLD[task]}, {count} cells**\n\n"
                    "| | seconds | ΔKL |\n| --- | --- | --- |\n")
        text += [_line(row, base) for row in part]
    versions = dict.fromkeys(f"{r.name.split(',')[0]}: {r.version}" for r in rows)
    text.append("\n" + "; ".join(versions) + ".\n")
    start, end = "<!-- sweeps -->\n", "<!-- /sweeps -->\n"
    page = path.read_text(encoding="utf-8") if path.exists() else (
        f"# Benchmarks\n\nMade by `python -m benchmarks`.\n\n{start}{end}")
    before, _, rest = page.partition(start)
    after = rest.partition(end)[2]
    path.write_text(before + start + "".join(text) + end + after, encoding="utf-8")


def _line(row: Row, base: float | None) -> str:
    if row.seconds is None:
        return f"| {row.name} | failed: {row.problem} | |\n"
    times = f" ({row.seconds / base:.1f}×)" if base and row.name != OURS else ""
    star = " \\*" if row.scaled else ""
    return f"| {row.name}{star} | {row.seconds:.2f}{times} | {row.worst:.1e} |\n"
