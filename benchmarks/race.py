"""The race: each contender in a process of its own, taking turns, medians and ratios."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import shapes, work

ROOT = Path(__file__).resolve().parent.parent
OURS = "NeuronScope"


@dataclass(frozen=True)
class Contender:
    """A module of `contenders`, the Python that has its packages, and its arguments.

    slow: whether it is measured on a few cells and scaled to all of them.
    """

    name: str
    module: str
    python: Path
    arguments: tuple[str, ...] = ()
    slow: bool = True


@dataclass
class Entrant:
    """A contender's process."""

    contender: Contender
    process: subprocess.Popen
    version: str
    seconds: list[float] = field(default_factory=list)
    worst: float = 0.0
    problem: str = ""


def contenders(peers: Path) -> list[Contender]:
    """NeuronScope, raw hooks, and the peers that are installed under `peers`."""
    here = Path(sys.executable)
    found = [Contender(OURS, "ours", here, slow=False),
             Contender("raw hooks, one by one", "raw", here),
             Contender("raw hooks, batched", "raw", here, ("batched",), slow=False)]
    for name, module, arguments, slow in (
        ("TransformerLens", "tlens", (), True), ("nnsight, one by one", "nns", (), True),
        ("nnsight, batched", "nns", ("batched",), False), ("pyvene", "pyv", (), True),
    ):
        python = peers / {"tlens": "transformer-lens", "nns": "nnsight",
                          "pyv": "pyvene"}[module] / "bin" / "python"
        if python.exists():
            found.append(Contender(name, module, python, arguments, slow))
    return found


def enter(contender: Contender, shape: str, threads: int) -> Entrant | str:
    """Start a contender on a shape; what went wrong, as text, when it does not start."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1",
                                "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(
        [contender.python, "-W", "ignore", "-m", f"benchmarks.contenders.{contender.module}",
         str(shapes.folder(shape)), str(threads), *contender.arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, cwd=ROOT)
    hello = _answer(process)
    if isinstance(hello, str):
        return hello
    return Entrant(contender, process, hello["version"])


def race(
    entrants: list[Entrant], task: str, shape: str, length: int, rounds: int, sample: int
) -> None:
    """Run a task `rounds` times with each entrant in turn; times are added to the entrants.

    sample: cells on which slow contenders are timed; their time is scaled to all cells.
    Every KL is compared with NeuronScope's.
    """
    n_layers, n_heads = shapes.sizes(shape)
    everything = work.cells(task, n_layers, n_heads, length)
    step = max(1, len(everything) // sample)
    some = everything[::step]
    truth: list[float] = []
    for entrant in entrants:
        entrant.seconds, entrant.worst, entrant.problem = [], 0.0, ""
    for turn in range(rounds + 1):  # the first turn is a warm-up
        for entrant in entrants:
            chosen = some if entrant.contender.slow else everything
            if entrant.problem:
                continue
            entrant.process.stdin.write(json.dumps(
                {"length": length, "cells": [cell.__dict__ for cell in chosen]}) + "\n")
            entrant.process.stdin.flush()
            answer = _answer(entrant.process)
            if isinstance(answer, str):
                entrant.problem = answer
                continue
            if entrant.contender.name == OURS:
                truth = answer["kl"]
            compared = truth[::step] if entrant.contender.slow else truth
            entrant.worst = max(abs(mine - theirs) for mine, theirs in
                                zip(answer["kl"], compared, strict=True))
            if turn:
                entrant.seconds.append(answer["seconds"] * len(everything) / len(chosen))


def median(entrant: Entrant) -> float:
    """Seconds for all cells."""
    return statistics.median(entrant.seconds)


def _answer(process: subprocess.Popen) -> dict | str:
    line = process.stdout.readline()
    while line and not line.startswith("{"):
        line = process.stdout.readline()
    if line:
        return json.loads(line)
    last = process.stderr.read().strip().splitlines()
    return last[-1][:200] if last else "it ended without a word"
