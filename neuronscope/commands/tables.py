"""Results as text: pure functions from results to lines."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Sequence

import numpy as np

from neuronscope.commands.controls import told
from neuronscope.spec.experiments import Edit
from neuronscope.spec.grid import Grid
from neuronscope.spec.results import GridData, Readout, Record, Result

SHADES = " ░▒▓█"
TOP_SHOWN = 5
NUMBER_WIDTH = 8

ONE_PROMPT = ("This is one prompt and one kind of edit: other parts of the model may make up for "
              "what is removed, and zeros are not values the model is used to.")


def number(value: float | None) -> str:
    """Three significant digits; `–` where there is no value."""
    if value is None or np.isnan(value):
        return "–"
    if value == 0:
        return "0"
    return f"{value:.3f}" if 0.01 <= abs(value) < 100 else f"{value:.3g}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the first column flush left and the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                      for index, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in rows]


def top_tokens(readout: Readout, count: int = TOP_SHOWN) -> str:
    """`" Paris" 0.87, " the" 0.03`."""
    return ", ".join(f'"{each.token}" {number(each.prob)}' for each in readout.top[:count])


def named_edits(edits: Sequence[Edit]) -> str:
    """`zero mlp_out.0, patch resid_pre.2@-1`."""
    return ", ".join(f"{edit.op.kind} {edit.target}" for edit in edits)


def run_lines(result: Result) -> list[str]:
    """A run for reading: tokens, metrics with their noise floor, top tokens, warnings."""
    several = result.draws > 1
    rows = [["metric", "clean", "edited", *(["spread"] if several else []), "change",
             "noise floor", "unit"]]
    for value in result.metrics.values():
        spread = [value.spread] if several else []
        shown = [number(part) for part in (value.clean, value.edited, *spread, value.change,
                                           value.floor)]
        unit = value.unit if value.status == "ok" else value.status.replace("_", "-")
        rows.append([value.label, *shown, unit])
    edits = named_edits(result.spec.edits) or "no edit"
    held = f", with {named_edits(result.spec.held)} held" if result.spec.held else ""
    return [
        f"{result.model.id}: {edits}{held}{f', {result.draws} draws' if several else ''}",
        f"tokens  {' '.join(f'{each.index}:{each.text!r}' for each in result.tokens)}", "",
        *table(rows), "",
        f"clean   {top_tokens(result.clean)}",
        f"edited  {top_tokens(result.edited)}",
        *(f"warning {note.code}: {note.text}" for note in result.warnings),
    ]


def record_lines(record: Record) -> list[str]:
    """A stored experiment for reading."""
    result = record.result
    lines = (run_lines(result) if isinstance(result, Result)
             else sweep_lines(Grid(result), width=100))
    about = [text for text in (record.name, record.notes, " ".join(record.tags)) if text]
    return [*lines, *about, "", f"id {record.id}  {record.state}  {record.created_at}",
            f"hash {result.spec_hash}"]


def sweep_lines(grid: Grid, width: int) -> list[str]:
    """A sweep for reading: one table or shaded map per metric and leading coordinate."""
    data = grid.data
    lines = [f"{data.model.id}: {data.spec.op.kind}, {len(data.top)} cells; "
             f"clean {top_tokens(data.clean, 3)}"]
    for key, metric in data.metrics.items():
        clean = "" if metric.clean is None else f", clean {number(metric.clean)}"
        floor = "" if metric.floor is None else f", noise floor {number(metric.floor)}"
        lines += ["", f"{metric.label} of the edited run ({metric.unit}{clean}{floor})"]
        lines += _blocks(grid, key, width)
        lines += _beside(data, key)
    lines += ["", f"how: {data.execution}"]
    lines += [f"control: {told(control, grid)}" for control in data.controls]
    lines += [f"incomplete: {reason}" for reason in data.reasons]
    lines += [f"failed: {place}: {error}" for place, error in data.errors.items()]
    return lines


def _blocks(grid: Grid, key: str, width: int) -> list[str]:
    """The grid as matrices of its last two dimensions."""
    dims = _shown_last(grid)
    values = grid.values[key].transpose([grid.dims.index(dim) for dim in dims])
    if len(dims) < 2:
        return _matrix(grid, values.reshape(-1, 1), (dims[0] if dims else "", ""), width)
    lines: list[str] = []
    for index in itertools.product(*(range(size) for size in values.shape[:-2])):
        if index:
            at = ", ".join(f"{dim} {_label(grid, dim, grid.coords[dim][i])}"
                           for dim, i in zip(dims, index, strict=False))
            lines.append(f"-- {at}")
        lines += _matrix(grid, values[index], (dims[-2], dims[-1]), width)
    return lines


def _shown_last(grid: Grid) -> list[str]:
    """The dimensions, sites and those of one coordinate first: a matrix is of what varies."""
    return sorted(grid.dims, key=lambda dim: dim != "site" and len(grid.coords[dim]) > 1)


def _beside(data: GridData, key: str) -> list[str]:
    """What the cells' values alone do not show: the spread of draws, and why some have none."""
    spread = [value for value in data.spread.get(key, ()) if value is not None]
    missing = collections.Counter(status for status in data.status[key] if status != "ok")
    lines = [f"standard deviation between draws: {number(min(spread))} to {number(max(spread))}"
             ] if spread else []
    return lines + [f"– {status.replace('_', '-')}: {count} cells"
                    for status, count in missing.items()]


def _matrix(grid: Grid, values: np.ndarray, dims: tuple[str, str], width: int) -> list[str]:
    rows, columns = dims
    labels = [_label(grid, rows, each) for each in grid.coords[rows]] if rows else [""]
    heads = [_label(grid, columns, each) for each in grid.coords[columns]] if columns else [""]
    corner = f"{rows} × {columns}" if columns else rows
    if len(corner) + sum(max(NUMBER_WIDTH, len(head) + 2) for head in heads) <= width:
        return table([[corner, *heads],
                      *([label, *map(number, row)]
                        for label, row in zip(labels, values, strict=True))])
    return _shaded(values, labels, corner)


def _shaded(values: np.ndarray, labels: list[str], corner: str) -> list[str]:
    """One character a cell, from the least to the greatest value; `?` where there is none."""
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    span = (high - low) or 1.0
    side = max(map(len, labels))
    lines = [f"{corner}: '{SHADES[0]}' is {number(low)}, '{SHADES[-1]}' is {number(high)}"]
    for label, row in zip(labels, values, strict=True):
        cells = "".join("?" if np.isnan(value) else
                        SHADES[round((value - low) / span * (len(SHADES) - 1))] for value in row)
        lines.append(f"{label.rjust(side)} |{cells}|")
    return lines


def _label(grid: Grid, dim: str, coordinate: int | str) -> str:
    if dim in ("position", "key") and isinstance(coordinate, int):
        return f"{coordinate}:{grid.data.tokens[coordinate].text.strip() or '·'}"
    return str(coordinate)
