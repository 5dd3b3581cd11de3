"""Raw forwards, hooks and weight surgery on a HuggingFace model, written without our code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

Hook = tuple[nn.Module, str, Callable[[Tensor], Tensor]]
"""A module, its side (`in` or `out`), and what replaces the first floating tensor there."""


@torch.no_grad()
def outputs(model: nn.Module, ids: Sequence[int], hooks: Sequence[Hook] = (), **asked: bool):
    """The model's own output on one prompt, each hook's tensor replaced."""
    with ExitStack() as stack:
        for module, side, function in hooks:
            handle = (module.register_forward_pre_hook(_before(function), with_kwargs=True)
                      if side == "in" else module.register_forward_hook(_after(function)))
            stack.callback(handle.remove)
        return model(input_ids=torch.tensor([list(ids)]), use_cache=False, **asked)


def logits(model: nn.Module, ids: Sequence[int], hooks: Sequence[Hook] = ()) -> Tensor:
    """[pos, vocab]."""
    return outputs(model, ids, hooks).logits[0]


def seen(model: nn.Module, ids: Sequence[int], places: Sequence[tuple[nn.Module, str]]
         ) -> list[Tensor]:
    """What passes at each place, [batch, …], in one forward."""
    kept: dict[int, Tensor] = {}

    def keep(place: int) -> Callable[[Tensor], Tensor]:
        def function(value: Tensor) -> Tensor:
            kept[place] = value.clone()
            return value
        return function

    outputs(model, ids, [(*each, keep(place)) for place, each in enumerate(places)])
    return [kept[place] for place in range(len(places))]


@contextmanager
def scaled(parameter: Tensor, rows: Tensor, dim: int, factor: float) -> Iterator[None]:
    """Some rows (dim 0) or columns (dim 1) of a parameter are so many times what they are."""
    before = parameter.detach().clone()
    factors = torch.ones(parameter.shape[dim])
    factors[rows] = factor
    with torch.no_grad():
        parameter.mul_(factors if dim else factors.reshape(-1, *[1] * (parameter.ndim - 1)))
    try:
        yield
    finally:
        with torch.no_grad():
            parameter.copy_(before)


@contextmanager
def without_inputs(module: nn.Module, columns: Tensor) -> Iterator[None]:
    """A linear map that ignores some entries of its input."""
    with scaled(module.weight, columns, 0 if transposed(module) else 1, 0.0):
        yield


@contextmanager
def times(module: nn.Module, columns: Tensor, factor: float) -> Iterator[None]:
    """A linear map some entries of whose output are so many times what they are."""
    with ExitStack() as stack:
        stack.enter_context(scaled(module.weight, columns, 1 if transposed(module) else 0, factor))
        if getattr(module, "bias", None) is not None:
            stack.enter_context(scaled(module.bias, columns, 0, factor))
        yield


def is_linear(model: nn.Module, module: nn.Module) -> bool:
    """A matrix product whose weights are what is multiplied, as they are, and here alone."""
    if type(module) is not nn.Linear and not transposed(module):
        return False
    users = sum(module.weight is parameter for each in model.modules()
                for parameter in each.parameters(recurse=False))
    return users == 1


def transposed(module: nn.Module) -> bool:
    """GPT-2's linear map, whose weight is [input, output]."""
    return type(module).__name__ == "Conv1D"


def _before(function: Callable[[Tensor], Tensor]) -> Callable:
    def hook(module: nn.Module, args: tuple, kwargs: dict):
        for place, value in enumerate(args):
            if _floating(value):
                return (*args[:place], function(value), *args[place + 1:]), kwargs
        for key, value in kwargs.items():
            if _floating(value):
                return args, {**kwargs, key: function(value)}
        raise AssertionError(f"{type(module).__name__} is given no tensor")
    return hook


def _after(function: Callable[[Tensor], Tensor]) -> Callable:
    def hook(module: nn.Module, args: tuple, output):
        if isinstance(output, Tensor):
            return function(output)
        if isinstance(output, dict):
            key = next(key for key, value in output.items() if _floating(value))
            output[key] = function(output[key])
            return output
        return type(output)((function(output[0]), *output[1:]))
    return hook


def _floating(value: object) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()
