"""How work on a model is stopped: whoever runs it is asked before each forward.

Nothing is asked outside of `stoppable`: a script that runs a model pays nothing and sees nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from neuronscope.errors import Cancelled

_asked: ContextVar[Callable[[], bool] | None] = ContextVar("asked", default=None)
"""Of each thread its own."""


@contextmanager
def stoppable(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Inside the block, work of this thread ends by `Cancelled` once `cancelled()` is true."""
    before = _asked.set(cancelled)
    try:
        yield
    finally:
        _asked.reset(before)


def stop_if_asked() -> None:
    """Raises: Cancelled inside a `stoppable` block whose work is to stop."""
    cancelled = _asked.get()
    if cancelled is not None and cancelled():
        raise Cancelled("The job was cancelled.")
