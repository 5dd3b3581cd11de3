"""A loaded model that runs specs: the library's face, and what the worker process holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.engine.assemble import with_cells
from neuronscope.engine.compile import compile_edit, self_patch
from neuronscope.engine.execute import Key, run_forward
from neuronscope.engine.metrics import Reading, best, key_of, read, readout
from neuronscope.engine.plan import cells, keys_of
from neuronscope.engine.resolve import Resolved, resolve
from neuronscope.engine.scoring import Scale
from neuronscope.engine.sources import Sources, gather
from neuronscope.errors import InvalidInput
from neuronscope.models.fingerprint import environment
from neuronscope.models.host import LoadedModel
from neuronscope.models.load import load as load_folder
from neuronscope.models.load import wrap
from neuronscope.spec.experiments import Edit, Run, Sweep
from neuronscope.spec.grid import Grid
from neuronscope.spec.ops import Patch, Prompt
from neuronscope.spec.results import Cell, GridData, ModelInfo, Note, Result, Token

BATCH_S = 0.1
"""Finished cells are handed on at most this often, in seconds."""

OnHead = Callable[[GridData], None]
OnCells = Callable[[list[Cell]], None]


@dataclass(frozen=True)
class Prepared:
    """Everything that the edited forwards of one spec share."""

    resolved: Resolved
    edits: tuple[Edit, ...]
    sources: Sources
    clean: dict[Key, Tensor]
    scale: Scale

    @property
    def position(self) -> int:
        """The read position, from 0."""
        return self.resolved.spec.read_position


class Model:
    """Runs and sweeps on one loaded model, one forward per edited prompt."""

    def __init__(self, host: LoadedModel) -> None:
        self.host = host

    @property
    def info(self) -> ModelInfo:
        """What was found out about the model."""
        return self.host.info

    def tokens(self, prompt: Prompt) -> tuple[Token, ...]:
        """The prompt's tokens with ids and text."""
        return self.host.tokenizer.tokens(self.host.tokenizer.encode(prompt))

    def resolve(self, spec: Run | Sweep) -> Resolved:
        """What a spec means here; see neuronscope.engine.resolve."""
        return resolve(spec, self.info, self.host.tokenizer)

    def run(self, spec: Run) -> Result:
        """Run a spec: clean, a no-op of the same shape, and edited.

        Raises: InvalidInput and its subclasses for a spec that cannot be run here.
        """
        started, clock = _now(), time.perf_counter()
        resolved = self.resolve(spec)
        prepared = self._prepare(resolved, tuple(resolved.spec.edits))
        edited = self._edited(prepared, prepared.edits)
        tokenizer, k = self.host.tokenizer, resolved.spec.top_k
        return Result(
            spec_hash=resolved.spec_hash, spec=spec, resolved=resolved.form,
            model=self.host.ref(), tokens=resolved.tokens,
            clean=readout(prepared.scale.clean, tokenizer, k),
            edited=readout(edited, tokenizer, k),
            metrics=prepared.scale.values(edited, tokenizer),
            warnings=_warnings(prepared, edited), environment=environment(self.host.device),
            started_at=started, duration_s=time.perf_counter() - clock)

    def sweep(
        self,
        spec: Sweep,
        *,
        on_head: OnHead | None = None,
        on_cells: OnCells | None = None,
        cancelled: Callable[[], bool] | None = None,
        done: dict[int, Cell] | None = None,
    ) -> Grid:
        """Run every cell of a sweep, each alone, bit-equal to a plain hooked forward.

        on_head: called once with the empty grid; on_cells: with cells as they finish.
        cancelled: asked before each cell; when true the grid comes back incomplete.
        done: cells by index that need not be run again.
        A cell that fails is recorded as failed; the others still run.
        """
        started, clock = _now(), time.perf_counter()
        resolved = self.resolve(spec)
        plan = cells(resolved.spec)
        prepared = self._prepare(resolved, tuple(plan))
        head = self._head(prepared, started)
        (on_head or _nothing)(head)
        finished = dict(done or {})
        reasons: list[str] = []
        batch: list[Cell] = []
        told = time.perf_counter()
        for index, edit in enumerate(plan):
            if index in finished:
                continue
            if cancelled is not None and cancelled():
                reasons.append("cancelled")
                break
            finished[index] = self._cell(prepared, index, edit)
            batch.append(finished[index])
            if time.perf_counter() - told >= BATCH_S:
                (on_cells or _nothing)(batch)
                batch, told = [], time.perf_counter()
        if batch:
            (on_cells or _nothing)(batch)
        return Grid(with_cells(head, finished.values(), reasons=reasons,
                               duration_s=time.perf_counter() - clock))

    def _prepare(self, resolved: Resolved, edits: tuple[Edit, ...]) -> Prepared:
        """The clean run, the no-op run, and what the edits take from other prompts."""
        ids, position = resolved.spec.prompt, resolved.spec.read_position
        keys = {key for edit in edits for key in keys_of(edit.target, self.info.n_layers)}
        logits, captured = run_forward(self.host, ids, capture=keys)
        clean = read(logits, position)
        whole = tuple(dict.fromkeys(_without_selection(edit) for edit in edits))
        same, _ = run_forward(self.host, ids, edits=self_patch(self.host, whole, captured.values))
        sources = gather(self.host, edits)
        return Prepared(resolved, edits, sources, captured.values, Scale(
            resolved.spec.metrics, clean, read(same, position),
            _source_reading(edits, sources, position)))

    def _edited(self, prepared: Prepared, edits: tuple[Edit, ...]) -> Reading:
        functions = [pair for edit in edits for pair in compile_edit(
            self.host, edit, prepared.sources, prepared.clean)]
        logits, _ = run_forward(self.host, prepared.resolved.spec.prompt, edits=functions)
        return read(logits, prepared.position)

    def _cell(self, prepared: Prepared, index: int, edit: Edit) -> Cell:
        metrics = prepared.resolved.spec.metrics
        failure = None
        try:
            edited = self._edited(prepared, (edit,))
        except (torch.OutOfMemoryError, MemoryError):
            failure = "out of memory"
        if failure is not None:
            return Cell(index=index, values={key_of(m): None for m in metrics},
                        status={key_of(m): "failed" for m in metrics}, error=failure)
        found = {key_of(metric): prepared.scale.measured(metric, edited) for metric in metrics}
        return Cell(index=index, values={key: value for key, (value, _) in found.items()},
                    status={key: status for key, (_, status) in found.items()},
                    top=best(edited, self.host.tokenizer))

    def _head(self, prepared: Prepared, started: str) -> GridData:
        resolved, tokenizer = prepared.resolved, self.host.tokenizer
        plan = resolved.plan
        infos = prepared.scale.infos(tokenizer)
        return GridData(
            spec_hash=resolved.spec_hash, spec=resolved.asked, resolved=resolved.form,
            model=self.host.ref(), tokens=resolved.tokens, dims=plan.dims, coords=plan.coords,
            metrics=infos, values={key: [None] * plan.n_cells for key in infos},
            status={key: ["pending"] * plan.n_cells for key in infos},
            top=[None] * plan.n_cells, errors={},
            clean=readout(prepared.scale.clean, tokenizer, resolved.spec.top_k),
            complete=False, execution="exact: one forward per cell",
            environment=environment(self.host.device), started_at=started, duration_s=0.0)


def load(
    folder: str | Path | None = None,
    *,
    hf_model: nn.Module | None = None,
    tokenizer: Any = None,
    model_id: str = "",
    device: str = "auto",
    dtype: str = "auto",
) -> Model:
    """A model ready to run specs: from a folder, or one that the caller holds.

    folder: a HuggingFace model folder (safetensors). Or hf_model and tokenizer: a
    transformers model and its tokenizer, used as they are (the model is put in eval mode).
    device, dtype: for a folder; see neuronscope.models.load.load.
    Raises: ModelNotFound, ModelRefused, OutOfMemory, InvalidInput.
    """
    if (folder is None) == (hf_model is None) or (hf_model is None) != (tokenizer is None):
        raise InvalidInput("Give a folder, or both hf_model and tokenizer.")
    if folder is None:
        return Model(wrap(hf_model, tokenizer, model_id=model_id))
    return Model(load_folder(folder, model_id=model_id, device=device, dtype=dtype))


def _without_selection(edit: Edit) -> Edit:
    """The edit on all entries of its site and layers: one no-op covers every cell."""
    target = edit.target.model_copy(update={"head": None, "neuron": None, "position": None})
    return edit.model_copy(update={"target": target})


def _source_reading(edits: tuple[Edit, ...], sources: Sources, position: int) -> Reading | None:
    """The source prompt's reading at the position that stands for the read position."""
    patches = {edit.op.source_prompt: edit.op for edit in edits if isinstance(edit.op, Patch)}
    if len(patches) != 1:
        return None
    (ids, op), = patches.items()
    there = position if op.positions is None else dict(op.positions).get(position)
    return None if there is None else read(sources.logits[ids], there)


def _warnings(prepared: Prepared, edited: Reading) -> tuple[Note, ...]:
    notes = []
    if not (edited.finite and prepared.scale.clean.finite):
        notes.append(Note(code="non-finite", text="The logits hold NaN or infinity; values that "
                          "depend on them are left out."))
    if torch.equal(edited.logits, prepared.scale.clean.logits):
        notes.append(Note(code="no-op", text="The edit changed no logit at the read position."))
    return tuple(notes)


def _nothing(_: object) -> None:
    return None


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
