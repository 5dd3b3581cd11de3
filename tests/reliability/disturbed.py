"""An executor in which things go wrong, and which counts after every order what is left."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from neuronscope.errors import RunFailed
from neuronscope.hooks import attention, tap
from neuronscope.service import worker
from neuronscope.service.executor import InProcess, Listener
from tests.reliability.census import canary, differing, of_model, of_process
from tests.reliability.starving import ERRORS


class Boom(Exception):
    """Of a kind that nobody foresaw."""


FAULTS: tuple[Callable[[], BaseException], ...] = (
    RuntimeError, ValueError, KeyError, AttributeError, ZeroDivisionError, Boom)
PLACES = ((tap, "value_in"), (tap, "raw_with"), (attention, "reweighted"))
"""What NeuronScope's own hooks call."""
LEFT = "left behind: "


@dataclass
class Mishaps:
    """What happens to the next orders, by chance. share: of orders that anything happens to."""

    chance: random.Random
    share: float
    happened: dict[str, int] = field(default_factory=dict)

    def next(self) -> tuple[str, int]:
        """What happens, and at which call; nothing where the name is empty."""
        if self.chance.random() >= self.share:
            return "", 0
        kind = self.chance.choice(("module", "memory", "hook", "cancel"))
        return kind, int(self.chance.expovariate(1 / 60))

    @contextmanager
    def happening(self, kind: str, at: int) -> Iterator[None]:
        """One mishap in the block, at the call numbered `at` of its kind."""
        calls, several = iter(range(10**9)), self.chance.randrange(1, 4)

        def count(errors: tuple[Callable[[], BaseException], ...]) -> None:
            number = next(calls)
            if at <= number < at + several:
                self.happened[kind] = self.happened.get(kind, 0) + 1
                raise self.chance.choice(errors)()

        if kind in ("module", "memory"):
            errors = FAULTS if kind == "module" else ERRORS
            handle = torch.nn.modules.module.register_module_forward_pre_hook(
                lambda module, args: count(errors))
            try:
                yield
            finally:
                handle.remove()
        elif kind == "hook":
            with _failing(lambda: count((*FAULTS, *ERRORS))):
                yield
        else:
            yield

    def cancelled(self, listener: Listener, kind: str, at: int) -> Listener:
        """A listener that asks to stop at the question numbered `at`."""
        if kind != "cancel":
            return listener
        questions = iter(range(10**9))
        return replace(listener, cancelled=lambda: (
            next(questions) >= at % 12 or listener.cancelled()))


class Disturbed(InProcess):
    """Each order meets a mishap by chance; afterwards everything must be as it was."""

    def __init__(self, mishaps: Mishaps) -> None:
        super().__init__()
        self.mishaps = mishaps
        self.clean: dict[str, Any] = {}
        self.sung = b""
        self.counted = None
        self.checked = 0
        self.wrong: list[str] = []
        self.last = ""

    def load(self, order, listener):
        present, loaded = self._model, False
        try:
            found = self._disturbed(super().load, order, listener)
            loaded = True
        finally:
            if not loaded and self._model is not present:
                self.wrong.append(f"{LEFT}another model after a failed load")
        return found

    def check(self, listener):
        return self._disturbed(lambda _, listener: super(Disturbed, self).check(listener),
                               None, listener)

    def run(self, spec, listener):
        return self._disturbed(super().run, spec, listener)

    def sweep(self, order, listener):
        return self._disturbed(super().sweep, order, listener)

    def capture(self, order, listener):
        return self._disturbed(super().capture, order, listener)

    def _disturbed(self, work: Callable[..., Any], order: Any, listener: Listener) -> Any:
        kind, at = self.last, _ = self.mishaps.next()
        before = of_process()
        try:
            with self.mishaps.happening(kind, at) if kind else nullcontext():
                return work(order, self.mishaps.cancelled(listener, kind, at))
        finally:
            self._count(before)

    def _count(self, before: dict[str, Any]) -> None:
        """Raises: RunFailed where anything is left."""
        left = differing(before, of_process())
        if self._model is not None and self._model is not self.counted:
            model, self.counted = self._model.host.model, self._model
            self.sung, self.clean = canary(model), of_model(model)
        elif self._model is not None:
            model = self._model.host.model
            left += differing(self.clean, of_model(model))
            left += [] if canary(model) == self.sung else ["other logits"]
        self.checked += 1
        if left:
            self.wrong.append(f"{LEFT}{', '.join(left[:5])} after {self.last or 'nothing'}")
            raise RunFailed(self.wrong[-1])


def main(pipe) -> None:
    """The entry point of a model process in which things go wrong."""
    worker.InProcess = lambda: Disturbed(Mishaps(random.Random(), 0.4))
    worker.main(pipe)


@contextmanager
def _failing(count: Callable[[], None]) -> Iterator[None]:
    own = [getattr(place, name) for place, name in PLACES]

    def instead(function):
        def counted(*args, **kwargs):
            count()
            return function(*args, **kwargs)
        return counted

    for (place, name), function in zip(PLACES, own, strict=True):
        setattr(place, name, instead(function))
    try:
        yield
    finally:
        for (place, name), function in zip(PLACES, own, strict=True):
            setattr(place, name, function)
