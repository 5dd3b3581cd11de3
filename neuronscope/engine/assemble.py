"""Grids from a head and whatever cells there are: whole, partial, or resumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from neuronscope.collecting import not_collecting
from neuronscope.spec.results import Cell, GridData, TokenScore

_TOP: TypeAdapter[list[TokenScore | None]] = TypeAdapter(list[TokenScore | None])


def with_cells(
    head: GridData, cells: Iterable[Cell], *, duration_s: float, reasons: Sequence[str] = ()
) -> GridData:
    """The head's grid with these cells filled in.

    It is complete only when every cell has run; otherwise `reasons` and the number of
    missing and failed cells are told.
    """
    values = {key: list(column) for key, column in head.values.items()}
    status = {key: list(column) for key, column in head.status.items()}
    spread = {key: list(column) for key, column in head.spread.items()}
    top = list(head.top)
    errors = dict(head.errors)
    for cell in cells:
        for key, column in values.items():
            column[cell.index] = cell.values[key]
            status[key][cell.index] = cell.status[key]
        for key, column in spread.items():
            column[cell.index] = cell.spread.get(key)
        top[cell.index] = cell.top
        if cell.error is not None:
            errors[str(cell.index)] = cell.error
    return _told(head, reasons, values=values, status=status, spread=spread, top=top,
                 errors=errors, duration_s=duration_s)


def with_plain(
    head: GridData, n_cells: int, cells: Sequence[Mapping[str, Any]], *, duration_s: float,
    reasons: Sequence[str] = ()
) -> GridData:
    """As `with_cells`, of a head without cells and of cells as plain data.

    cells: as `Cell` writes them, checked when they were stored; defaults may be left out. A
    grid of ten thousand is made in a fraction of the time that so many cells take.
    """
    indices = [cell["index"] for cell in cells]
    found = [cell["values"] for cell in cells]
    states = [cell["status"] for cell in cells]
    spreads = [cell.get("spread") or {} for cell in cells] if head.spread else []

    def spaced(column: list[Any], empty: Any) -> list[Any]:
        if indices == list(range(n_cells)):
            return column
        whole = [empty] * n_cells
        for index, value in zip(indices, column, strict=True):
            whole[index] = value
        return whole

    with not_collecting():
        top = _TOP.validate_python(spaced([cell.get("top") for cell in cells], None))
    return _told(
        head, reasons, duration_s=duration_s, top=top,
        values={key: spaced([each[key] for each in found], None) for key in head.metrics},
        status={key: spaced([each[key] for each in states], "pending") for key in head.metrics},
        spread={key: spaced([each.get(key) for each in spreads], None) for key in head.spread},
        errors={str(cell["index"]): cell["error"] for cell in cells
                if cell.get("error") is not None})


def _told(head: GridData, reasons: Sequence[str], **columns: Any) -> GridData:
    """The grid of these columns, which says whether and why it is not complete."""
    first = next(iter(columns["status"].values()))
    missing, failed = first.count("pending"), len(columns["errors"])
    told = list(reasons)
    if missing:
        told.append(f"{missing} of {len(first)} cells have not run")
    if failed:
        told.append(f"{failed} of {len(first)} cells failed")
    return head.model_copy(update=columns | {
        "complete": not (missing or failed), "reasons": tuple(told)})
