"""The line of an experiment in the history: its prompt, what was done, and what came out."""

from __future__ import annotations

from collections.abc import Sequence

from neuronscope.service.headline import headline_of
from neuronscope.service.measured import amount, figure, name_of
from neuronscope.service.places import SWEPT, edit_text, visible
from neuronscope.spec.experiments import AXIS_FIELDS, Edit, Run, Sweep
from neuronscope.spec.results import GridData, MetricValue, Result, Token

SHOWN = 3
"""Edits that a title names before it says how many more there are."""


def prompt_text(spec: Run | Sweep, tokens: Sequence[Token]) -> str:
    """The prompt as a text, also where it was given as token ids."""
    return spec.prompt if isinstance(spec.prompt, str) else "".join(each.text for each in tokens)


def title(spec: Run | Sweep, tokens: Sequence[Token]) -> str:
    """`zero MLP of layer 0`; `patch stream in at each layer and position`; `; held: …` behind."""
    held = f"; held: {_named(spec.held, tokens)}" if spec.held else ""
    if isinstance(spec, Sweep):
        axes = [axis for axis, field in AXIS_FIELDS.items() if getattr(spec.over, field)]
        each = f" at each {_joined(axes)}" if axes else ""
        return f"{spec.op.kind} {_joined([SWEPT[site] for site in spec.over.sites])}{each}{held}"
    return (_named(spec.edits, tokens) or "no edit") + held


def uses(spec: Run | Sweep) -> frozenset[tuple[str, str]]:
    """The sites and operations of a spec, as the history filters by them."""
    edits = [*spec.held, *(spec.edits if isinstance(spec, Run) else ())]
    found = {("site", edit.target.site) for edit in edits}
    found |= {("op", edit.op.kind) for edit in edits}
    if isinstance(spec, Sweep):
        found |= {("op", spec.op.kind), *(("site", site) for site in spec.over.sites)}
    return frozenset(found)


def _named(edits: Sequence[Edit], tokens: Sequence[Token]) -> str:
    return few([edit_text(edit, tokens) for edit in edits])


def few(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _joined(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


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
    if before.id == after.id:
        return ""
    return f"; {visible(before.token)} → {visible(after.token)}"


def _measured(metric: MetricValue) -> str:
    if metric.edited is None:
        return f"{name_of(metric)}: {metric.status.replace('_', '-')}"
    before = metric.clean if metric.tokens else None
    told = "" if before is None else f"{figure(before, metric.unit)} → "
    return f"{name_of(metric)} {told}{amount(metric.edited, metric.unit)}"


def sweep_headline(grid: GridData, done: int) -> str:
    """What the grid's page says of it, in a line: where most or half of the change is."""
    cells = len(grid.top)
    count = f"{cells} cells" if done == cells else f"{done} of {cells} cells"
    said = headline_of(grid)
    return f"{count}; {said}" if said else count
