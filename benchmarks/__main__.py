"""Races NeuronScope's sweeps against hooks, TransformerLens, nnsight and pyvene.

    python3 run.py bench                 everything, about 25 minutes on two cores
    python3 run.py bench --quick         one shape, short prompts, about 3 minutes

The other libraries are installed by pip into environments of their own, once. Weights are
random, in the shape of known models: speed does not depend on what a model knows. Results
go into docs/benchmarks.md and docs/benchmarks.json; progress is told on stderr.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import sys
import time
from pathlib import Path

import torch

from benchmarks import machine, peers, report, shapes, work
from benchmarks.entrant import ROOT, Entrant
from benchmarks.peers import say
from benchmarks.race import Record, race
from benchmarks.sampling import allotted

QUICK = {"shapes": "gpt2-small", "lengths": "16,64", "minutes": 3.0}


def main() -> int:
    """Run the races that were asked for, and write what was measured."""
    given = arguments(sys.argv[1:])
    torch.set_num_threads(given.threads)
    missing = {} if given.no_peers else peers.install(given.peers)
    for package, problem in missing.items():
        say(f"{package} {problem}")
    run = report.Run(machine.described(given.threads), _told(sys.argv[1:]))
    end = time.monotonic() + 60 * given.minutes
    names = given.shapes.split(",")
    for at, shape in enumerate(names):
        device = given.device or shapes.SHAPES[shape].device
        if device == "cuda" and not torch.cuda.is_available():
            run.not_run[shape] = "there is no CUDA device on this machine"
            say(f"{shape} is not run: {run.not_run[shape]}")
            continue
        weights = [cost(name) for name in names[at:] if name == shape or _here(name, given)]
        _shape(run, shape, device, given, allotted(end - time.monotonic(), weights), missing)
        report.write(given.out, run)
    say(f"written: {given.out} and {given.out.with_suffix('.json')}")
    return 0


def arguments(words: list[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="run.py bench", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one shape and 3 minutes")
    parser.add_argument("--shapes", default="gpt2-small,llama-0.5b,gemma-3-4b",
                        help=f"of {', '.join(shapes.SHAPES)}")
    parser.add_argument("--lengths", default="16,64,256", help="tokens of the prompts")
    parser.add_argument("--tasks", default=",".join(work.TASKS))
    parser.add_argument("--minutes", type=float, default=25.0,
                        help="about how long to measure; fewer cells are timed in less")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender, at most")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", choices=("cpu", "cuda"), help="by default that of the shape")
    parser.add_argument("--peers", type=Path, default=shapes.BUILD,
                        help="folder of the other libraries' environments")
    parser.add_argument("--no-peers", action="store_true", help="only NeuronScope and hooks")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    quick = {key: value for key, value in QUICK.items() if "--quick" in words}
    parser.set_defaults(**quick)
    return parser.parse_args(words)


def cost(shape: str, length: int = 64) -> float:
    """About how much longer than another a shape's race needs: the root of a forward's work."""
    layers, _ = shapes.sizes(shape)
    products = layers * length * sum(a * b for a, b in shapes.products(shape))
    return math.sqrt(products / (100 if shapes.SHAPES[shape].device == "cuda" else 1))


def _here(shape: str, given: argparse.Namespace) -> bool:
    return (given.device or shapes.SHAPES[shape].device) == "cpu" or torch.cuda.is_available()


def _shape(run: report.Run, shape: str, device: str, given: argparse.Namespace, seconds: float,
           missing: dict[str, str]) -> None:
    """All races on one shape, shorter prompts first; what one leaves over, the next ones have."""
    end = time.monotonic() + seconds
    say(f"{shape}: starting the contenders ({seconds / 60:.0f} minutes)")
    shapes.folder(shape)
    wanted = [each for each in peers.CONTENDERS
              if not (each.package and (given.no_peers or each.package in missing))]
    entrants = [Entrant(each, shape, device=device, threads=given.threads, peers=given.peers)
                for each in wanted]
    for each in entrants:
        each.greet()
        run.versions[each.contender.name] = each.version or each.problem
    end = max(end, time.monotonic() + seconds / 2)  # where starting has taken most of it
    if not given.no_peers:
        run.versions |= {each.name: missing[each.package] for each in peers.CONTENDERS
                         if each.package in missing}
    plan = list(itertools.product(map(int, given.lengths.split(",")), given.tasks.split(",")))
    dtype = shapes.SHAPES[shape].dtype
    for at, (length, task) in enumerate(plan):
        part = allotted(end - time.monotonic(), [cost(shape, each) for each, _ in plan[at:]])
        say(f"{shape}, {length} tokens: {work.TOLD[task]} ({part:.0f} s)")
        rates = {"square": machine.square_rate(device, dtype),
                 "model": machine.model_rate(shape, device)}
        grid = work.grid(task, *shapes.sizes(shape), length)
        records = race(entrants, shape, task, length, grid, seconds=part, rounds=given.rounds,
                       dtype=dtype)
        records += [Record(shape, task, length, each.name, len(grid.cells()),
                           problem=missing[each.package]) for each in peers.CONTENDERS
                    if each.package in missing]
        run.races.append(report.Race(shape, task, length, device, dtype, rates, records))
    for entrant in entrants:
        entrant.leave()


def _told(words: list[str]) -> str:
    """The options as the page names them: folders of one's own machine are left out."""
    kept = [word for before, word in zip(["", *words], words, strict=False)
            if not {"--peers", "--out"} & {before, word} and not word.startswith(
                ("--peers=", "--out="))]
    return " ".join(kept)


if __name__ == "__main__":
    sys.exit(main())
