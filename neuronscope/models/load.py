"""From a folder, or a model that the caller holds, to a checked `LoadedModel`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.errors import InvalidInput, ModelNotFound, ModelRefused, OutOfMemory
from neuronscope.models.certify import certify
from neuronscope.models.discover import read_config, weight_files
from neuronscope.models.fingerprint import (
    config_digest,
    module_digest,
    read_header,
    tokenizer_digest,
    weights_digest,
)
from neuronscope.models.host import LoadedModel
from neuronscope.models.layout import PROBE_LENGTH, discover
from neuronscope.models.tokens import Tokenizer
from neuronscope.spec.models import ModelInfo

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
PHASES = ("digest", "weights", "certify")

Progress = Callable[[str, int, int], None]
"""Called with a phase's name, the phases done, and how many there are."""


def load(
    folder: str | Path,
    *,
    model_id: str = "",
    device: str = "auto",
    dtype: str = "auto",
    progress: Progress | None = None,
) -> LoadedModel:
    """Load a model folder: safetensors only, local files only, no code from the folder.

    device: `auto` (cuda, then mps, then cpu) or a torch device. dtype: `auto` (the
    checkpoint's on an accelerator, float32 on a CPU), float32, bfloat16 or float16.
    Raises: ModelNotFound, ModelRefused, OutOfMemory, InvalidInput.
    """
    started = time.perf_counter()
    tell = progress or (lambda phase, done, total: None)
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise ModelNotFound(f"{folder.name!r} is not a model folder: it has no config.json.")
    config = read_config(folder)
    files = weight_files(folder)
    target = pick_device(device)
    tell("digest", 0, len(PHASES))
    for file in files:
        read_header(file)
    digest = weights_digest(files)
    tell("weights", 1, len(PHASES))
    model = _read_model(folder, config, target, pick_dtype(dtype, target))
    tell("certify", 2, len(PHASES))
    tokenizer = Tokenizer.from_folder(folder, _vocab(model))
    return _finish(model, tokenizer, model_id or folder.resolve().name, digest, started)


def wrap(hf_model: nn.Module, tokenizer: Any, *, model_id: str = "") -> LoadedModel:
    """Check and wrap a transformers model that the caller built; it is put in eval mode."""
    started = time.perf_counter()
    return _finish(hf_model.eval(), Tokenizer(tokenizer, _vocab(hf_model)),
                   model_id or type(hf_model).__name__, module_digest(hf_model), started)


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


def _read_model(
    folder: Path, config: dict[str, Any], device: torch.device, dtype: torch.dtype | str
) -> nn.Module:
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


def _vocab(model: nn.Module) -> int:
    return int(model.config.get_text_config().vocab_size)


def probe_ids(vocab: int, device: torch.device) -> Tensor:
    """A few different ordinary token ids, [1, PROBE_LENGTH], the same on every load."""
    ids = [(3 + 7 * step) % vocab for step in range(PROBE_LENGTH)]
    return torch.tensor([ids], device=device)


def _finish(
    model: nn.Module, tokenizer: Tokenizer, model_id: str, digest: str, started: float
) -> LoadedModel:
    device = model.get_input_embeddings().weight.device
    ids = probe_ids(_vocab(model), device)
    layout = discover(model, ids)
    text = model.config.get_text_config()
    info = ModelInfo(
        id=model_id, name=model_id, architecture=type(model).__name__,
        n_layers=len(layout.layers), n_heads=layout.n_heads, n_kv_heads=layout.n_kv_heads,
        d_head=layout.d_head, d_model=layout.d_model, d_mlp=layout.d_mlp, vocab=_vocab(model),
        context=getattr(text, "max_position_embeddings", None),
        dtype=str(model.dtype).removeprefix("torch."), device=str(device),
        attention=str(model.config._attn_implementation),
        n_params=sum(parameter.numel() for parameter in model.parameters()),
        model_digest=digest, config_digest=config_digest(model.config),
        tokenizer_digest=tokenizer_digest(tokenizer.hf),
        sites=certify(model, layout, ids), load_s=time.perf_counter() - started,
    )
    return LoadedModel(model, layout, tokenizer, info)
