"""What a grid's numbers say, in a line: the same places that the page names above the grid."""

from __future__ import annotations

from itertools import groupby

from neuronscope.service.measured import amount, name_of
from neuronscope.service.places import place, words_at
from neuronscope.spec.ops import Patch
from neuronscope.spec.results import GridData, MetricInfo
from neuronscope.spec.target import Target

HALF = 0.5
STREAM = {"resid_pre": "entering", "resid_mid": "in the middle of", "resid_post": "leaving"}
NAMED = 3
"""Cells or positions that a line names before it only counts them."""


def headline_of(grid: GridData) -> str:
    """Where half of a patched stream's difference sits; of other grids the strongest cells.

    Ties are named as ties; empty where no cell has a value.
    """
    if any(control.passed is False for control in grid.controls):
        return "a control failed"
    key = _told(grid)
    metric, clean = grid.metrics[key], grid.metrics[key].clean or 0.0
    effects = {index: value - clean for index, value in enumerate(grid.values[key])
               if value is not None}
    if not effects:
        return ""
    if max(map(abs, effects.values())) <= (metric.floor or 0.0):
        return f"nothing moves {name_of(metric)} above the noise floor"
    return _carried(grid, key, effects) or _most(grid, key, effects)


def _told(grid: GridData) -> str:
    """The metric that the page shows first."""
    for key, metric in grid.metrics.items():
        if metric.kind == "recovered" and any(value is not None for value in grid.values[key]):
            return key
    keys = list(grid.metrics)
    return next((key for key in keys if key != "kl"), keys[0])


def _carried(grid: GridData, key: str, effects: dict[int, float]) -> str:
    """Of patches of one part of the stream: where a cell does half of the full patch."""
    sites = grid.coords.get("site", ())
    axes = all(len(grid.coords.get(dim, ())) > 1 for dim in ("layer", "position"))
    whole = _full(grid, key)
    if (not isinstance(grid.spec.op, Patch) or len(sites) != 1 or sites[0] not in STREAM
            or not axes or whole is None or abs(whole) <= (grid.metrics[key].floor or 0.0)):
        return ""
    columns: dict[int, list[int]] = {}
    for index, effect in effects.items():
        if effect / whole >= HALF:
            at = _point(grid, index)
            columns.setdefault(int(at["position"]), []).append(int(at["layer"]))
    if not columns:
        return ""
    order = sorted(columns, key=lambda position: (min(columns[position]), position))
    verb = STREAM[str(sites[0])]
    places = [f"{words_at(position, grid.tokens)} {verb} layer{'s' * (len(columns[position]) > 1)} "
              f"{_ranges(sorted(columns[position]))}" for position in order]
    more = f" and {len(places) - NAMED} more positions" if len(places) > NAMED else ""
    return (f"half of the full patch or more at {', '.join(places[:NAMED])}{more} "
            f"({name_of(grid.metrics[key])})")


def _full(grid: GridData, key: str) -> float | None:
    """What the full patch does to a metric; None where it was not run."""
    for control in grid.controls:
        found = control.metrics.get(key) if control.kind == "full_patch" else None
        if found is not None and found.found is not None:
            return found.found - (grid.metrics[key].clean or 0.0)
    return None


def _most(grid: GridData, key: str, effects: dict[int, float]) -> str:
    most = max(effects, key=lambda index: abs(effects[index]))
    said = _cell(grid.metrics[key], grid.values[key][most])
    alike = [index for index in effects
             if _cell(grid.metrics[key], grid.values[key][index]) == said]
    if len(alike) > NAMED:
        return f"most at {len(alike)} cells alike: {said}"
    return f"most at {' and at '.join(_place(grid, index) for index in alike)}: {said}"


def _cell(metric: MetricInfo, value: float | None) -> str:
    return f"{name_of(metric)} {amount(value or 0.0, metric.unit)}"


def _point(grid: GridData, index: int) -> dict[str, int | str]:
    point: dict[str, int | str] = {}
    for dim in reversed(grid.dims):
        index, at = divmod(index, len(grid.coords[dim]))
        point[dim] = grid.coords[dim][at]
    return point


def _place(grid: GridData, index: int) -> str:
    return place(Target.model_validate(_point(grid, index)), grid.tokens)


def _ranges(numbers: list[int]) -> str:
    """`0-3, 5` of sorted whole numbers."""
    runs = [[number for _, number in run] for _, run in
            groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
