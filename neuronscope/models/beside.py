"""What a model that the caller holds computes with beside its weights.

A state dict leaves out buffers that are not saved (a rotary embedding's frequencies) and plain
attributes (an epsilon, a scaling, a window). A folder has them from its configuration alone; a
model in memory may have had them changed. It is held against one that is built anew from
its configuration, without weights, and what differs becomes part of its digest.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.errors import ModelRefused
from neuronscope.models.fingerprint import config_digest, module_digest
from neuronscope.models.quantised import is_quantised
from neuronscope.models.text import FOREIGN
from neuronscope.spec.hashing import content_hash

LIBRARIES = ("torch", "transformers", "accelerate", "bitsandbytes", "kernels")
"""Packages whose hooks and forwards follow from the model and where it lies."""
OWN = {*vars(nn.Module())} - {"training"}
"""What every module has: parameters, buffers, children and hooks are looked at otherwise."""
NOT_COMPUTED_WITH = {
    "all_tied_weights_keys", "forward", "gradient_checkpointing", "hf_device_map", "hf_quantizer",
    "is_loaded_in_4bit", "is_loaded_in_8bit", "is_quantized", "generation_config", "name_or_path",
    "quantization_method", "warnings_issued",
    "_gradient_checkpointing_func", "_hf_hook", "_is_hf_initialized", "_old_forward",
    "_output_capturing_hooks_installed", "_require_grads_hook", "_require_grads_hooks",
    "_weight_conversions",
}
"""Attributes that loading, placing or training a model leaves behind."""

Found = dict[str, Any]
"""By name, what a tensor or attribute is, as plain JSON."""


def check_untouched(model: nn.Module) -> None:
    """Raises: ModelRefused for hooks or forwards that the caller has put on modules."""
    for name, module in model.named_modules():
        hooks = [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]
        if any(not _of_library(each) for each in hooks):
            raise _refusal(f"a hook on {name or 'itself'}", "Remove it before loading.")
        forward = vars(module).get("forward")
        if forward is not None and not _of_library(forward):
            raise _refusal(f"another forward in {name or 'itself'} than its class",
                           "Make it a class of its own.")


def digest_of(model: nn.Module) -> tuple[str, tuple[str, ...]]:
    """The digest of a model in memory; and what is computed with beside its weights, by name.

    Where that is what its configuration tells, the digest is that of the weights: the same
    that the model has when it is loaded from a folder.
    """
    weights = module_digest(model, as_saved=not is_quantised(model))
    changed = changes(model)
    if not changed:
        return weights, ()
    return content_hash({"weights": weights, "beside": changed}), tuple(sorted(changed))


def changes(model: nn.Module) -> Found:
    """Buffers that are not saved, classes and plain attributes that are not as built anew.

    All of them where the model cannot be built from its configuration.
    """
    mine, fresh = dict(_beside(model)), _fresh(model)
    theirs = {} if fresh is None else dict(_beside(fresh))
    quantised = is_quantised(model)
    others = set() if fresh is None or not quantised else _of_other_class(model, fresh)
    return {name: mine.get(name) for name in sorted(mine.keys() | theirs.keys())
            if mine.get(name) != theirs.get(name) and name.split(":")[0] not in others}


def _fresh(model: nn.Module) -> nn.Module | None:
    """The same model as a folder would give it, with parameters that hold no numbers."""
    from accelerate import init_empty_weights

    build = getattr(type(model), "_from_config", None)
    if build is None:
        return None
    try:
        with torch.random.fork_rng(devices=[]):
            with init_empty_weights(include_buffers=False):
                fresh = build(copy.deepcopy(model.config), dtype=model.dtype)
            # as from_pretrained does: buffers come from here, in the dtype that torch has now
            for module in fresh.modules():
                module._is_hf_initialized = False
            fresh.initialize_weights()
    except FOREIGN:
        return None
    return fresh.eval()


def _beside(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """What a model computes with and its state dict does not have, as `module:name`."""
    saved = model.state_dict().keys()
    for name, module in model.named_modules():
        yield f"{name}:class", f"{type(module).__module__}.{type(module).__qualname__}"
        for key, buffer in module._buffers.items():
            if buffer is not None and (f"{name}.{key}" if name else key) not in saved:
                yield f"{name}:{key}", _plain(buffer)
        for key, value in vars(module).items():
            absent = value is None or value is False
            if not absent and key not in OWN and key not in NOT_COMPUTED_WITH:
                yield f"{name}:{key}", _plain(value)


def _plain(value: Any) -> Any:
    """A value as JSON that differs where what is computed may; of other objects, their class."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Tensor):
        return _of_tensor(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return _named(value)


def _named(value: Any) -> Any:
    """What a number, function or object is, in words."""
    match value:
        case int() | float() | complex() | torch.dtype():
            return f"{type(value).__name__} {value!r}"
        case set() | frozenset():
            return sorted(map(repr, value))
        case functools.partial():
            return _plain([value.func, value.args, value.keywords])
        case types.FunctionType() | types.BuiltinFunctionType() | types.MethodType():
            return f"{value.__module__}.{value.__qualname__}"
        case _ if hasattr(value, "get_text_config"):
            return config_digest(value)
        case _:
            return f"{type(value).__module__}.{type(value).__qualname__}"


def _of_tensor(tensor: Tensor) -> list[Any]:
    dtype, shape = str(tensor.dtype).removeprefix("torch."), list(tensor.shape)
    if tensor.is_meta:
        return [dtype, shape]
    raw = tensor.detach().contiguous().cpu().reshape(-1).view(torch.uint8).numpy().tobytes()
    return [dtype, shape, hashlib.sha256(raw).hexdigest()]


def _of_other_class(model: nn.Module, fresh: nn.Module) -> set[str]:
    """Modules that quantisation has replaced."""
    built = {name: type(module) for name, module in fresh.named_modules()}
    return {name for name, module in model.named_modules()
            if built.get(name) is not type(module)}


def _of_library(function: Callable[..., Any]) -> bool:
    inner = function.func if isinstance(function, functools.partial) else function
    module = getattr(inner, "__module__", None) or type(inner).__module__
    return module.split(".")[0] in LIBRARIES


def _refusal(what: str, hint: str) -> ModelRefused:
    return ModelRefused(f"The model has {what}, which would be computed with and be part of no "
                        "digest.", hint=hint)
