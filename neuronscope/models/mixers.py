"""What a layer's modules do with positions: which mix them, by a softmax or otherwise, and
which pick experts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from neuronscope.hooks.tap import attached
from neuronscope.models.trace import Call, Trace, same

_SOFTMAX = ("softmax", "scaled_dot_product", "efficient_attention", "flash", "logsumexp",
            "flex_attention")
"""Parts of the names of torch's operators that normalise over what is attended to."""


@dataclass
class Operators:
    """In which modules certain operators ran, those that contain them included.

    after: the modules that ended after the first softmax of a module that contains both.
    """

    softmax: set[nn.Module] = field(default_factory=set)
    router: set[nn.Module] = field(default_factory=set)
    after: dict[nn.Module, set[nn.Module]] = field(default_factory=dict)


class _Watch(TorchDispatchMode):
    def __init__(self, found: Operators, stack: list[nn.Module]):
        super().__init__()
        self.found, self.stack = found, stack

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = str(func)
        if "backward" not in name and any(part in name for part in _SOFTMAX):
            self.found.softmax.update(self.stack)
            for module in self.stack:
                self.found.after.setdefault(module, set())
        elif "topk" in name:
            self.found.router.update(self.stack)
        return func(*args, **(kwargs or {}))


@contextmanager
def operators(model: nn.Module) -> Iterator[Operators]:
    """Notes where softmax and the choice of the greatest entries run, during forwards inside."""
    found, stack = Operators(), []

    def begin(module: nn.Module, args: tuple, kwargs: dict) -> None:
        stack.append(module)

    def end(module: nn.Module, args: tuple, kwargs: dict, output: object) -> None:
        while stack and stack.pop() is not module:
            pass
        for outer in stack:
            if outer in found.after:
                found.after[outer].add(module)

    modules = [module for name, module in model.named_modules() if name]
    with attached([*((module, "in", begin) for module in modules),
                   *((module, "out", end) for module in modules)]), _Watch(found, stack):
        yield found


def mixes_positions(call: Call, disturbed: Trace, seen: Operators) -> bool:
    """Input clean at the undisturbed positions, output not: information crossed positions.

    Experts are given other positions' tokens together, which changes how they round: there
    the output has to differ by more than that.
    """
    other = disturbed.get(call.name)
    if other is None or other.given.shape != call.given.shape or call.given.ndim != 3:
        return False
    shape = call.given.shape[:2]
    if call.gave.shape[0] == shape.numel():  # all positions in one dimension
        mine, theirs = call.gave.unflatten(0, shape), other.gave.unflatten(0, shape)
    else:
        mine, theirs = call.gave, other.gave
    if not same(other.given[:, 1:], call.given[:, 1:]) or same(theirs[:, 1:], mine[:, 1:]):
        return False
    if call.module not in seen.router or theirs.shape != mine.shape:
        return True
    gap = float((theirs[:, 1:] - mine[:, 1:]).abs().max())
    return gap > 4 * torch.finfo(mine.dtype).eps * float(mine.abs().max())


def reads_other_positions(call: Call, disturbed: Trace) -> bool:
    """Whether what a module is given at the undisturbed positions has changed."""
    other = disturbed.get(call.name)
    return (other is not None and other.given.shape == call.given.shape and call.given.ndim >= 3
            and not same(other.given[:, 1:], call.given[:, 1:]))

