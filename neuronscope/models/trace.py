"""One traced forward: which modules were called, in which order, with what hidden states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from neuronscope.hooks.tap import attached, first_tensor, input_slot, is_hidden
from neuronscope.models.forward import forward


@dataclass(frozen=True)
class Call:
    """One call of a module: its hidden input and output, each [batch, position, width]."""

    name: str
    module: nn.Module
    order: int
    given: Tensor
    gave: Tensor


class Trace(dict[str, Call]):
    """Calls by module name, for modules that were called exactly once on hidden states.

    repeated: the calls of the others; logits: what the forward gave.
    """

    repeated: dict[str, list[Call]]
    logits: Tensor

    def under(self, name: str) -> list[Call]:
        """Calls inside a module, in the order in which they ended; without the module itself."""
        inside = [call for key, call in self.items() if key.startswith(f"{name}.")]
        return sorted(inside, key=lambda call: call.order)


def trace(
    model: nn.Module,
    input_ids: Tensor,
    replace_input: dict[str, Callable[[Tensor], Tensor]] | None = None,
) -> Trace:
    """Run a prompt and record every module that maps a hidden state to a hidden state.

    replace_input: module name → function of its hidden input, applied on the way in.
    """
    replace_input = replace_input or {}
    given: dict[str, Tensor] = {}
    seen: dict[str, list[Call]] = {}
    order = 0

    def before(name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, kwargs: dict):
            if not any(is_hidden(value) for value in (*args, *kwargs.values())):
                return None
            slot = input_slot(args, kwargs)
            value = args[slot] if isinstance(slot, int) else kwargs[slot]
            new = replace_input[name](value) if name in replace_input else value
            given[name] = new.clone()
            if new is value:
                return None
            if isinstance(slot, int):
                return (*args[:slot], new, *args[slot + 1:]), kwargs
            return args, kwargs | {slot: new}
        return hook

    def after(name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, kwargs: dict, output):
            nonlocal order
            if name not in given or not _has_hidden(output):
                return
            gave = first_tensor(output).clone()
            # of a spread model, the input may still lie on the device before
            seen.setdefault(name, []).append(
                Call(name, module, order, given.pop(name).to(gave.device), gave))
            order += 1
        return hook

    named = [(name, module) for name, module in model.named_modules() if name]
    with attached([*((module, "in", before(name)) for name, module in named),
                   *((module, "out", after(name)) for name, module in named)]):
        logits = forward(model, input_ids)
    traced = Trace({name: calls[0] for name, calls in seen.items() if len(calls) == 1})
    traced.repeated = {name: calls for name, calls in seen.items() if len(calls) > 1}
    traced.logits = logits
    return traced


def _has_hidden(output: object) -> bool:
    if isinstance(output, Tensor):
        return is_hidden(output)
    if isinstance(output, dict):
        return any(is_hidden(item) for item in output.values())
    return isinstance(output, tuple | list) and any(is_hidden(item) for item in output)


def same(left: Tensor, right: Tensor) -> bool:
    """Equal to the bit, shape included, on whichever devices."""
    return left.shape == right.shape and torch.equal(left, right.to(left.device))
