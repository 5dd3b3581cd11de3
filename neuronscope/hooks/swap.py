"""The only place that replaces the `forward` of modules, and always puts it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

Forward = Callable[..., Any]


@contextmanager
def swapped(forwards: Mapping[nn.Module, Forward]) -> Iterator[None]:
    """Each module runs its given function instead of its own `forward` inside the block.

    The functions are set on the instances, so that leaving the block restores the class's
    own method; a module that already carries one gets that back.
    """
    before = {module: module.__dict__.get("forward") for module in forwards}
    try:
        for module, function in forwards.items():
            module.__dict__["forward"] = function
        yield
    finally:
        for module, function in before.items():
            if function is None:
                module.__dict__.pop("forward", None)
            else:
                module.__dict__["forward"] = function
