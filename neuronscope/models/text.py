"""The text side of a model: the module that is run on token ids alone, and its sizes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.errors import ModelRefused, OutOfMemory
from neuronscope.hooks.tap import attached
from neuronscope.models.exhausted import ran_out
from neuronscope.models.forward import forward
from neuronscope.models.placement import entry_device

FOREIGN = (TypeError, ValueError, AttributeError, KeyError, IndexError, RuntimeError,
           NotImplementedError, AssertionError, ImportError)
"""What a model's own code raises when it lacks an input, or cannot take one."""
PROBE_LENGTH = 7
WRAPPERS = {
    "DataParallel": "Pass model.module, on one device.",
    "DistributedDataParallel": "Pass model.module.",
    "FullyShardedDataParallel": "Load the whole model without sharding.",
    "OptimizedModule": "Pass the model as it was before torch.compile: compiled code skips the "
                       "modules that are read and edited.",
}
"""Classes around a model that cannot be read through, by name, and what to do."""


def probe_ids(vocab: int, device: torch.device) -> Tensor:
    """A few different ordinary token ids, [1, PROBE_LENGTH], the same on every load."""
    ids = [(3 + 7 * step) % vocab for step in range(PROBE_LENGTH)]
    return torch.tensor([ids], device=device)


def text_config(model: nn.Module) -> Any:
    """The part of a model's configuration that describes its decoder.

    Raises: ModelRefused for a module that is no transformers model.
    """
    config = getattr(model, "config", None)
    if not hasattr(config, "get_text_config"):
        raise ModelRefused(f"{type(model).__name__} is not a transformers model: it has no "
                           "configuration.", hint="Pass what from_pretrained returned.")
    try:
        return config.get_text_config(decoder=True)
    except ValueError:  # it has several
        return config


def setting(config: Any, name: str) -> int | None:
    """A number of a configuration; None where it has none, or one for each layer."""
    try:
        value = getattr(config, name, None)
    except RuntimeError:  # transformers' way to say that it differs between layers
        return None
    return value if isinstance(value, int) else None


def vocab_size(model: nn.Module) -> int:
    """How many token ids a model takes.

    Raises: ModelRefused where neither configuration nor input embedding tell.
    """
    told = setting(text_config(model), "vocab_size")
    rows = getattr(_embedding(model), "weight", None)
    if told is None and not (isinstance(rows, Tensor) and rows.ndim == 2):
        raise ModelRefused(f"{type(model).__name__} has no vocabulary: neither its configuration "
                           "nor its input embedding tells how many tokens there are.",
                           hint="NeuronScope needs a causal language model.")
    return len(rows) if told is None else told


def output_embedding(model: nn.Module) -> nn.Module | None:
    """The module that gives the logits: the model's own, or that of a model inside it."""
    for module in model.modules():
        if hasattr(module, "get_output_embeddings") and (
                found := module.get_output_embeddings()) is not None:
            return found
    return None


def text_side(model: nn.Module) -> nn.Module:
    """The module to run: the model itself, or the language model inside it.

    The latter where the model demands an image but holds a whole language model, every
    layer of which works without one: what it computes is then what the model computes of
    text.
    Raises: ModelRefused, with what stands against running the model on text alone.
    """
    _refuse_wrapped(model)
    if getattr(model.config, "is_encoder_decoder", False):
        raise ModelRefused(
            f"{type(model).__name__} is an encoder-decoder: an encoder reads the whole prompt, or "
            "an image, and the decoder reads both.",
            hint="NeuronScope needs a decoder-only language model.")
    context = setting(text_config(model), "max_position_embeddings")
    if isinstance(context, int) and 0 < context < PROBE_LENGTH:
        raise ModelRefused(f"The model's context holds {context} tokens; certification runs "
                           f"{PROBE_LENGTH}.", hint="Use a model with a longer context.")
    inner = _language_models(model)
    try:
        run_alone(model, _probe(model))
    except ModelRefused:
        for candidate in inner:
            if _runs_whole(candidate):
                return candidate
        raise
    return model


def run_alone(model: nn.Module, ids: Tensor) -> Tensor:
    """Logits of token ids, where a model may not have been run before.

    Raises: ModelRefused with what its code says; OutOfMemory.
    """
    kind = type(model).__name__
    try:
        logits = forward(model, ids)
    except (*FOREIGN, MemoryError) as error:
        if ran_out(error):
            raise OutOfMemory(
                f"A forward of {kind} on {ids.numel()} tokens does not fit in memory.",
                hint="Use a smaller dtype or another device.") from error
        if isinstance(error, AttributeError) and error.name == "logits":
            raise ModelRefused(f"{kind} gives no logits: it has no output embedding.",
                               hint="Load it with AutoModelForCausalLM.") from error
        told = " ".join(str(error).split())[:200]
        raise ModelRefused(
            f"{kind} could not be run on text alone: {type(error).__name__}: {told}",
            hint="NeuronScope gives a model token ids and nothing else.") from error
    if not isinstance(logits, Tensor) or logits.shape[:-1] != ids.shape:
        raise ModelRefused(
            f"{kind} does not give logits for each position of a prompt: its output has the shape "
            f"{tuple(getattr(logits, 'shape', ()))} for {tuple(ids.shape)} tokens.",
            hint="NeuronScope needs a model that predicts the next token at every position.")
    return logits


def _refuse_wrapped(model: nn.Module) -> None:
    for kind in type(model).__mro__:
        if kind.__name__ in WRAPPERS:
            raise ModelRefused(f"A {kind.__name__} cannot be read through.",
                               hint=WRAPPERS[kind.__name__])
    if any(getattr(module, "peft_config", None) for module in model.modules()):
        raise ModelRefused("The model has an adapter beside its weights, which would be computed "
                           "with and be part of no digest.",
                           hint="Merge it first: model = model.merge_and_unload().")
    if getattr(model, "_compiled_call_impl", None) is not None:
        raise ModelRefused("The model was compiled with model.compile().",
                           hint=WRAPPERS["OptimizedModule"])
    text_config(model)


def _embedding(model: nn.Module) -> nn.Module | None:
    try:
        return model.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None


def _probe(model: nn.Module) -> Tensor:
    weight = getattr(_embedding(model), "weight", None)
    device = next(model.parameters()).device if weight is None else entry_device(model)
    return probe_ids(vocab_size(model), device)


def _language_models(model: nn.Module) -> list[nn.Module]:
    """Whole models with an output embedding that a model holds, and that take its text."""
    wanted = type(text_config(model))
    return [module for module in model.modules() if module is not model
            and isinstance(getattr(module, "config", None), wanted)
            and not getattr(module.config, "is_encoder_decoder", False)
            and hasattr(module, "get_output_embeddings")
            and module.get_output_embeddings() is not None]


def _runs_whole(model: nn.Module) -> bool:
    """Whether a model runs on token ids, and no part of a layer is left out for want of an image.

    Experts count as run when the module that holds them is.
    """
    called: set[nn.Module] = set()
    modules = list(model.modules())
    with attached([(module, "in", lambda module, args, kwargs: called.add(module))
                   for module in modules]):
        try:
            run_alone(model, _probe(model))
        except ModelRefused:
            return False
    layers = [layer for group in modules if isinstance(group, nn.ModuleList) for layer in group]
    return all(called & set(part.modules()) for layer in layers if layer in called
               for part in layer.children() if any(True for _ in part.parameters()))
