"""A loaded model that runs specs: the library's face, and what the worker process holds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neuronscope.engine.averages import mean_reading, mean_values
from neuronscope.engine.capture_resolve import MAX_BYTES
from neuronscope.engine.capturing import capture
from neuronscope.engine.draws import concrete, draws_of
from neuronscope.engine.metrics import Reading, Readings, readout
from neuronscope.engine.prepare import attention_for, now, prepare
from neuronscope.engine.resolve import Resolved, resolve
from neuronscope.engine.scoring import Scale
from neuronscope.engine.stages import stages_of
from neuronscope.engine.sweeping import ALONE, OnCells, OnHead, Watch, run_sweep
from neuronscope.errors import InvalidInput
from neuronscope.models.exhausted import needed
from neuronscope.models.fingerprint import environment
from neuronscope.models.host import LoadedModel
from neuronscope.models.load import load as load_folder
from neuronscope.models.load import wrap
from neuronscope.models.options import LoadOptions, Places, article, check_folder
from neuronscope.spec.captured import Captured
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Run, Sweep
from neuronscope.spec.grid import Grid
from neuronscope.spec.models import ModelInfo, StageReport
from neuronscope.spec.ops import Prompt
from neuronscope.spec.results import Cell, Note, Result, Token

SHORT = ("The forward passes of the clean prompt and its sources do not fit in memory.",
         "Use a shorter prompt, or a smaller dtype.")


class Model:
    """Runs, sweeps and captures on one loaded model; those of several threads take turns."""

    def __init__(self, host: LoadedModel) -> None:
        self.host = host

    @property
    def info(self) -> ModelInfo:
        """What was found out about the model."""
        return self.host.info

    def stages(self) -> tuple[StageReport, ...]:
        """The verdict on each stage of fast sweeps: compared with plain forwards on this model."""
        return stages_of(self.host)

    def tokens(self, prompt: Prompt) -> tuple[Token, ...]:
        """The prompt's tokens with ids and text."""
        return self.host.tokenizer.tokens(self.host.tokenizer.encode(prompt))

    def resolve(self, spec: Run | Sweep) -> Resolved:
        """What a spec means here; see neuronscope.engine.resolve."""
        return resolve(spec, self.info, self.host.tokenizer, vectors=self.host.vectors)

    def add_vector(self, values: Any, name: str = "", **how: Any) -> str:
        """The SHA-256 under which a vector or matrix is kept now; see `Vectors.add`."""
        return self.host.vectors.add(values, name, **how).sha256

    def run(self, spec: Run) -> Result:
        """Run a spec: clean, a no-op of the same shape, and edited.

        Raises: InvalidInput and its subclasses for a spec that cannot be run here, OutOfMemory.
        """
        started, clock = now(), time.perf_counter()
        resolved = self.resolve(spec)
        draws = draws_of(resolved.spec)
        with self.host.lock, attention_for(self.host, resolved):
            runs = needed(lambda: [self._drawn(resolved, draw) for draw in range(draws)], *SHORT)
        tokenizer, k, at = self.host.tokenizer, resolved.spec.top_k, resolved.spec.read_position
        clean, edited = (mean_reading([readings[at] for readings in side]) for side in (
            [scale.clean for scale, _ in runs], [each for _, each in runs]))
        return Result(
            spec_hash=resolved.spec_hash, spec=spec, resolved=resolved.form,
            model=self.host.ref(resolved.form["attention"]), tokens=resolved.tokens,
            clean=readout(clean, tokenizer, k), edited=readout(edited, tokenizer, k),
            metrics=mean_values([scale.values(edited, tokenizer) for scale, edited in runs]),
            draws=draws, warnings=_warnings(clean, edited, bool(spec.edits)),
            environment=environment(self.host.device) | {"batch": ALONE},
            started_at=started, duration_s=time.perf_counter() - clock)

    def _drawn(self, resolved: Resolved, draw: int) -> tuple[Scale, Readings]:
        edits, held = (tuple(concrete(edit, draw) for edit in side)
                       for side in (resolved.spec.edits, resolved.spec.held))
        prepared = prepare(self.host, resolved, edits, held)
        return prepared.scale, prepared.edited(edits)

    def sweep(
        self,
        spec: Sweep,
        *,
        on_head: OnHead | None = None,
        on_cells: OnCells | None = None,
        cancelled: Callable[[], bool] | None = None,
        done: dict[int, Cell] | None = None,
        memory: int | None = None,
    ) -> Grid:
        """Run every cell of a sweep.

        on_head: called once with the empty grid; on_cells: with cells as they finish, in
        any order. cancelled: asked between forwards; when true the grid comes back
        incomplete. done: cells by index that need not be run again. memory: bytes that the
        sweep may take beside the model; see neuronscope.engine.budget for the default.
        A cell that fails is recorded as failed; the others still run.
        Raises: InvalidInput and its subclasses; OutOfMemory where not even the clean run fits.
        """
        watch = Watch(on_head or _nothing, on_cells or _nothing, cancelled or _never)
        with self.host.lock:
            return needed(lambda: run_sweep(self.host, self.resolve(spec), watch, done or {},
                                            memory), *SHORT)

    def capture(self, spec: Capture, *, max_bytes: int = MAX_BYTES) -> Captured:
        """Keep activations of one forward: `.arrays["z.3"]`, and statistics in `.data`.

        max_bytes: the most that the tensors may take.
        Raises: CaptureSize and other subclasses of InvalidInput, OutOfMemory.
        """
        with self.host.lock:
            return capture(self.host, spec, max_bytes)


def load(
    folder: str | Path | None = None,
    *,
    hf_model: nn.Module | None = None,
    tokenizer: Any = None,
    model_id: str = "",
    device: str = "auto",
    dtype: str = "auto",
    kept: str | Path | None = None,
    device_map: str | Places | None = None,
    max_memory: str | Places | None = None,
    offload_folder: str | Path | None = None,
    quantization: str | None = None,
) -> Model:
    """A model ready to run specs: from a folder, or one that the caller holds.

    folder: a HuggingFace model folder (safetensors). Or hf_model and tokenizer: a
    transformers model and its tokenizer, used as they are (the model is put in eval mode).
    device to quantization: for a folder; see neuronscope.models.options.LoadOptions. kept: for a
    folder, where certifications are kept, so that a known model loads faster; by default none.
    Raises: ModelNotFound, ModelRefused, OutOfMemory, InvalidInput.
    """
    if (folder is None) == (hf_model is None) or (hf_model is None) != (tokenizer is None):
        raise InvalidInput("Give a folder, or both hf_model and tokenizer.")
    _check_given(folder, hf_model, tokenizer, model_id)
    if kept is not None:
        check_folder("kept", kept)
    options = LoadOptions(device, dtype, device_map, max_memory, offload_folder, quantization)
    if folder is None:
        if options != LoadOptions():
            raise InvalidInput("A model that is given is used where and as it is.",
                               hint="Leave out device, dtype and what else is for a folder.")
        return Model(wrap(hf_model, tokenizer, model_id=model_id))
    return Model(load_folder(folder, options, model_id=model_id,
                             kept=None if kept is None else Path(kept)))


def _check_given(folder: Any, hf_model: Any, tokenizer: Any, model_id: Any) -> None:
    """Raises: InvalidInput for arguments of `load` that are of another kind."""
    if not isinstance(model_id, str):
        raise InvalidInput(f"model_id must be text; this is {article(type(model_id).__name__)}.")
    if hf_model is None:
        if not isinstance(folder, (str, os.PathLike)) or isinstance(os.fspath(folder), bytes):
            raise InvalidInput(
                f"The folder must be a path; this is {article(type(folder).__name__)}.",
                hint='For example: ns.load("LLM/atlas").')
        return
    if not isinstance(hf_model, nn.Module):
        raise InvalidInput(
            f"hf_model must be a transformers model; this is {article(type(hf_model).__name__)}.",
            hint="Pass what from_pretrained returned, or a folder: a name is not looked up.")
    if not hasattr(tokenizer, "all_special_ids"):
        raise InvalidInput(
            "tokenizer must be a transformers tokenizer; this is "
            f"{article(type(tokenizer).__name__)}.",
            hint="Pass what AutoTokenizer.from_pretrained returned.")


def _warnings(clean: Reading, edited: Reading, any_edits: bool) -> tuple[Note, ...]:
    notes = []
    if not (edited.whole and clean.whole):
        notes.append(Note(code="non-finite", text="The logits hold NaN or infinity; values that "
                          "depend on them are left out."))
    if any_edits and torch.equal(edited.logits, clean.logits):
        notes.append(Note(code="no-op", text="The edit changed no logit at the read position."))
    return tuple(notes)


def _nothing(_: object) -> None:
    return None


def _never() -> bool:
    return False
