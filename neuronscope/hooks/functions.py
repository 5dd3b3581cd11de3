"""Attention that a family computes in code of its own, seen through torch's functions.

While one of the watched modules runs, the torch functions that its code calls are followed:
a matrix product, whose result goes through any functions that keep its size (scale, bias,
mask) into a softmax over the keys, gives queries and keys; the next product of what follows
from the softmax gives probabilities, values and output. Nothing is computed in their place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from neuronscope.hooks.swap import swapped

PRODUCTS = {"matmul": 0, "__matmul__": 0, "bmm": 0, "baddbmm": 1, "einsum": 1}
"""Functions of two factors, and the place of the first among their arguments."""
SOFTMAX = ("softmax", "special_softmax")
DIRECT = "scaled_dot_product_attention"
BATCHED = {"bhqd,bhdk->bhqk", "bhqd,bhkd->bhqk", "bhqk,bhkd->bhqd"}
"""The sums of products that are followed, with letters by meaning."""


@dataclass(frozen=True)
class AttentionCall:
    """One call of an attention function. Its keys and values may be grouped.

    query: [batch, heads, position, d]; key, value: [batch, key-value heads, key position, d];
    output: [batch, position, heads, d]; weights: [batch, heads, position, key position], None
    where the implementation does not give them.
    """

    module: nn.Module
    query: Tensor
    key: Tensor
    value: Tensor
    output: Tensor
    weights: Tensor | None


Watcher = Callable[[AttentionCall], Tensor | None]
"""Sees a call; may give another output in place of the call's."""


class _Pause(threading.local):
    """How many blocks of this thread are not to be followed."""

    depth = 0


_PAUSE = _Pause()


@contextmanager
def unfollowed() -> Iterator[None]:
    """What runs inside is not followed: it is watched otherwise, or watches itself."""
    _PAUSE.depth += 1
    try:
        yield
    finally:
        _PAUSE.depth -= 1


@contextmanager
def followed(modules: Iterable[nn.Module], watcher: Watcher) -> Iterator[None]:
    """Show `watcher` the attention that the modules' own code computes in the block.

    Of modules inside each other the innermost that runs is the attention's.
    """
    mode = _Following(watcher)
    with swapped({module: mode.around(module) for module in modules}):
        yield


@dataclass(frozen=True)
class _Scores:
    """What follows from queries times keys: [..., position, d] and [..., d, key position]."""

    query: Tensor
    key: Tensor


@dataclass(frozen=True)
class _Weights:
    """What follows from the softmax of scores."""

    scores: _Scores


@dataclass
class _Run:
    """One run of a module. `known`, by id: what is followed; kept, so that ids stay theirs."""

    module: nn.Module
    batch: int
    known: dict[int, tuple[Tensor, _Scores | _Weights]] = field(default_factory=dict)

    def of(self, value: Any) -> _Scores | _Weights | None:
        found = self.known.get(id(value))
        return None if found is None else found[1]

    def note(self, value: Tensor, origin: _Scores | _Weights) -> None:
        self.known[id(value)] = (value, origin)


class _Following(TorchFunctionMode):
    """Sees every torch function called while one of its modules runs."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self.watcher = watcher
        self.runs: list[_Run] = []

    def around(self, module: nn.Module) -> Callable[..., Any]:
        """The module's forward, followed."""
        own = module.forward

        @wraps(own)
        def run(*args: Any, **kwargs: Any) -> Any:
            if _PAUSE.depth:
                return own(*args, **kwargs)
            self.runs.append(_Run(module, _batch((*args, *kwargs.values()))))
            try:
                if len(self.runs) > 1:
                    return own(*args, **kwargs)
                with self:
                    return own(*args, **kwargs)
            finally:
                self.runs.pop()
        return run

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: Mapping | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if _PAUSE.depth or not isinstance(result, Tensor) or not result.is_floating_point():
            return result
        return self._seen(self.runs[-1], getattr(func, "__name__", ""), args, kwargs, result)

    def _seen(self, run: _Run, name: str, args: tuple, kwargs: Mapping, result: Tensor) -> Tensor:
        given = (*args, *kwargs.values())
        if name in PRODUCTS:
            factors = _factors(name, given)
            if factors is None:
                return result
            origin = run.of(factors[0])
            if isinstance(origin, _Weights):
                scores = origin.scores
                return self._told(run, scores.query, scores.key.transpose(-1, -2), factors[1],
                                  result, factors[0])
            run.note(result, _Scores(*factors))
        elif name == DIRECT:
            return self._told(run, *given[:3], result, None)
        elif name in SOFTMAX:
            origin = run.of(given[0])
            if isinstance(origin, _Scores) and _over_keys(given, kwargs, result):
                run.note(result, _Weights(origin))
        else:
            origins = {id(origin): origin for value in given if (origin := run.of(value))
                       and value.numel() == result.numel()}
            if len(origins) == 1:
                run.note(result, *origins.values())
        return result

    def _told(
        self, run: _Run, query: Tensor, key: Tensor, value: Tensor, result: Tensor,
        weights: Tensor | None,
    ) -> Tensor:
        parts = [_by_head(each, run.batch) for each in (query, key, value, result)]
        shown = None if weights is None else _by_head(weights, run.batch)
        if any(part is None for part in parts) or (weights is not None and shown is None):
            return result
        query, key, value, output = parts
        with unfollowed():
            new = self.watcher(AttentionCall(run.module, query, key, value,
                                             output.transpose(1, 2), shown))
            return result if new is None else torch.empty_like(result).copy_(
                new.transpose(1, 2).reshape(result.shape))


def _batch(given: Iterable[Any]) -> int:
    """The rows of a module's hidden input."""
    return next((len(value) for value in given if isinstance(value, Tensor)
                 and value.is_floating_point() and value.ndim >= 2), 1)


def _factors(name: str, given: tuple) -> tuple[Tensor, Tensor] | None:
    """The two factors of a batched matrix product, [..., n, d] and [..., d, m]."""
    first = PRODUCTS[name]
    left, right = (given[first], given[first + 1]) if len(given) > first + 1 else (None, None)
    if not (isinstance(left, Tensor) and isinstance(right, Tensor)
            and min(left.ndim, right.ndim) >= 3):
        return None
    if name == "einsum":
        equation = _named(given[0])
        if equation not in BATCHED:
            return None
        right = right.transpose(-1, -2) if equation == "bhqd,bhkd->bhqk" else right
    return left, right


def _named(equation: Any) -> str:
    """An equation of an einsum with its letters replaced by those of BATCHED, if it is one."""
    told = equation.replace(" ", "") if isinstance(equation, str) else ""
    for known in BATCHED:
        letters = dict(zip(told, known, strict=False))
        if len(told) == len(known) and len(set(letters.values())) == len(letters) and "".join(
                letters[each] for each in told) == known:
            return known
    return ""


def _over_keys(given: tuple, kwargs: Mapping, result: Tensor) -> bool:
    dim = kwargs.get("dim", given[1] if len(given) > 1 else None)
    return dim in (-1, result.ndim - 1)


def _by_head(value: Tensor, batch: int) -> Tensor | None:
    """[batch, heads, position, …] of a tensor that may have batch and heads in one dimension."""
    if value.ndim == 3 and len(value) % batch == 0:
        return value.unflatten(0, (batch, -1))
    return value if value.ndim == 4 else None
