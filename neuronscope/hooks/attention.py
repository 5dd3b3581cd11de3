"""The function that attention modules call: seen, and its probabilities edited.

transformers' attention modules take the function that turns queries, keys and values into
their output from a mapping by the name of an implementation. For the length of a `with`
block that name leads to a function of ours that calls the one which it stood for, with the
arguments as they are, and shows both to whoever watches: nothing is computed in its place.
Modules whose code does not use that mapping are followed instead (see functions).
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neuronscope.errors import RunFailed
from neuronscope.hooks.functions import AttentionCall, Watcher, followed, unfollowed

__all__ = ["EAGER", "AttentionCall", "Watcher", "eager_attention", "reweighted", "watched"]

EAGER = "eager"
"""The implementation that computes its probabilities as a tensor."""

_LOCK = threading.Lock()


class _Watched:
    """Stands in a mapping for an attention function, while someone watches.

    Watchers of several threads share one stand-in; each looks for its own modules.
    """

    def __init__(self, own: Callable[..., Any] | None) -> None:
        self.own = own
        self.watchers: tuple[Watcher, ...] = ()

    def __call__(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor,
        *args: Any, **kwargs: Any,
    ) -> tuple[Tensor, Tensor | None]:
        function = self.own or _own_eager(module)
        with unfollowed():
            output, weights = function(module, query, key, value, *args, **kwargs)
        for watcher in self.watchers:
            new = watcher(AttentionCall(module, query, key, value, output, weights))
            output = output if new is None else new
        return output, weights


@contextmanager
def watched(modules: Iterable[nn.Module], watcher: Watcher) -> Iterator[None]:
    """Show `watcher` the attention that the modules compute in the block.

    It sees calls of other modules as well, and must leave them alone.
    """
    modules = list(modules)
    names = sorted({config._attn_implementation for config in _configs(modules)
                    if config._attn_implementation is not None})
    mappings = _mappings(modules)
    _watch(mappings, names, watcher)
    try:
        with followed(filter(_has_own_code, modules), watcher):
            yield
    finally:
        _unwatch(mappings, names, watcher)


@contextmanager
def eager_attention(model: nn.Module) -> Iterator[None]:
    """The model computes attention by its family's own eager code inside the block."""
    before = [(config, config._attn_implementation)
              for config in (model.config, *_configs(model.modules()))]
    try:
        for config, _ in before:
            config._attn_implementation_internal = EAGER
        yield
    finally:
        for config, name in before:
            config._attn_implementation_internal = name


def reweighted(
    call: AttentionCall, weights: Float[Tensor, "b h q k"]
) -> Float[Tensor, "b q h d"]:
    """The call's output under other probabilities; entries that follow from the same
    probabilities keep their very bits."""
    values = call.value.repeat_interleave(weights.shape[1] // call.value.shape[1], dim=1)
    output = torch.matmul(weights, values).transpose(1, 2)
    changed = (weights != call.weights).any(dim=-1).transpose(1, 2)[..., None]
    # in the strides of the call's own output: some families view it as another shape (AFMoE)
    return torch.empty_like(call.output).copy_(torch.where(changed, output, call.output))


def _watch(mappings: list[MutableMapping], names: list[str], watcher: Watcher) -> None:
    with _LOCK:
        for mapping in mappings:
            for name in names:
                there = mapping.get(name)
                if not isinstance(there, _Watched):
                    mapping[name] = there = _Watched(there)
                there.watchers += (watcher,)


def _unwatch(mappings: list[MutableMapping], names: list[str], watcher: Watcher) -> None:
    with _LOCK:
        for mapping in mappings:
            for name in names:
                there = mapping[name]
                there.watchers = tuple(each for each in there.watchers if each is not watcher)
                if there.watchers:
                    continue
                del mapping[name]  # what transformers itself registered shows again
                if there.own is not None and mapping.get(name) is not there.own:
                    mapping[name] = there.own


def _configs(modules: Iterable[nn.Module]) -> list[Any]:
    """Every configuration that one of the modules may ask for its implementation."""
    found = {id(config): config for module in modules
             if hasattr(config := getattr(module, "config", None), "_attn_implementation")}
    return list(found.values())


def _mappings(modules: Iterable[nn.Module]) -> list[MutableMapping]:
    """transformers' mapping, and those that a family keeps for itself."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS, AttentionInterface

    own = [_names_of(module).get("ALL_ATTENTION_FUNCTIONS") for module in modules]
    found = {id(each): each for each in (ALL_ATTENTION_FUNCTIONS, *own)
             if isinstance(each, AttentionInterface)}
    return list(found.values())


def _names_of(module: nn.Module) -> dict[str, Any]:
    """The global names that a module's own code sees."""
    return getattr(inspect.unwrap(type(module).forward), "__globals__", {})


def _has_own_code(module: nn.Module) -> bool:
    """Whether a module may compute attention, and its forward does not use the mapping."""
    forward = inspect.unwrap(type(module).forward)
    names = getattr(getattr(forward, "__code__", None), "co_names", ())
    return any(module.children()) and forward is not nn.Module.forward and (
        "ALL_ATTENTION_FUNCTIONS" not in names)


def _own_eager(module: nn.Module) -> Callable[..., Any]:
    """The eager function in whose place the module takes one from the mapping."""
    function = _names_of(module).get("eager_attention_forward")
    if function is None:
        raise RunFailed(f"{type(module).__name__} names no eager attention of its own.",
                        hint="Sites that need it cannot be edited on this model.")
    return function
