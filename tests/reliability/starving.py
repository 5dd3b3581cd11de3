"""An allocator's limit, put on a model: what asks for more runs out of memory."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor, nn

ERRORS: tuple[Callable[[], BaseException], ...] = (
    torch.OutOfMemoryError, MemoryError,
    lambda: RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: "
                         "can't allocate memory: you tried to allocate 4194304 bytes."))
"""What CUDA, Python and torch on a CPU raise."""


@dataclass
class Starved:
    """How many rows were tried at once, refused or not; and what the refused ones held."""

    tried: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    held: list[weakref.ref] = field(default_factory=list)


@contextmanager
def starving(layer: nn.Module, short: Callable[[Tensor], bool]) -> Iterator[Starved]:
    """Calls of a decoder layer whose input is `short` of memory raise, each kind in turn.

    Whatever comes after one must find what it held freed, without the garbage collector.
    """
    seen = Starved()

    def limit(module: nn.Module, args: tuple, kwargs: dict) -> None:
        alive = [each for each in seen.held if each() is not None]
        assert not alive, "what did not fit is still held while the next is tried"
        hidden = args[0] if args else kwargs["hidden_states"]
        seen.tried.append(len(hidden))
        if short(hidden):
            taken = torch.empty(1000)
            seen.held.append(weakref.ref(taken))
            seen.refused.append(len(hidden))
            raise ERRORS[len(seen.held) % len(ERRORS)]()

    handle = layer.register_forward_pre_hook(limit, with_kwargs=True)
    gc.collect()
    gc.disable()
    try:
        yield seen
    finally:
        gc.enable()
        handle.remove()


def more_than(rows: int) -> Callable[[Tensor], bool]:
    """Whether so many rows do not fit together."""
    return lambda hidden: len(hidden) > rows


def holding(last: Tensor) -> Callable[[Tensor], bool]:
    """Whether a row has this hidden state at its last position: that cell fits nowhere."""
    return lambda hidden: bool(((hidden[:, -1] - last).abs().amax(dim=-1) < 1e-4).any())


def same_but(found, wanted, failed: set[int]) -> None:
    """Two grids that are equal within the promise, but for cells of the first that failed."""
    for key, values in wanted.values.items():
        mine, status = found.values[key], found.status[key]
        for index, value in enumerate(values):
            if index in failed:
                assert (mine[index], status[index]) == (None, "failed")
            else:
                assert status[index] == wanted.status[key][index]
                assert mine[index] == pytest.approx(value, abs=1e-4)
    assert {int(index) for index in found.errors} == failed
    assert set(found.errors.values()) <= {"out of memory"}
