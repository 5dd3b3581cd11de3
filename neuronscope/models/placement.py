"""On which devices, and in which dtype, a model is loaded; and where its weights are then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.errors import InvalidInput, ModelRefused
from neuronscope.models.options import LoadOptions

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Placement:
    """LoadOptions, for this machine.

    device: the one device; None where a map spreads the model. map: as transformers takes it.
    """

    device: torch.device | None
    dtype: torch.dtype | str
    map: str | dict[str, int | str] | None = None
    memory: dict[int | str, int] | None = None
    offload_folder: Path | None = None
    quantization: str | None = None

    def places(self) -> dict[str, torch.device]:
        """The device of each module that the map names; without those that stay on the disk."""
        named = self.map if isinstance(self.map, dict) else {}
        return {module: _as_device(place) for module, place in named.items() if place != "disk"}


def place(options: LoadOptions) -> Placement:
    """What the options mean on this machine.

    Raises: InvalidInput for devices that are not there, or a dtype that is none.
    """
    folder = None if options.offload_folder is None else Path(options.offload_folder)
    if options.device_map is None:
        device = pick_device(options.device)
        return Placement(device, pick_dtype(options.dtype, device), offload_folder=folder,
                         quantization=options.quantization)
    mapped = options.device_map
    if not isinstance(mapped, str):
        mapped = {str(module): _checked(name) for module, name in mapped.items()}
    accelerated = (torch.cuda.is_available() if isinstance(mapped, str)
                   else any(name not in ("cpu", "disk") for name in mapped.values()))
    dtype = pick_dtype(options.dtype, torch.device("cuda" if accelerated else "cpu"))
    return Placement(None, dtype, mapped, options.memory(), folder, options.quantization)


def _checked(name: int | str) -> int | str:
    """A device of a map. Raises: InvalidInput for one that is not there."""
    if name == "disk":
        return "disk"
    device = pick_device(f"cuda:{name}" if isinstance(name, int) else str(name))
    return "cpu" if device.type == "cpu" else str(device)


def _as_device(name: int | str) -> torch.device:
    return torch.device("cuda", name) if isinstance(name, int) else torch.device(name)


def check_modules(model: nn.Module, placement: Placement) -> None:
    """Whether the model has what the device map names: transformers overlooks what it has not.

    Raises: InvalidInput.
    """
    if not isinstance(placement.map, dict):
        return
    there = {name for name, _ in model.named_modules()} | set(model.state_dict())
    for name in sorted(set(placement.map) - there):
        near = get_close_matches(name, there - {""}, n=3, cutoff=0.0)
        raise InvalidInput(f"The device map names {name[:80]!r}, which this model does not have.",
                           hint=f"Its modules are called as in {', '.join(near)}.")


def devices_of(model: nn.Module) -> str:
    """The device of a model; of one that is spread, all of them, such as `cuda:0, cpu, disk`."""
    spread = getattr(model, "hf_device_map", None) or {}
    names = sorted({name if name == "disk" else str(_as_device(name)) for name in spread.values()},
                   key=lambda name: (name == "disk", name == "cpu", name))
    return ", ".join(names) or str(entry_device(model))


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


def pick_dtype(dtype: str | torch.dtype, device: torch.device) -> torch.dtype | str:
    """The dtype a name stands for; `auto` keeps the checkpoint's, but float32 on a CPU."""
    if isinstance(dtype, torch.dtype):
        dtype = str(dtype).removeprefix("torch.")
    if dtype == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    if dtype not in DTYPES:
        raise InvalidInput(f"{str(dtype)[:40]!r} is not a dtype here.",
                           hint=f"Use auto, {', '.join(DTYPES)}.")
    return DTYPES[dtype]


def entry_device(model: nn.Module) -> torch.device:
    """Where token ids go: where the input embedding computes, wherever its weights are kept."""
    embedding = model.get_input_embeddings()
    if not embedding.weight.is_meta:
        return embedding.weight.device
    return _as_device(_offloading(embedding).execution_device)


def weight_of(module: nn.Module | None) -> Tensor | None:
    """A module's weights, read from where they are offloaded to; None where it has no such tensor.

    Weights that are offloaded come on the CPU.
    """
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor):
        return None
    return _offloading(module).weights_map["weight"].cpu() if weight.is_meta else weight


def kept_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """A model's state by name; what is offloaded is read from where it is, one at a time."""
    for name, tensor in model.state_dict().items():
        owner, _, leaf = name.rpartition(".")
        yield name, (_offloading(model.get_submodule(owner)).weights_map[leaf]
                     if tensor.is_meta else tensor)


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
