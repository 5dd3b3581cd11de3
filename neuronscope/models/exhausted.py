"""Memory that ran out: which errors say so, and how to go on with what the attempt held freed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from neuronscope.errors import OutOfMemory

CLASSES = (torch.OutOfMemoryError, MemoryError, OutOfMemory)
TEXTS = ("DefaultCPUAllocator: ", "MPS backend out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""How torch begins or names what it raises as a plain RuntimeError where memory ran out."""
RAISED = (RuntimeError, MemoryError, OutOfMemory)
"""What to catch before asking `ran_out`."""

Found = TypeVar("Found")


def ran_out(error: BaseException) -> bool:
    """Whether an error means that memory did not suffice."""
    return isinstance(error, CLASSES) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in TEXTS))


def attempt(work: Callable[[], Found]) -> Found | None:
    """What `work` gives; None where memory does not suffice.

    On return the error is gone, and with it its traceback, whose frames hold tensors: what
    is tried next has that memory.
    """
    try:
        return work()
    except RAISED as error:
        if not ran_out(error):
            raise
    return None


@contextmanager
def told(what: str, hint: str) -> Iterator[None]:
    """Raises: OutOfMemory with this sentence where memory runs out in the block."""
    try:
        yield
    except RAISED as error:
        if isinstance(error, OutOfMemory) or not ran_out(error):
            raise
        short = OutOfMemory(what, hint=hint)
    else:
        return
    raise short
