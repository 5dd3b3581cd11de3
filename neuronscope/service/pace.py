"""How long forwards took on a model, and so about how long others will."""

from __future__ import annotations

import math
import statistics
import threading
from collections import defaultdict, deque
from typing import NamedTuple

from neuronscope.service.shelf import Loaded

KEPT = 50
"""Experiments of one kind that are remembered for a model in an environment."""
NEAREST = 5


class Taken(NamedTuple):
    """Seconds and tokens of one forward, as means over an experiment's."""

    seconds: float
    tokens: float


class Pace:
    """What experiments took since the server began, by model, environment and kind.

    kind: `run`, or a sweep's mode. All times in seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[tuple[str, ...], deque[Taken]] = defaultdict(
            lambda: deque(maxlen=KEPT))

    def note(self, loaded: Loaded, kind: str, forwards: int, tokens: float,
             seconds: float) -> None:
        """An experiment of so many forwards, of `tokens` tokens each, took so long."""
        with self._lock:
            self._taken[_key(loaded, kind)].append(Taken(seconds / forwards, tokens))

    def estimate(self, loaded: Loaded, kind: str, forwards: int, tokens: float) -> float | None:
        """How long so many forwards of so many tokens may take; None where nothing is known.

        The median of those whose prompts were nearest in length. A shorter prompt is not
        taken to be faster, a longer one to be slower in proportion.
        """
        with self._lock:
            known = list(self._taken.get(_key(loaded, kind), ()))
        nearest = sorted(known, key=lambda each: abs(math.log(each.tokens / tokens)))[:NEAREST]
        if not nearest:
            return None
        return forwards * statistics.median(
            each.seconds * max(1.0, tokens / each.tokens) for each in nearest)


def _key(loaded: Loaded, kind: str) -> tuple[str, ...]:
    return loaded.info.model_digest, loaded.environment, kind
