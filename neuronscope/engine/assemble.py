"""Grids from a head and whatever cells there are: whole, partial, or resumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neuronscope.spec.results import Cell, GridData


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
    first = next(iter(status.values()))
    missing, failed = first.count("pending"), len(errors)
    told = list(reasons)
    if missing:
        told.append(f"{missing} of {len(first)} cells have not run")
    if failed:
        told.append(f"{failed} of {len(first)} cells failed")
    return head.model_copy(update={
        "values": values, "status": status, "spread": spread, "top": top, "errors": errors,
        "complete": not (missing or failed), "reasons": tuple(told), "duration_s": duration_s})
