"""What a run takes: its forwards, counted from its resolved spec before any of them is made.

Follows `Model.run`: what each draw's `prepare` gathers and runs, and its edited forward.
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronscope.engine.draws import draws_of, in_order
from neuronscope.engine.resolve import Resolved
from neuronscope.spec.experiments import Run
from neuronscope.spec.ops import Add, Mean, Op, Patch, Path, PromptDifference, Resample
from neuronscope.spec.plans import Forwards, RunPlan

Ids = tuple[int, ...]


def run_plan(resolved: Resolved) -> RunPlan:
    """The forwards of a run; `resolved` is one's."""
    spec = resolved.spec
    assert isinstance(spec, Run)
    draws = draws_of(spec)
    paths = [edit.op for edit in spec.edits if isinstance(edit.op, Path)]
    read_at_once = any(op.to is None for op in paths)
    sources = [len(ids) for ids in _sources(spec, draws)]
    forwards = Forwards(
        clean=draws, unchanged=draws, edited=0 if read_at_once else draws,
        path=draws * len(paths), plain=draws if spec.held else 0, source=len(sources))
    own = forwards.total - forwards.source
    return RunPlan(
        spec_hash=resolved.spec_hash, resolved=resolved.form, draws=draws, forwards=forwards,
        n_forwards=forwards.total, n_tokens=own * len(spec.prompt) + sum(sources))


def _sources(spec: Run, draws: int) -> Iterator[Ids]:
    """The prompts that edits take something from, of all draws; see `sources.gather`.

    Edits with one operation share its forwards, edits with different ones do not.
    """
    ops = list(dict.fromkeys(edit.op for edit in (*spec.edits, *spec.held)))
    fixed = [ids for op in ops for ids in _prompts(op)]
    patched = {op.source_prompt for op in ops if isinstance(op, Patch) and op.positions is None}
    drawn = [(op.draws, in_order(op)) for op in ops if isinstance(op, Resample)]
    for draw in range(draws):
        yield from fixed
        yield from {order[draw if several > 1 else 0] for several, order in drawn} - patched


def _prompts(op: Op) -> tuple[Ids, ...]:
    """The prompts that are run for an operation, the same in every draw."""
    match op:
        case Patch() | Path():
            return (op.source_prompt,)
        case Mean():
            return op.reference.prompts
        case Add(direction=PromptDifference() as direction):
            return (*direction.positive, *direction.negative)
        case _:
            return ()
