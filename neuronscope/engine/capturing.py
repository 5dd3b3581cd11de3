"""One forward whose activations are kept: what was asked for, and no more.

A hook cuts its site's value to the selection, takes the statistics, and copies the cut to
the host's memory; the layer's own tensor is let go at once. The logits are computed for the
last position alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from neuronscope.engine.capture_resolve import (
    MAX_BYTES,
    Block,
    ResolvedCapture,
    check_size,
    resolve_capture,
)
from neuronscope.engine.compile import compile_edit
from neuronscope.engine.draws import concrete
from neuronscope.engine.execute import Key, run_forward
from neuronscope.engine.plan import keys_of
from neuronscope.engine.prepare import now
from neuronscope.engine.sources import gather
from neuronscope.engine.statistics import statistics
from neuronscope.engine.sweeping import ALONE
from neuronscope.errors import UnsupportedTarget
from neuronscope.hooks.attention import eager_attention
from neuronscope.hooks.index import picked
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import EditFn
from neuronscope.models.exhausted import needed
from neuronscope.models.fingerprint import environment
from neuronscope.models.host import LoadedModel
from neuronscope.spec.captured import Captured, InMemory
from neuronscope.spec.captures import Capture, CaptureData, CaptureEntry, dims_of
from neuronscope.spec.results import Note
from neuronscope.spec.tensorfile import KINDS, WIDENED, Bits

SHORT = ("The forward pass or what it is to keep does not fit in memory.",
         "Use a shorter prompt, or capture in parts.")


def capture(host: LoadedModel, asked: Capture, max_bytes: int = MAX_BYTES) -> Captured:
    """Run the prompt once, under the edits, and keep what the targets select.

    max_bytes: of the tensors that are kept.
    Raises: CaptureSize before anything runs, other subclasses of InvalidInput, OutOfMemory.
    """
    started, clock = now(), time.perf_counter()
    resolved = resolve_capture(asked, host.info, host.tokenizer, max_bytes, host.vectors)
    keeper = Keeper(host, resolved, max_bytes)
    with _attention(host, resolved):
        edits = needed(lambda: _edits(host, resolved), *SHORT)
        with _last_logits_only(host):
            needed(lambda: run_forward(host, resolved.spec.prompt,
                                       edits=[*edits, *keeper.functions()]), *SHORT)
    data = CaptureData(
        capture_hash=resolved.capture_hash, spec=asked, resolved=resolved.form,
        model=host.ref(resolved.form["attention"]),
        tokens=resolved.tokens, entries=tuple(keeper.entries[block.name]
                                              for block in resolved.blocks),
        n_bytes=keeper.n_bytes, warnings=_warnings(host, resolved, keeper),
        environment=environment(host.device) | {"batch": ALONE},
        started_at=started, duration_s=time.perf_counter() - clock)
    return Captured(data, InMemory(data, {block.name: keeper.bits[block.name]
                                          for block in resolved.blocks if keeper.bits}))


class Keeper:
    """Takes what the targets select as it passes.

    entries: by name, with their statistics. bits: the tensors, in the host's memory, where
    they are asked for; n_bytes: what these take.
    """

    def __init__(self, host: LoadedModel, resolved: ResolvedCapture, max_bytes: int) -> None:
        self._host, self._resolved, self._max_bytes = host, resolved, max_bytes
        self.entries: dict[str, CaptureEntry] = {}
        self.bits: dict[str, Bits] = {}
        self.n_bytes = 0

    def functions(self) -> list[tuple[Key, EditFn]]:
        """One function per block for the tap: an edit that changes nothing."""
        return [((block.site, block.layer), self._keeping(block))
                for block in self._resolved.blocks]

    def _keeping(self, block: Block) -> EditFn:
        def keep(value: Float[Tensor, "b p w"]) -> Float[Tensor, "b p w"]:
            self._take(block, value[0].detach())
            return value
        return keep

    def _take(self, block: Block, value: Float[Tensor, "pos width"]) -> None:
        dims = dims_of(block.site)
        part = picked(value, dims, block.axes, self._host.info.heads_of(block.site))
        dtype = str(part.dtype).removeprefix("torch.")
        if dtype not in KINDS:
            raise UnsupportedTarget(f"{block.name} is computed in {dtype}, which is not kept here.",
                                    pointer="/targets")
        n_bytes = part.numel() * part.element_size()
        self.entries[block.name] = CaptureEntry(
            name=block.name, site=block.site, layer=block.layer, dims=dims,
            coords={dim: block.axes.get(dim) for dim in dims}, shape=tuple(part.shape),
            dtype=dtype, n_bytes=n_bytes, statistics=statistics(part),
            note=WIDENED if dtype == "bfloat16" else "")
        if self._resolved.asked.tensors:
            # again, for models whose layers differ in size: these are not known before
            check_size(self.n_bytes + n_bytes, self._max_bytes)
            self.bits[block.name] = dtype, _bits(part, value)
            self.n_bytes += n_bytes


def _bits(part: Tensor, whole: Tensor) -> np.ndarray:
    """The selection as a numpy array of its own, holding nothing else in memory."""
    own = part.untyped_storage().data_ptr() != whole.untyped_storage().data_ptr()
    if not (own and part.is_contiguous() and part.device.type == "cpu"):
        part = torch.empty(part.shape, dtype=part.dtype).copy_(part)
    if part.dtype is torch.bfloat16:
        return part.view(torch.int16).numpy().view("<u2")
    return part.numpy()


def _edits(host: LoadedModel, resolved: ResolvedCapture) -> list[tuple[Key, EditFn]]:
    """The edits as functions; what they need of the prompt is taken from a clean run."""
    edits = [concrete(edit, 0) for edit in resolved.run.spec.edits]
    if not edits:
        return []
    keys = {key for edit in edits for key in keys_of(edit.target, host.info.n_layers)}
    _, clean = run_forward(host, resolved.spec.prompt, capture=keys)
    sources = gather(host, edits)
    return [(each.key, each) for edit in edits
            for each in compile_edit(host, edit, sources, clean.values)]


def _attention(host: LoadedModel, resolved: ResolvedCapture) -> AbstractContextManager[None]:
    """Patterns exist as a tensor only in the eager implementation of attention."""
    if resolved.form["attention"] == host.info.attention:
        return nullcontext()
    return eager_attention(host.model)


@contextmanager
def _last_logits_only(host: LoadedModel) -> Iterator[None]:
    """The unembedding reads the last position alone: nobody looks at its logits here."""
    unembed = host.layout.unembed
    if unembed is None:
        yield
        return
    whole = unembed.forward
    with swapped({unembed: lambda hidden: whole(hidden[..., -1:, :])}):
        yield


def _warnings(host: LoadedModel, resolved: ResolvedCapture, keeper: Keeper) -> tuple[Note, ...]:
    notes = []
    if any(entry.statistics.n_non_finite for entry in keeper.entries.values()):
        notes.append(Note(code="non-finite", text="Some values are NaN or infinite; statistics "
                          "leave them out and count them."))
    if resolved.form["attention"] != host.info.attention:
        notes.append(Note(code="eager-attention", text=(
            f"The model computes attention by {host.info.attention}; patterns need the eager "
            "form, whose values differ from it by rounding.")))
    return tuple(notes)
