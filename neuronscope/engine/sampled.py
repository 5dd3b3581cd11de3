"""Which cells of a fast sweep are run again one by one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from neuronscope.engine.entries import seen
from neuronscope.engine.fast import Fast, Numbered
from neuronscope.engine.plan import keys_of
from neuronscope.engine.rows import Edited
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Path

SAMPLED = 4
"""Most cells of a sweep that are run again one by one.

One for every 64 of them, at least one; of 64 or more, one of each site.
"""


def sampled(
    fast: Fast, cells: Sequence[Numbered], seed: str, skip: frozenset[int]
) -> dict[int, Edit]:
    """The cells that are run again one by one, drawn by `seed`, the spec's hash.

    Among those that go together first, so that they are known before any is handed on; of
    each site in turn, and such that are computed at all, as far as there are.
    """
    for batch in fast.batches(cells):
        if fresh := [each for each in batch if each[0] not in skip]:
            sites = len({edit.target.site for _, edit in fresh}) if len(fresh) >= 64 else 1
            count = min(SAMPLED, max(sites, len(fresh) // 64))
            drawn = _in_turn(random.Random(seed).sample(fresh, len(fresh)))
            moving = list(islice((each for each in drawn if _moves(fast, *each)), count))
            rest = (each for each in drawn if each not in moving and _runs(fast, *each))
            return dict([*moving, *islice(rest, count - len(moving))])
    return {}


def _in_turn(cells: Sequence[Numbered]) -> list[Numbered]:
    """The cells, those of each site in turn."""
    rounds: Counter[str] = Counter()
    placed = []
    for each in cells:
        site = each[1].target.site
        placed.append((rounds[site], each))
        rounds[site] += 1
    return [each for _, each in sorted(placed, key=lambda pair: pair[0])]


def _runs(fast: Fast, index: int, edit: Edit) -> bool:
    """Whether the cell can be run."""
    return isinstance(edit.op, Path) or fast.found(index, edit) is not None


def _moves(fast: Fast, index: int, edit: Edit) -> bool:
    """Whether the cell is more than a copy of the clean run, as far as is cheap to tell."""
    n_layers = fast.stream.n_layers
    if isinstance(edit.op, Path):
        ends = [layer or 0 for target in edit.op.to or () for _, layer in keys_of(target, n_layers)]
        (_, start), = keys_of(edit.target, n_layers)
        return not ends or (start or 0) <= max(ends)
    found = fast.found(index, edit)
    if isinstance(found, Edited):
        return seen(fast.stream, found)
    return found is not None and len(found.positions) > 0
