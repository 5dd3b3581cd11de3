"""The contenders that need no other package do the same work and agree on every number."""

from __future__ import annotations

import pytest

from benchmarks import shapes, work
from benchmarks.contenders import ours, raw


@pytest.fixture(scope="module")
def runners():
    folder = shapes.folder("tiny")
    return {"ours": ours.make(folder), "raw": raw.make_with(1)(folder),
            "batched": raw.make_with(5)(folder)}


@pytest.mark.parametrize("task", work.TASKS)
def test_all_give_the_same_kl_for_every_cell(runners, task):
    cells = work.cells(task, *shapes.sizes("tiny"), 6)
    base, source = work.prompts(6)
    found = {name: run(cells, base, source) for name, run in runners.items()}
    assert max(found["raw"]) > 1e-3
    for values in found.values():
        assert values == pytest.approx(found["raw"], abs=1e-6)
        assert len(values) == len(cells)
