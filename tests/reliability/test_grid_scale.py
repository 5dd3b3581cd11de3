"""A grid of ten thousand cells: stored, read, and written for a reader, every value as it was."""

from __future__ import annotations

import gc
import random
import statistics
import time

import pytest

from neuronscope.service.grids import SweepBody, grid_of
from neuronscope.spec.gridfile import packed, unpacked
from neuronscope.spec.results import Cell, SweepPlan, TokenScore
from neuronscope.store.store import Store
from tests.spec.test_gridfile import KEYS, head
from tests.store.test_store import draft

PER_COMMIT = 32


def cells(count: int) -> list[Cell]:
    draw = random.Random(0)
    found = []
    for index in range(count):
        if index % 100 == 7:
            found.append(Cell(index=index, values=dict.fromkeys(KEYS), error="out of memory",
                              status=dict.fromkeys(KEYS, "failed")))
            continue
        found.append(Cell(
            index=index, values={"kl": draw.random() ** 20, "prob:311": None},
            status={"kl": "ok", "prob:311": "undefined" if index % 2 else "non_finite"},
            top=TokenScore(id=draw.randrange(50_000), token=f" w{index % 500}",
                           logit=draw.gauss(0, 9), prob=draw.random())))
    return found


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path)
    yield opened
    opened.close()


def stored(store, rows: int, columns: int):
    """The cells of a new grid, and what reads it from the store."""
    coords = {"layer": tuple(range(rows)), "position": tuple(range(columns))}
    grid, count = head().model_copy(update={"coords": coords}), rows * columns
    plan = SweepPlan(spec_hash="a" * 64, resolved={}, dims=grid.dims, coords=coords,
                     n_cells=count, n_forwards=count)
    body = SweepBody(plan=plan, asked=grid.spec).with_head(grid)
    key = store.experiments.add(draft(kind="sweep", n_cells=count, body=body.model_dump_json()))
    made = cells(count)
    for first in range(0, count, PER_COMMIT):
        store.cells.add(key, made[first:first + PER_COMMIT])
    return made, lambda: grid_of(store.experiments.get(key), store.cells.plain(key))


def test_a_large_grid_is_read_as_it_was_stored(store, amount, figures):
    small, large = stored(store, 25, 40), stored(store, *amount((30, 30), (100, 100)))
    for made, read in (small, large):
        data = read()
        for name in KEYS:
            assert data.values[name] == [cell.values[name] for cell in made]
            assert data.status[name] == [cell.status[name] for cell in made]
        assert data.top == [cell.top for cell in made]
        assert data.errors == {str(cell.index): cell.error for cell in made if cell.error}
        assert unpacked(packed(data)) == data
    (made, read), few = large, small[1]
    told = {"cells": f"{len(made):,}", "as JSON": f"{len(data.model_dump_json()):,} bytes",
            "as arrays, float32": f"{len(packed(data, 'float32')):,} bytes"}
    gc.collect()
    gc.freeze()  # as a server does once it has started (service/opening.py)
    for what, made_by in (
            ("read from the store", read),
            ("read and written as JSON", lambda: read().model_dump_json()),
            ("read and written as arrays, float32", lambda: packed(read(), "float32")),
            ("1,000 cells, read from the store", few),
            ("1,000 cells, read and written as JSON", lambda: few().model_dump_json())):
        times = []
        for _ in range(amount(1, 25)):
            begun = time.perf_counter()
            made_by()
            times.append(1000 * (time.perf_counter() - begun))
        median, most = statistics.median(times), max(times)
        told[f"{what}, median (largest)"] = f"{median:.0f} ms ({most:.0f} ms)"
    gc.unfreeze()
    figures("grid", "A grid of 10,000 cells and two metrics on SQLite", told)
