"""Times sweeps against other libraries, and writes docs/benchmarks.md.

    python -m benchmarks [--shapes gpt2-small,llama-0.5b] [--lengths 16,64,256]
                         [--tasks branches,heads,residual] [--rounds 3] [--no-peers]

Peers are installed by pip into environments of their own under .build/bench; one that cannot
be installed is left out, and the table says so. Random weights: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

import torch

from benchmarks import shapes, work
from benchmarks.race import ROOT, contenders, enter, race
from benchmarks.report import Row, matmul_rate, write

PEERS = ("transformer-lens==4.3.0", "nnsight==0.8.1", "pyvene==0.1.8")
THREADS = os.cpu_count() or 1


def main() -> int:
    """Run the races that were asked for."""
    given = _arguments()
    if not given.no_peers:
        for peer in PEERS:
            _install(given.peers, peer)
    rows = [row for shape in given.shapes.split(",")
            for row in _shape(shape, given)]
    write(given.out, rows, matmul_rate(), THREADS)
    return 0


def _arguments() -> argparse.Namespace:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=plain)
    parser.add_argument("--shapes", default="gpt2-small,llama-0.5b")
    parser.add_argument("--lengths", default="16,64")
    parser.add_argument("--tasks", default=",".join(work.TASKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=int, default=12)
    parser.add_argument("--peers", type=Path, default=shapes.BUILD)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--no-peers", action="store_true")
    return parser.parse_args()


def _install(folder: Path, peer: str) -> None:
    """An environment with one peer, made once."""
    home = folder / peer.split("==", maxsplit=1)[0]
    if (home / "bin" / "python").exists():
        return
    print(f"installing {peer} …", file=sys.stderr)
    venv.create(home, with_pip=True)
    done = subprocess.run([home / "bin" / "python", "-m", "pip", "install", "-q",
                           f"torch=={torch.__version__.split('+')[0]}", peer], check=False)
    if done.returncode:
        print(f"{peer} could not be installed and is left out", file=sys.stderr)


def _shape(shape: str, given: argparse.Namespace) -> list[Row]:
    entrants, rows = [], []
    for contender in contenders(given.peers):
        entrant = enter(contender, shape, THREADS)
        if isinstance(entrant, str):
            print(f"{contender.name} does not start on {shape}: {entrant}", file=sys.stderr)
            continue
        entrants.append(entrant)
    for task in given.tasks.split(","):
        for length in map(int, given.lengths.split(",")):
            race(entrants, task, shape, length, given.rounds, given.sample)
            rows += [Row.of(shape, task, length, entrant) for entrant in entrants]
            for row in rows[-len(entrants):]:
                print(row, flush=True)
    for entrant in entrants:
        entrant.process.stdin.close()
        entrant.process.wait(timeout=60)
    return rows


if __name__ == "__main__":
    sys.exit(main())
