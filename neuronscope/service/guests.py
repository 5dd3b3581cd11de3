"""Those who use the store beside the queue, imports and exports: counted, and asked to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from neuronscope.errors import ServerStopped

LEAVE_S = 30.0
"""Those inside have so long to leave; each asks many times a second whether it should."""


class Guests:
    """Work that may take minutes, and that must not outlive the lab."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._inside = 0
        self._closing = False

    def check(self) -> None:
        """To be called every now and then by whoever is inside. Raises: ServerStopped."""
        if self._closing:
            raise ServerStopped("NeuronScope stopped in the middle of an import or export.",
                                hint="Do it again: what was stored stays, and is not stored twice.")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """While entered, `left` waits. Raises: ServerStopped."""
        with self._change:
            self.check()
            self._inside += 1
        try:
            yield
        finally:
            with self._change:
                self._inside -= 1
                self._change.notify_all()

    def pieces(self, made: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces; inside while one is made, not while a receiver takes its time.

        Raises: ServerStopped.
        """
        with closing(made):  # type: ignore[type-var]
            while True:
                with self.inside():
                    piece = next(made, None)
                if piece is None:
                    return
                yield piece

    def stop(self) -> None:
        """Lets nobody in any more, and asks those inside to end."""
        with self._change:
            self._closing = True

    def left(self, timeout_s: float = LEAVE_S) -> bool:
        """Waits until all have left; false where some have not within the time."""
        with self._change:
            return self._change.wait_for(lambda: self._inside == 0, timeout_s)
