"""The line of an experiment in the history: its prompt, what was done, and what came out."""

from __future__ import annotations

from collections.abc import Sequence

from neuronscope.service.headline import headline_of
from neuronscope.spec.experiments import AXIS_FIELDS, Edit, Run, Sweep
from neuronscope.spec.results import GridData, MetricValue, Result, Token

SHOWN = 3
"""Edits that a title names before it says how many more there are."""


def prompt_text(spec: Run | Sweep, tokens: Sequence[Token]) -> str:
    """The prompt as a text, also where it was given as token ids."""
    return spec.prompt if isinstance(spec.prompt, str) else "".join(each.text for each in tokens)


def title(spec: Run | Sweep) -> str:
    """`zero mlp_out.0`; `patch resid_pre × layer × position`; then ` | held: …`."""
    held = f" | held: {_named(spec.held)}" if spec.held else ""
    if isinstance(spec, Sweep):
        axes = [axis for axis, field in AXIS_FIELDS.items() if getattr(spec.over, field)]
        return " × ".join([f"{spec.op.kind} {', '.join(spec.over.sites)}", *axes]) + held
    return (_named(spec.edits) or "no edit") + held


def uses(spec: Run | Sweep) -> frozenset[tuple[str, str]]:
    """The sites and operations of a spec, as the history filters by them."""
    edits = [*spec.held, *(spec.edits if isinstance(spec, Run) else ())]
    found = {("site", edit.target.site) for edit in edits}
    found |= {("op", edit.op.kind) for edit in edits}
    if isinstance(spec, Sweep):
        found |= {("op", spec.op.kind), *(("site", site) for site in spec.over.sites)}
    return frozenset(found)


def _named(edits: Sequence[Edit]) -> str:
    named = [f"{edit.op.kind} {edit.target}" for edit in edits[:SHOWN]]
    more = len(edits) - SHOWN
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def run_headline(result: Result) -> str:
    """The first metric, clean → edited, and the top token if it changed."""
    metric = next(iter(result.metrics.values()))
    return f"{_measured(metric)}{_flip(result)}"


def _flip(result: Result) -> str:
    """The top token before and after, where they differ; nothing where logits are not finite."""
    tops = [readout.top[:1] for readout in (result.clean, result.edited)]
    if not all(top and top[0].logit is not None for top in tops):
        return ""
    (before,), (after,) = tops
    return "" if before.id == after.id else f"; {before.token!r} → {after.token!r}"


def _measured(metric: MetricValue) -> str:
    if metric.edited is None:
        return f"{metric.label}: {metric.status.replace('_', '-')}"
    before = "" if metric.clean is None or not metric.tokens else f"{_short(metric.clean)} → "
    return f"{metric.label}: {before}{_short(metric.edited)} {metric.unit}"


def sweep_headline(grid: GridData, done: int) -> str:
    """What the grid's page says of it, in a line: where most or half of the change is."""
    cells = len(grid.top)
    count = f"{cells} cells" if done == cells else f"{done} of {cells} cells"
    said = headline_of(grid)
    return f"{count}; {said}" if said else count


def _short(value: float) -> str:
    return f"{value:.3g}"
