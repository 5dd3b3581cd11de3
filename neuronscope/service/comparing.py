"""Two outcomes of one spec, value by value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from neuronscope.service.strict_json import pointer_to
from neuronscope.spec.results import GridData, Result
from neuronscope.spec.verification import Difference, Leaf, Verdict, Verification

SHOWN = 20
"""So many differences are told one by one."""

NOT_MEASURED = {"spec", "environment", "started_at", "duration_s", "complete", "reasons"}
"""Parts of an outcome that say when, where and how far, not what came out."""

HOW = {"execution", "deviation", "controls", "errors"}
"""Parts of a grid that tell of the way it was run."""

_NOTHING = object()


def compared(key: str, stored: Result | GridData, found: Result | GridData,
             tolerance: float) -> Verification:
    """The verdict; cells that the stored grid does not have are left out."""
    unfinished = _unfinished(stored) if isinstance(stored, GridData) else set()
    pairs = [pair for pair in _pairs(_measured(stored), _measured(found), "")
             if _cell(pair[0]) not in unfinished]
    differing = [(where, before, after) for where, before, after in pairs
                 if not _same(before, after)]
    gaps = [_gap(before, after) for _, before, after in differing]
    worst = max(gaps, default=0.0)
    measured = max((gap for gap in gaps if math.isfinite(gap)), default=0.0)
    verdict: Verdict = ("exact" if not differing else
                        "within_tolerance" if worst <= tolerance else "mismatch")
    return Verification(
        id=key, spec_hash=stored.spec_hash, verdict=verdict, tolerance=tolerance,
        max_difference=measured, n_compared=len(pairs),
        n_differences=len(differing), environment=surroundings(stored, found.environment),
        differences=tuple(_difference(stored, *each) for each in differing[:SHOWN]))


def surroundings(stored: Result | GridData, now: dict[str, Any]) -> tuple[Difference, ...]:
    """What is not as it was in the environment; `batch` says how, not where."""
    names = sorted((stored.environment.keys() | now.keys()) - {"batch"})
    return tuple(_difference(None, pointer_to("", name), stored.environment.get(name),
                             now.get(name))
                 for name in names if stored.environment.get(name) != now.get(name))


def not_comparable(key: str, stored: Result | GridData, differing: list[Difference],
                   environment: dict[str, Any]) -> Verification:
    """The answer where running it again would show nothing."""
    return Verification(id=key, spec_hash=stored.spec_hash, verdict="not_comparable",
                        n_differences=len(differing), differences=tuple(differing[:SHOWN]),
                        environment=surroundings(stored, environment))


def differences(stored: Any, found: Any, root: str) -> list[Difference]:
    """Where two texts of plain data differ."""
    return [_difference(None, *each) for each in _pairs(stored, found, root)
            if not _same(*each[1:])]


def _measured(outcome: Result | GridData) -> Any:
    left_out = NOT_MEASURED | (HOW if outcome.kind == "sweep" else set())
    return outcome.model_dump(mode="json", exclude=left_out)


def _pairs(stored: Any, found: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """The leaves of two trees side by side; a pending cell has nothing to compare."""
    if isinstance(stored, dict) and isinstance(found, dict):
        for name in stored | found:
            yield from _pairs(stored.get(name, _NOTHING), found.get(name, _NOTHING),
                              pointer_to(where, name))
    elif isinstance(stored, list) and isinstance(found, list) and len(stored) == len(found):
        for index, pair in enumerate(zip(stored, found, strict=True)):
            yield from _pairs(*pair, f"{where}/{index}")
    else:
        yield where, stored, found


def _same(stored: Any, found: Any) -> bool:
    return type(stored) is type(found) and stored == found


def _gap(stored: Any, found: Any) -> float:
    """How far two measurements are apart, against the stored one; a token's id is none."""
    if not (isinstance(stored, float) and isinstance(found, float)):
        return math.inf
    return abs(stored - found) / max(1.0, abs(stored))


def _difference(grid: Result | GridData | None, where: str, stored: Any, found: Any) -> Difference:
    return Difference(where=where, stored=_leaf(stored), found=_leaf(found),
                      place=_place(grid, where) if isinstance(grid, GridData) else "")


def _leaf(value: Any) -> Leaf:
    if value is _NOTHING:
        return "(absent)"
    if value is None or isinstance(value, bool | str):
        return value
    return value if isinstance(value, int | float) else repr(value)


def _unfinished(grid: GridData) -> set[int | None]:
    """The cells that have not run, or that failed."""
    first = next(iter(grid.status.values()))
    return {index for index, status in enumerate(first)
            if status == "pending" or str(index) in grid.errors}


def _cell(where: str) -> int | None:
    """The cell that a pointer leads into."""
    parts = where.split("/")
    if parts[1] == "top" and len(parts) > 2:
        return int(parts[2])
    return int(parts[3]) if parts[1] in ("values", "status", "spread") and len(parts) > 3 else None


def _place(grid: GridData, where: str) -> str:
    """`site attn_out, layer 3` for a pointer into the cells of a grid."""
    index = _cell(where)
    if index is None:
        return ""
    told = []
    for dim in reversed(grid.dims):
        index, at = divmod(index, len(grid.coords[dim]))
        told.append(f"{dim} {grid.coords[dim][at]}")
    return ", ".join(reversed(told))
