"""A layout as plain data: modules by their names, tensors of columns as runs; and back again."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.hooks import points
from neuronscope.models import branches, layout

KINDS: dict[str, type] = {
    name: kind for module in (points, branches, layout) for name, kind in vars(module).items()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)}
"""The classes that may stand in a layout, by name."""


class NotPlain(ValueError):
    """A value that cannot be written as plain data, or data that is no such value."""


def to_plain(value: Any, model: nn.Module) -> Any:
    """JSON data of a layout of this model. Raises: NotPlain."""
    names = {module: name for name, module in model.named_modules()}

    def write(value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        match value:
            case nn.Module() if value in names:
                plain = {"module": names[value]}
            case Tensor() if value.ndim == 1 and value.dtype == torch.int64:
                plain = {"columns": _runs(value.tolist())}
            case list() | tuple():
                plain = {type(value).__name__: [write(each) for each in value]}
            case frozenset():
                plain = {"frozenset": sorted(value)}
            case dict():
                plain = {"items": [[write(key), write(each)] for key, each in value.items()]}
            case _ if KINDS.get(type(value).__name__) is type(value):
                plain = {"kind": type(value).__name__, "fields": {
                    each.name: write(getattr(value, each.name))
                    for each in dataclasses.fields(value)}}
            case _:
                raise NotPlain(f"a {type(value).__name__} is not written")
        return plain

    return write(value)


def from_plain(data: Any, model: nn.Module) -> Any:
    """The value that `to_plain` wrote, on this model. Raises: NotPlain."""
    modules = dict(model.named_modules())

    def read(data: Any) -> Any:
        if not isinstance(data, dict | list):
            return data
        match data:
            case {"module": str(name)}:
                value = modules[name]
            case {"columns": list(runs)}:
                value = torch.tensor([column for first, count in runs
                                      for column in range(first, first + count)])
            case {"list": list(items)}:
                value = [read(each) for each in items]
            case {"tuple": list(items)}:
                value = tuple(read(each) for each in items)
            case {"frozenset": list(items)}:
                value = frozenset(items)
            case {"items": list(items)}:
                value = {read(key): read(each) for key, each in items}
            case {"kind": str(name), "fields": dict(fields)}:
                value = KINDS[name](**{key: read(each) for key, each in fields.items()})
            case _:
                raise NotPlain("it is no layout")
        return value

    try:
        return read(data)
    except (TypeError, ValueError, KeyError) as error:
        raise NotPlain("it does not fit this model") from error


def _runs(columns: list[int]) -> list[list[int]]:
    """[first, count] of each run of columns that follow each other."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and column == sum(runs[-1]):
            runs[-1][1] += 1
        else:
            runs.append([column, 1])
    return runs
