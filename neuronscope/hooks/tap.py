"""The only place that registers hooks.

`attached` puts plain functions on modules for the length of a `with` block; `tap` builds
on it to read and edit values at the points of a layout, and checks afterwards that every
point fired exactly once: a hook that never fires is an error here, not a null result.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from torch import Tensor, nn

from neuronscope.errors import RunFailed
from neuronscope.hooks.attention import AttentionCall, reweighted, watched
from neuronscope.hooks.points import Point, Side, raw_with, value_in

EditFn = Callable[[Tensor], Tensor]
"""Takes [batch, position, width], gives the same shape; must not write into its input."""


@dataclass(frozen=True)
class Tapped:
    """What to do at one point: apply `edits` in order, and keep the value before them."""

    key: tuple[str, int | None]
    point: Point
    edits: tuple[EditFn, ...] = ()
    capture: bool = False


@dataclass
class Captured:
    """Values by (site, layer), before any edit of that point; and how often each fired."""

    values: dict[tuple[str, int | None], Tensor] = field(default_factory=dict)
    fired: Counter = field(default_factory=Counter)

    def __getitem__(self, key: tuple[str, int | None]) -> Tensor:
        return self.values[key]


@contextmanager
def attached(
    hooks: Iterable[tuple[nn.Module, Side, Callable[..., Any]]],
) -> Iterator[None]:
    """Attach functions to modules and always detach them.

    A function on side "in" gets (module, args, kwargs) and may return new (args, kwargs);
    on side "out" it gets (module, args, kwargs, output) and may return a new output.
    """
    with ExitStack() as stack:
        for module, side, function in hooks:
            register = (module.register_forward_pre_hook if side == "in"
                        else module.register_forward_hook)
            stack.callback(register(function, with_kwargs=True).remove)
        yield


@contextmanager
def tap(taps: Sequence[Tapped]) -> Iterator[Captured]:
    """Read and edit the given points during the forward passes of a `with` block.

    Points of one tensor follow each other as given. Those of side `pattern` need the model
    to compute attention eagerly: see hooks.attention.eager_attention.
    Raises: RunFailed when, on a normal exit, a point did not fire exactly once.
    """
    captured = Captured()
    bases: dict[nn.Module, Tensor] = {}
    touched = [(each, _touch(each, captured, bases)) for each in taps]
    patterns = [(each.point, touch) for each, touch in touched if each.point.side == "pattern"]
    hooks = [(each.point.module, each.point.side, _hook(each.point.side, touch))
             for each, touch in touched if each.point.side != "pattern"]
    # last, so that they see what the layer really gets
    hooks += [(layer, "in", partial(_keep_input, bases)) for layer in dict.fromkeys(
        layer for each in taps for layer in (each.point.base, each.point.rows)
        if layer is not None)]
    with ExitStack() as stack:
        stack.enter_context(attached(hooks))
        if patterns:
            stack.enter_context(watched([point.module for point, _ in patterns],
                                        partial(_reweigh, patterns)))
        yield captured
    wrong = {each.key: captured.fired[each.key] for each in taps
             if captured.fired[each.key] != 1}
    if wrong:
        told = ", ".join(f"{name(key)} fired {n} times" for key, n in wrong.items())
        raise RunFailed(f"Each point must fire exactly once in a forward: {told}.",
                        hint="The model's structure was misread; please report it.")


def name(key: tuple[str, int | None]) -> str:
    """`z.3`, or `embed` for a site without layers."""
    site, layer = key
    return site if layer is None else f"{site}.{layer}"


Touch = Callable[[Tensor], Tensor | None]
"""Takes a module's tensor; gives the one to put in its place, or None to leave it."""


def _touch(each: Tapped, captured: Captured, bases: dict[nn.Module, Tensor]) -> Touch:
    def touch(raw: Tensor) -> Tensor | None:
        if each.point.rows is None:
            return edited(raw)
        new = edited(raw.unflatten(0, bases[each.point.rows].shape[:2]))
        return None if new is None else new.flatten(0, 1)

    def edited(raw: Tensor) -> Tensor | None:
        captured.fired[each.key] += 1
        base = None if each.point.base is None else bases[each.point.base].to(raw.device)
        value = value_in(each.point, raw, base)
        if each.capture:
            captured.values[each.key] = value.detach().clone()
        if not each.edits:
            return None
        new = value
        for edit in each.edits:
            new = edit(new)
        if new is value:  # only looked at
            return None
        return raw_with(each.point, raw, value, new, base)
    return touch


def _hook(side: Side, touch: Touch) -> Callable[..., Any]:
    def before(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict] | None:
        slot = input_slot(args, kwargs)
        new = touch(args[slot] if isinstance(slot, int) else kwargs[slot])
        if new is None:
            return None
        if isinstance(slot, int):
            return (*args[:slot], new, *args[slot + 1:]), kwargs
        return args, kwargs | {slot: new}

    def after(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> Any:
        new = touch(first_tensor(output))
        return None if new is None else with_first_tensor(output, new)

    return before if side == "in" else after


def _keep_input(
    bases: dict[nn.Module, Tensor], module: nn.Module, args: tuple, kwargs: dict
) -> None:
    slot = input_slot(args, kwargs)
    # cloned: a layer may write into its input
    bases[module] = (args[slot] if isinstance(slot, int) else kwargs[slot]).clone()


def _reweigh(patterns: Sequence[tuple[Point, Touch]], call: AttentionCall) -> Tensor | None:
    """The output of an attention call under the probabilities that its points make of its own."""
    weights = call.weights
    for point, touch in patterns:
        if point.module is call.module:
            if weights is None:
                raise RunFailed("Attention gave no probabilities: they need eager attention.")
            new = touch(weights)
            weights = weights if new is None else new
    return None if weights is call.weights else reweighted(call, weights)


def input_slot(args: tuple, kwargs: dict) -> int | str:
    """Where a module's hidden input is: a position in args, or a keyword.

    Raises: RunFailed when no argument is a floating-point tensor.
    """
    for index, value in enumerate(args):
        if is_hidden(value):
            return index
    if is_hidden(kwargs.get("hidden_states")):
        return "hidden_states"
    for key, value in kwargs.items():
        if is_hidden(value):
            return key
    raise RunFailed("A hooked module was called without a hidden state.")


def is_hidden(value: Any) -> bool:
    """Whether a value is a floating-point tensor of at least two dimensions."""
    return isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2


def first_tensor(output: Any) -> Tensor:
    """The hidden output: the tensor itself, or the first of a tuple or model output.

    Raises: RunFailed when there is none.
    """
    if isinstance(output, Tensor):
        return output
    items = output.values() if isinstance(output, dict) else output
    if isinstance(output, tuple | list | dict):
        for item in items:
            if is_hidden(item):
                return item
    raise RunFailed("A hooked module gave no hidden state.")


def with_first_tensor(output: Any, new: Tensor) -> Any:
    """`output` with its hidden tensor replaced, of the same kind as before."""
    if isinstance(output, Tensor):
        return new
    old = first_tensor(output)
    if isinstance(output, dict):
        changed = copy.copy(output)
        changed[next(key for key, value in output.items() if value is old)] = new
        return changed
    items = (new if item is old else item for item in output)
    return type(output)(*items) if hasattr(output, "_fields") else type(output)(items)
