"""Memory that ran out: which errors say so, and how to go on with what the attempt held freed."""

from __future__ import annotations

from collections.abc import Callable
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
        if isinstance(error, OutOfMemory) or not ran_out(error):  # ours says more
            raise
    return None


def needed(work: Callable[[], Found], what: str, hint: str) -> Found:
    """What `work` gives, without which nothing else can be done.

    Raises: OutOfMemory with this sentence where memory does not suffice. It is raised when the
    first error is gone: whoever keeps it keeps no tensors.
    """
    found = attempt(work)
    if found is None:
        raise OutOfMemory(what, hint=hint)
    return found
