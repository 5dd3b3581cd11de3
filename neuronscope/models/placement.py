"""On which device, and in which dtype, a model is loaded."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.errors import InvalidInput, ModelRefused

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pick_device(device: str) -> torch.device:
    """The device that a name stands for.

    Raises: InvalidInput for a name torch does not know, or a device that is not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise InvalidInput(f"{device[:40]!r} is not a device.",
                           hint="Use auto, cpu, mps, cuda or cuda:N.") from error
    there = {"cpu": True, "cuda": torch.cuda.is_available(),
             "mps": torch.backends.mps.is_available()}.get(chosen.type, False)
    if not there:
        raise InvalidInput(f"This machine has no {chosen.type} device that torch can use.",
                           hint="Use auto or cpu.")
    return chosen


def pick_dtype(dtype: str, device: torch.device) -> torch.dtype | str:
    """The dtype a name stands for; `auto` keeps the checkpoint's, but float32 on a CPU."""
    if dtype == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    if dtype not in DTYPES:
        raise InvalidInput(f"{dtype[:40]!r} is not a dtype here.",
                           hint=f"Use auto, {', '.join(DTYPES)}.")
    return DTYPES[dtype]


def entry_device(model: nn.Module) -> torch.device:
    """Where token ids go: where the input embedding computes, wherever its weights are kept."""
    embedding = model.get_input_embeddings()
    if not embedding.weight.is_meta:
        return embedding.weight.device
    device = _offloading(embedding).execution_device
    return torch.device("cuda", device) if isinstance(device, int) else torch.device(device)


def weight_of(module: nn.Module | None) -> Tensor | None:
    """A module's weights, read from where they are offloaded to; None where it has no such tensor.

    Weights that are offloaded come on the CPU.
    """
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor):
        return None
    return _offloading(module).weights_map["weight"] if weight.is_meta else weight


def _offloading(module: nn.Module) -> Any:
    """accelerate's hook that brings a module's weights when it runs.

    Raises: ModelRefused for a module whose weights are nowhere.
    """
    hook = getattr(module, "_hf_hook", None)
    for each in (hook, *getattr(hook, "hooks", ())):
        if getattr(each, "offload", False):
            return each
    raise ModelRefused("The model has weights on the device `meta`, which holds no numbers.",
                       hint="Load it with its weights.")
