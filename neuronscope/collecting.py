"""Python's garbage collector, kept from looking again and again at what is being read."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_collecting() -> Iterator[None]:
    """No collection while much is made of which nothing is garbage.

    It is for a block of tens of milliseconds. Several threads may be in such blocks: whoever
    found the collector on turns it on again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
