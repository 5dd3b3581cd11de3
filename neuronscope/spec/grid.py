"""A sweep's outcome with numpy arrays over named dimensions."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.results import GridData, one_key
from neuronscope.spec.target import Target


class ArrayTable(dict[str, np.ndarray]):
    """Arrays by metric key, or by bare kind where only one metric has it."""

    def __missing__(self, kind: str) -> np.ndarray:
        return self[one_key(kind, list(self))]


@dataclass(frozen=True)
class Grid:
    """`values[metric]` and `status[metric]` are arrays of shape [len(coords[d]) for d in dims].

    Values are float64 and NaN wherever the status is not "ok". Anything else of the
    record (`spec_hash`, `clean`, `complete`, …) is on `data`, and reachable from here.
    """

    data: GridData

    @property
    def dims(self) -> tuple[str, ...]:
        return self.data.dims

    @property
    def coords(self) -> dict[str, tuple[Any, ...]]:
        return self.data.coords

    @property
    def spec_hash(self) -> str:
        return self.data.spec_hash

    @property
    def complete(self) -> bool:
        return self.data.complete

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(self.coords[dim]) for dim in self.dims)

    @cached_property
    def values(self) -> ArrayTable:
        return ArrayTable(
            {key: np.array(cells, dtype=np.float64).reshape(self.shape)
             for key, cells in self.data.values.items()}
        )

    @cached_property
    def status(self) -> ArrayTable:
        return ArrayTable(
            {key: np.array(cells, dtype=object).reshape(self.shape)
             for key, cells in self.data.status.items()}
        )

    def clean(self, metric: str) -> float | None:
        """The metric's value on the clean run."""
        return self.data.metrics[one_key(metric, list(self.data.metrics))
                                 if metric not in self.data.metrics else metric].clean

    def run_of(self, *indices: int) -> Run:
        """The run of one cell, or of several cells' edits together, as a spec of its own.

        indices: of cells, in row-major order; `np.argsort(grid.values["kl"].ravel())` has them.
        Raises: IndexError for an index that the grid does not have.
        """
        spec = self.data.spec
        points = list(itertools.product(*(self.coords[dim] for dim in self.dims)))
        edits = []
        for index in indices:
            if not 0 <= index < len(points):
                raise IndexError(f"cell {index}: the grid has cells 0 to {len(points) - 1}")
            edits.append(Edit(Target(**dict(zip(self.dims, points[index], strict=True))), spec.op))
        shared = {name: getattr(spec, name) for name in Run.model_fields if name != "edits"}
        return Run(edits=edits, **shared)

    def rows(self) -> list[dict[str, Any]]:
        """One flat row per cell: coordinates, then each metric's value and status."""
        labels = itertools.product(*(self.coords[dim] for dim in self.dims))
        rows = []
        for index, point in enumerate(labels):
            row: dict[str, Any] = dict(zip(self.dims, point, strict=True))
            for key in self.data.values:
                row[key] = self.data.values[key][index]
                row[f"{key} status"] = self.data.status[key][index]
            best = self.data.top[index]
            row["top token"] = best.token if best else None
            rows.append(row)
        return rows

    def to_csv(self, path: str | Path | None = None) -> str:
        """The cells as CSV; also written to `path` if given."""
        rows = self.rows()
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        if path is not None:
            Path(path).write_text(text.getvalue(), encoding="utf-8")
        return text.getvalue()

    def to_dataframe(self) -> Any:
        """The cells as a pandas DataFrame.

        Raises: ImportError when pandas is not installed.
        """
        import pandas

        return pandas.DataFrame(self.rows())
