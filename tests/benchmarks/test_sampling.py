"""What is timed of a grid stands for all of it."""

from __future__ import annotations

import pytest

from benchmarks import work
from benchmarks.sampling import affordable, allotted, scaled, scattered, spaced


@pytest.mark.parametrize("choose", [spaced, scattered])
@pytest.mark.parametrize("total", [1, 2, 7, 192, 18432])
def test_samples_are_ordered_distinct_and_one_of_each_part(choose, total):
    for count in {1, 2, min(7, total), total} - {0}:
        if count > total:
            continue
        found = choose(total, count)
        assert found == sorted(set(found))
        assert [at * count // total for at in found] == list(range(count)) or count == total
        assert found[0] >= 0 and found[-1] < total
    assert choose(total, total) == list(range(total))


def test_spread_cells_do_not_stay_in_one_column():
    """192 cells are 12 layers of 16 positions: every eighth would be two positions only."""
    cells = work.grid("residual", 12, 12, 16).cells()
    chosen = [cells[at] for at in scattered(len(cells), 24)]
    assert len({cell.position for cell in chosen}) > 8
    assert len({cell.layer for cell in chosen}) == 12


def test_evenly_spaced_steps_have_the_average_cost_of_all():
    total, count = 256, 4
    suffix = [total - at for at in spaced(total, count)]
    assert sum(suffix) / count == pytest.approx(sum(range(1, total + 1)) / total, rel=0.01)


def test_what_cells_share_is_not_scaled():
    assert scaled(10.0, 2.0, timed=4, total=400) == 210.0
    assert scaled(10.0, 2.0, timed=4, total=4) == 12.0


def test_as_many_steps_as_fit():
    assert affordable(1.0, 0.5, seconds=11.0, most=100) == 20
    assert affordable(1.0, 0.5, seconds=1e9, most=100) == 100
    assert affordable(20.0, 0.5, seconds=11.0, most=100) == 1
    assert affordable(0.0, 0.0, seconds=1.0, most=3) == 3


def test_time_left_over_goes_to_those_that_follow():
    assert allotted(100.0, [1.0, 3.0]) == 25.0
    assert allotted(-5.0, [1.0, 3.0]) == 0.0
    assert allotted(90.0, [3.0]) == 90.0


@pytest.mark.parametrize("task, cells", [("branches", 24), ("heads", 144), ("residual", 192),
                                         ("components", 576)])
def test_tasks_have_the_cells_that_they_say(task, cells):
    grid = work.grid(task, 12, 12, 16)
    assert len(grid.cells()) == len(set(grid.cells())) == cells
    assert set(grid.thinned(3).cells()) < set(grid.cells())
    assert len(grid.thinned(3).cells()) * grid.steps == cells * 3
    assert grid.thinned(grid.steps) == grid
