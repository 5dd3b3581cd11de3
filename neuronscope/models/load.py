"""From a folder, or a model that the caller holds, to a checked `LoadedModel`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from neuronscope.errors import ModelNotFound, ModelRefused
from neuronscope.models.beside import check_untouched, digest_of
from neuronscope.models.certify import certify
from neuronscope.models.digests import known_digest, stamp_of
from neuronscope.models.discover import read_config, weight_files
from neuronscope.models.exhausted import needed
from neuronscope.models.fingerprint import (
    config_digest,
    module_digest,
    tokenizer_digest,
)
from neuronscope.models.host import LoadedModel
from neuronscope.models.kept import keep, key_of, recall
from neuronscope.models.layout import Layout, discover
from neuronscope.models.memory import check_room
from neuronscope.models.options import LoadOptions
from neuronscope.models.placement import devices_of, entry_device, place
from neuronscope.models.quantised import check_numbers, count_parameters
from neuronscope.models.reading import check_counts, check_tensors, read_model
from neuronscope.models.text import probe_ids, setting, text_config, text_side, vocab_size
from neuronscope.models.tokens import Tokenizer
from neuronscope.spec.models import ModelInfo, SiteReport

PHASES = ("digest", "weights", "certify")
TOLD = 5
"""So many names are told of what differs."""
SHORT = ("The forwards of certification do not fit in memory beside the model.",
         "Use a smaller dtype or another device.")

Progress = Callable[[str, int, int], None]
"""Called with a phase's name, the phases done, and how many there are."""


def load(
    folder: str | Path,
    options: LoadOptions | None = None,
    *,
    model_id: str = "",
    progress: Progress | None = None,
    kept: Path | None = None,
    anew: bool = False,
) -> LoadedModel:
    """Load a model folder: safetensors only, local files only, no code from the folder.

    Whether it fits is told from its files' headers, before any weight is read.
    kept: a folder in which certifications and digests of weight files are kept and looked for;
    anew: not looked for.
    Raises: ModelNotFound, ModelRefused, OutOfMemory, InvalidInput.
    """
    clock = Clock()
    tell = progress or (lambda phase, done, total: None)
    folder = Path(folder)
    if not is_model_folder(folder):
        raise ModelNotFound(f"{folder.name[:60]!r} is not a model folder: it has no config.json.")
    config = read_config(folder)
    files = weight_files(folder)
    placement = place(options or LoadOptions())
    check_tensors(files)
    check_counts(folder, config, files)
    check_numbers(folder.name, config, placement.quantization)
    check_room(folder.name, files, config, placement)
    tell("digest", 0, len(PHASES))
    stamp = stamp_of(files)
    digest = "" if placement.quantization else known_digest(files, kept, anew=anew)
    clock.lap("digest")
    tell("weights", 1, len(PHASES))
    whole = read_model(folder, config, placement)
    if stamp_of(files) != stamp:
        raise ModelRefused(f"The files of {folder.name!r} changed while they were read.",
                           hint="Load it again once nothing writes them any more.")
    clock.lap("weights")
    tell("certify", 2, len(PHASES))
    model = needed(lambda: text_side(whole), *SHORT)
    digest = digest or module_digest(model)  # of the numbers that are computed with
    tokenizer = Tokenizer.from_folder(folder, vocab_size(model))
    return _finish(model, whole, tokenizer, model_id or folder.resolve().name, digest, clock,
                   kept, anew)


def is_model_folder(folder: Path) -> bool:
    """Whether a path leads to a folder with a config.json."""
    try:
        return (folder / "config.json").is_file()
    except (OSError, ValueError):  # a path that this system cannot have
        return False


class Clock:
    """What each step has taken, in seconds."""

    def __init__(self) -> None:
        self.began = self.last = time.perf_counter()
        self.steps: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """The step ends here."""
        now = time.perf_counter()
        self.steps[step] = self.steps.get(step, 0.0) + now - self.last
        self.last = now

    @property
    def total(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self.began


def wrap(hf_model: nn.Module, tokenizer: Any, *, model_id: str = "") -> LoadedModel:
    """Check and wrap a transformers model that the caller built; it is put in eval mode.

    Raises: ModelRefused, with the reason and what to pass instead.
    """
    clock = Clock()
    model = text_side(hf_model.eval())
    check_untouched(model)
    digest, beside = digest_of(model)
    loaded = _finish(model, hf_model, Tokenizer(tokenizer, vocab_size(model)),
                     model_id or type(hf_model).__name__, digest, clock)
    return loaded if not beside else replace(loaded, info=loaded.info.model_copy(update={
        "certification": f"{loaded.info.certification}; {_beside(beside)}"}))


def _beside(beside: tuple[str, ...]) -> str:
    """What a model computes with that its configuration does not tell."""
    more = f" and {len(beside) - TOLD} more" if len(beside) > TOLD else ""
    return (f"{', '.join(beside[:TOLD])}{more} differ from what the configuration makes, and are "
            "part of the digest")


def _finish(
    model: nn.Module, whole: nn.Module, tokenizer: Tokenizer, model_id: str, digest: str,
    clock: Clock, kept: Path | None = None, anew: bool = False,
) -> LoadedModel:
    """whole: what `model` is the text side of."""
    device = entry_device(model)
    ids = probe_ids(vocab_size(model), device)
    clock.lap("tokenizer")
    note = "" if model is whole else (
        f"{type(whole).__name__} demands an image; its language model is run by itself")
    layout, sites, certification = needed(
        lambda: _certified(model, ids, digest, kept, anew, note, clock), *SHORT)
    text = text_config(model)
    info = ModelInfo(
        id=model_id, name=model_id, architecture=type(model).__name__,
        n_layers=len(layout.layers), n_heads=layout.n_heads, n_kv_heads=layout.n_kv_heads,
        d_head=layout.d_head, d_model=layout.d_model, d_mlp=layout.d_mlp, vocab=vocab_size(model),
        context=setting(text, "max_position_embeddings"),
        dtype=str(model.dtype).removeprefix("torch."), device=devices_of(whole),
        attention=str(model.config._attn_implementation),
        n_params=count_parameters(model),
        model_digest=digest, config_digest=config_digest(model.config),
        tokenizer_digest=tokenizer_digest(tokenizer.hf),
        sites=sites, certification=certification, load_s=clock.total, steps_s=clock.steps,
    )
    return LoadedModel(model, layout, tokenizer, info)


def _certified(
    model: nn.Module, ids: Tensor, digest: str, kept: Path | None, anew: bool, note: str,
    clock: Clock,
) -> tuple[Layout, tuple[SiteReport, ...], str]:
    """Where the sites are, the verdict on each, and how it was reached.

    note: what to know of the model's input.
    """
    key = "" if kept is None else key_of(model, digest, ids.device)
    found = "" if kept is None or anew else recall(kept, key, model, ids)
    clock.lap("recall" if kept is not None and not anew else "certify")
    if not isinstance(found, str):
        return *found, "kept from an earlier load, and verified again on this one"
    layout = discover(model, ids)
    if note:
        layout.notes["embed"] = note
    clock.lap("discover")
    sites = certify(model, layout, ids)
    if kept is not None:
        keep(kept, key, model, ids, (layout, sites))
    clock.lap("certify")
    return layout, sites, "done on this load" + (
        f": the one that was kept did not hold, {found}" if found else "")
