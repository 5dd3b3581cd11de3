"""The slow, obvious way: a raw HuggingFace forward with one hook, written without our code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from tests.families import FAMILIES
from tests.tiny import site_module


def hooked_logits(
    model: nn.Module, ids: Sequence[int],
    hooks: Sequence[tuple[nn.Module, str, Callable[[Tensor], Tensor]]] = (),
) -> Tensor:
    """Logits [pos, vocab] of the raw model; each function replaces the tensor at its module."""
    handles = []
    for module, side, function in hooks:
        def pre(mod, args, kwargs, function=function):
            if args:
                return (function(args[0].clone()), *args[1:]), kwargs
            kwargs = dict(kwargs)
            kwargs["hidden_states"] = function(kwargs["hidden_states"].clone())
            return args, kwargs

        def post(mod, args, output, function=function):
            if isinstance(output, tuple):
                return (function(output[0].clone()), *output[1:])
            return function(output.clone())

        handles.append(module.register_forward_pre_hook(pre, with_kwargs=True)
                       if side == "in" else module.register_forward_hook(post))
    try:
        with torch.no_grad():
            return model(input_ids=torch.tensor([list(ids)])).logits[0]
    finally:
        for handle in handles:
            handle.remove()


def value_at(model: nn.Module, family: str, ids: Sequence[int], site: str, layer: int) -> Tensor:
    """The site's value [pos, width] on a prompt."""
    kept = []

    def keep(value: Tensor) -> Tensor:
        kept.append(rows_of(value) * scale_of(family, site))
        return value

    hooked_logits(model, ids, [(*site_module(model, family, site, layer), keep)])
    return kept[0]


def edited_logits(
    model: nn.Module, family: str, ids: Sequence[int], site: str, layer: int,
    edit: Callable[[Tensor], None],
) -> Tensor:
    """Logits with one site edited in place by `edit`, which gets its [pos, width] tensor."""
    scale = scale_of(family, site)

    def function(value: Tensor) -> Tensor:
        rows = rows_of(value)
        rows *= scale
        edit(rows)
        rows /= scale
        return value

    return hooked_logits(model, ids, [(*site_module(model, family, site, layer), function)])


def rows_of(value: Tensor) -> Tensor:
    """A view [pos, width] of what a module of one prompt is given or gives."""
    return value[0] if value.ndim == 3 else value


def scale_of(family: str, site: str) -> float:
    """What the layer multiplies a branch by before it adds it."""
    return FAMILIES[family].scale if site in ("attn_out", "mlp_out") else 1.0
