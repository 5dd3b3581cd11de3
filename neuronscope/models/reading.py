"""From the files of a model folder to a transformers model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neuronscope.errors import ModelRefused, OutOfMemory


def read_model(
    folder: Path, config: dict[str, Any], device: torch.device, dtype: torch.dtype | str
) -> nn.Module:
    """The model of a folder on one device, in eval mode.

    config: the folder's, as it was checked. Raises: ModelRefused, OutOfMemory.
    """
    try:
        with _quiet():
            model, found = _model_class(config).from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True,
                output_loading_info=True)
        _refuse_missing(folder, sorted(found["missing_keys"]))
        return model.eval().to(device)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(f"{folder.name!r} does not fit on {device.type}.",
                          hint="Use a smaller dtype or another device.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ModelRefused(
            f"transformers cannot load {folder.name!r} ({type(error).__name__}).",
            hint="Check that config.json and the weights belong together.") from error


def _refuse_missing(folder: Path, names: list[str]) -> None:
    """transformers fills weights that a checkpoint lacks with random numbers."""
    if names:
        raise ModelRefused(
            f"{len(names)} weights are missing in the files of {folder.name!r}, the first is "
            f"{names[0]!r}.", hint="Without them the model would run on random numbers. Save it "
                                   "again, whole: model.save_pretrained(folder).")


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
