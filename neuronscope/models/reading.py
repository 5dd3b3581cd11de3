"""From the files of a model folder to a transformers model."""

from __future__ import annotations

import atexit
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn

from neuronscope.errors import ModelRefused, OutOfMemory
from neuronscope.models.exhausted import ran_out
from neuronscope.models.fingerprint import read_header
from neuronscope.models.placement import DTYPES, Placement, check_modules
from neuronscope.models.quantised import asked_for

COUNTS = re.compile(r"(layers?|experts|blocks|depth)$")
"""Ends of the names of settings that say how many modules there are."""
MANY = 1000


def check_tensors(files: list[Path]) -> None:
    """Whether the files of a model hold each tensor once, where the index says.

    Raises: ModelRefused for a damaged file, a tensor in two files, or one in none.
    """
    held: dict[str, str] = {}
    for file in files:
        for name in read_header(file)[0]:
            if name in held:
                raise ModelRefused(f"The tensor {name!r} is in {held[name]} and in {file.name}.",
                                   hint="Remove the file that is not meant.")
            held[name] = file.name
    index = files[0].parent / "model.safetensors.index.json"
    if not index.is_file():
        return
    table = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    astray = sorted(name for name, file in table.items() if held.get(name) != Path(file).name)
    if astray:
        raise ModelRefused(f"{len(astray)} tensors are not in the files where {index.name} has "
                           f"them, the first is {astray[0]!r}.",
                           hint="Copy the folder again; a file may be missing or mixed up.")


def check_counts(folder: Path, config: dict[str, Any], files: list[Path]) -> None:
    """Whether config.json tells of no more layers or experts than the files can hold.

    transformers would build them one by one, however many they are.
    Raises: ModelRefused.
    """
    most = max(MANY, sum(len(read_header(file)[0]) for file in files))
    for part in (config, *(each for each in config.values() if isinstance(each, dict))):
        for name, value in part.items():
            if COUNTS.search(name) and isinstance(value, int) and value > most:
                raise ModelRefused(f"config.json of {folder.name!r} tells of {value} in "
                                   f"{name[:60]!r}, more than the files have tensors.",
                                   hint="It must be the JSON file of this model.")


def read_model(folder: Path, config: dict[str, Any], placement: Placement) -> nn.Module:
    """The model of a folder where it is to be, in eval mode.

    config: the folder's, as it was checked. Raises: ModelRefused, OutOfMemory.
    """
    try:
        with _quiet():
            model, found = _model_class(config).from_pretrained(
                folder, dtype=placement.dtype, local_files_only=True, use_safetensors=True,
                trust_remote_code=False, output_loading_info=True, **_how(config, placement))
        _refuse_missing(folder, sorted(found["missing_keys"]))
        _refuse_more_layers(folder, model, sorted(found["unexpected_keys"]))
        check_modules(model, placement)
        if placement.device is not None and placement.device.type == "mps":
            model = model.to(placement.device)
        return model.eval()
    except (MemoryError, OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError,
            ImportError, ArithmeticError, StrictDataclassError, SafetensorError) as error:
        if ran_out(error):
            raise OutOfMemory(
                f"{folder.name!r} does not fit on {placement.device or 'its devices'}.",
                hint="Use a smaller dtype, the device map auto, or another device.") from error
        raise ModelRefused(
            f"transformers cannot load {folder.name!r} ({type(error).__name__}).",
            hint="Check that config.json and the weights belong together.") from error


def _how(config: dict[str, Any], placement: Placement) -> dict[str, Any]:
    """What from_pretrained is told beside the dtype.

    A CUDA device gets each tensor from the file, and the CPU does not hold them all before.
    """
    told: dict[str, Any] = {}
    if placement.map is not None:
        told |= {"device_map": placement.map, "max_memory": placement.memory,
                 "offload_folder": placement.offload_folder or _temporary()}
    elif placement.device is not None and placement.device.type != "mps":
        told["device_map"] = {"": placement.device}
    if placement.quantization is not None:
        told["quantization_config"] = asked_for(
            placement.quantization, _compute_dtype(config, placement.dtype))
    return told


def _compute_dtype(config: dict[str, Any], dtype: torch.dtype | str) -> torch.dtype:
    """In what 4-bit weights are multiplied: the model's dtype, if it is told."""
    named = config.get("dtype") or config.get("torch_dtype")
    return DTYPES.get(str(named), torch.float32) if isinstance(dtype, str) else dtype


def _temporary() -> str:
    """A folder that is removed when this process ends."""
    folder = tempfile.mkdtemp(prefix="neuronscope-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _refuse_missing(folder: Path, names: list[str]) -> None:
    """transformers fills weights that a checkpoint lacks with random numbers."""
    if names:
        raise ModelRefused(
            f"{len(names)} weights are missing in the files of {folder.name!r}, the first is "
            f"{names[0]!r}.", hint="Without them the model would run on random numbers. Save it "
                                   "again, whole: model.save_pretrained(folder).")


def _refuse_more_layers(folder: Path, model: nn.Module, names: list[str]) -> None:
    """transformers leaves weights out that the configuration has no place for."""
    lists = {name: len(module) for name, module in model.named_modules()
             if isinstance(module, nn.ModuleList)}
    for name in names:
        for place in re.finditer(r"\.(\d+)\.", name):
            size = lists.get(name[:place.start()])
            if size is not None and int(place[1]) >= size:
                raise ModelRefused(
                    f"The files of {folder.name!r} hold {name!r}, but config.json makes "
                    f"{size} of these layers.",
                    hint="Without the others it would be another model: correct config.json.")


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bar of transformers: the caller's `progress` tells."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _model_class(config: dict[str, Any]) -> Any:
    """The transformers class to load with, by the config's own type."""
    import transformers
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    )

    kind = config["model_type"]
    named = (config.get("architectures") or [""])[0]
    causal = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(kind)
    multimodal = MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.get(kind)
    if multimodal is not None and named == multimodal:
        return getattr(transformers, multimodal)
    if causal is not None:
        return transformers.AutoModelForCausalLM
    if multimodal is not None:
        return transformers.AutoModelForImageTextToText
    raise ModelRefused(f"{kind[:60]!r} is not a language model that predicts the next token.",
                       hint="NeuronScope needs a causal language model.")
