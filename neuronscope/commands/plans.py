"""`--dry-run`: what a run or a sweep would take, without making it."""

from __future__ import annotations

import argparse

from neuronscope.service.lab import Lab
from neuronscope.spec.experiments import Run, Sweep
from neuronscope.spec.plans import RunPlan
from neuronscope.spec.results import SweepPlan


def add(parser: argparse.ArgumentParser) -> None:
    """The flag, for a command that runs a spec."""
    parser.add_argument("--dry-run", action="store_true",
                        help="check the spec and print what it takes; run nothing")


def show(lab: Lab, spec: Run | Sweep, as_json: bool) -> int:
    """Prints the plan of a spec; the exit code. Raises: as the spec's start."""
    plan = lab.plan(spec)
    print(plan.model_dump_json() if as_json else "\n".join(lines(plan)))
    return 0


def lines(plan: RunPlan | SweepPlan) -> list[str]:
    """`5 forwards over 30 tokens`, or a sweep's cells and axes; then the hash it would have."""
    if isinstance(plan, RunPlan):
        parts = {kind: count for kind, count in plan.forwards.model_dump().items() if count}
        told = " + ".join(f"{count} {kind}" for kind, count in parts.items())
        takes = f"{_many(plan.n_forwards, 'forward')} over {_many(plan.n_tokens, 'token')} ({told})"
    else:
        axes = " × ".join(f"{dim} {len(plan.coords[dim])}" for dim in plan.dims)
        takes = (f"{_many(plan.n_cells, 'cell')} ({axes}); one forward at a time, "
                 f"{_many(plan.n_forwards, 'forward')}")
    return [takes, f"hash {plan.spec_hash}", "", "Nothing was run: --dry-run only checks."]


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
