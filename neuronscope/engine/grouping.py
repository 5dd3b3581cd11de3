"""Which rows go together: a plan that depends on the cells alone, never on what is done.

A step over few tokens costs as much as one over some dozens: the layer's weights have to be
read (on a CPU) or its kernels launched (on a GPU). Rows that start a little later are therefore
run from an earlier start, on clean tokens that they do not need, where that is cheaper than a
step of their own. And the head, the largest matrix of all, is run for many rows at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from neuronscope.engine.budget import Budget
from neuronscope.engine.rows import Row

HEAD_ROWS = 128
"""Rows after which the head is run; fewer when they are many tokens."""
HEAD_TOKENS = 16
"""The same in steps of the budget's tokens, counted in each layer that a row passes."""
REACH = 32
"""Starts that are considered together."""


def chunks(
    rows: Sequence[Row], last: int, n_layers: int, budget: Budget
) -> Iterator[list[Row]]:
    """Rows that go through the layers together, near in start and layer; as many as fit."""
    for together in _spans(rows, last, n_layers, budget.step_cost):
        size = budget.rows(last + 1 - together[0].start)
        ordered = sorted(together, key=lambda row: (row.layer, row.start, row.index))
        for first in range(0, len(ordered), size):
            yield ordered[first:first + size]


def _spans(
    rows: Sequence[Row], last: int, n_layers: int, step_cost: int
) -> Iterator[list[Row]]:
    """Neighbouring starts put together where that is the cheapest in all."""
    starts = [list(group) for _, group in itertools.groupby(
        sorted(rows, key=lambda row: (row.start, row.layer, row.index)),
        key=lambda row: row.start)]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(starts) + 1):
        choices = []
        passed, lowest = 0, n_layers
        for begin in range(end - 1, max(-1, end - 1 - REACH), -1):
            passed += sum(n_layers - row.layer for row in starts[begin])
            lowest = min(lowest, starts[begin][0].layer)
            tokens = last + 1 - starts[begin][0].start
            cost = best[begin][0] + passed * tokens + (n_layers - lowest) * step_cost
            choices.append((cost, begin))
        best.append(min(choices))
    cuts, end = [], len(starts)
    while end:
        cuts.append((best[end][1], end))
        end = best[end][1]
    for begin, end in reversed(cuts):
        yield [row for group in starts[begin:end] for row in group]


def groups(
    parts: Sequence[list[Row]], last: int, n_layers: int, budget: Budget
) -> list[list[list[Row]]]:
    """Chunks whose rows reach the head together."""
    found: list[list[list[Row]]] = []
    rows = passed = 0
    for part in parts:
        tokens = last + 1 - min(row.start for row in part)
        work = sum(n_layers - row.layer for row in part) * tokens
        if not found or rows + len(part) > min(HEAD_ROWS, budget.rows_of_logits) or (
                passed + work > HEAD_TOKENS * budget.tokens):
            found.append([])
            rows = passed = 0
        found[-1].append(part)
        rows, passed = rows + len(part), passed + work
    return found
