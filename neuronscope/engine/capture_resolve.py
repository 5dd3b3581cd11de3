"""What a capture means on one model: explicit targets, merged, and how much memory they take.

Pure and without torch, like `resolve`. Edits are those of a run and resolved as such.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from neuronscope.engine.checks import resolve_target
from neuronscope.engine.plan import chosen, keys_of
from neuronscope.engine.resolve import PINNED, Resolved, resolve
from neuronscope.errors import CaptureSize, InvalidInput
from neuronscope.models.tokens import Tokenizer
from neuronscope.models.vectors import Vectors
from neuronscope.spec.captures import MAX_TARGETS, Capture, axes_of, dims_of
from neuronscope.spec.experiments import Run
from neuronscope.spec.hashing import content_hash
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.ops import Path
from neuronscope.spec.results import Token
from neuronscope.spec.selection import Selection
from neuronscope.spec.target import SITES, Target

MAX_BYTES = 1024**3
ITEM_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
OF_A_RUN = ("metrics", "read_position", "top_k", "held")


@dataclass(frozen=True)
class Block:
    """The entries selected of one site at one layer: along each axis some indices, or all."""

    site: str
    layer: int | None
    axes: dict[str, Selection]

    @property
    def name(self) -> str:
        """`z.3`, or `embed` for a site without layers."""
        return self.site if self.layer is None else f"{self.site}.{self.layer}"


@dataclass(frozen=True)
class ResolvedCapture:
    """`asked` is the spec as given, `spec` the explicit one, `form` what is hashed.

    run: the edits as a run's, resolved. n_bytes: of the tensors that are kept, as far as
    the sizes of the model are known beforehand.
    """

    asked: Capture
    spec: Capture
    run: Resolved
    blocks: tuple[Block, ...]
    form: dict[str, Any]
    capture_hash: str
    n_bytes: int

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The prompt's tokens."""
        return self.run.tokens


def resolve_capture(
    asked: Capture, info: ModelInfo, tokenizer: Tokenizer, max_bytes: int = MAX_BYTES,
    vectors: Vectors | None = None,
) -> ResolvedCapture:
    """Check a capture against a model, and the vectors that are stored, and make it explicit.

    Raises: ModelMismatch, VectorNotFound, CaptureSize for more than `max_bytes` of tensors,
    and every other subclass of InvalidInput, with a JSON pointer.
    """
    run = resolve(Run(model=asked.model, prompt=asked.prompt, edits=asked.edits,
                      ordered=asked.ordered, top_k=1), info, tokenizer, vectors=vectors)
    _check_edits(run)
    ids = run.spec.prompt
    blocks = _blocks(asked.targets, len(ids), info)
    targets = _targets(blocks, info)
    patterns = any(block.site == "pattern" for block in blocks)
    form = {key: value for key, value in run.form.items() if key not in OF_A_RUN} | {
        "kind": "capture", "attention": "eager" if patterns else run.form["attention"],
        "targets": [target.model_dump(mode="json") for target in targets],
        "tensors": asked.tensors}
    spec = Capture(model=PINNED + info.model_digest, prompt=ids, targets=targets,
                   edits=run.spec.edits, ordered=run.spec.ordered, tensors=asked.tensors)
    n_bytes = sum(block_bytes(block, len(ids), info) or 0 for block in blocks) * asked.tensors
    check_size(n_bytes, max_bytes)
    return ResolvedCapture(asked, spec, run, blocks, form, content_hash(form), n_bytes)


def check_size(n_bytes: int, max_bytes: int) -> None:
    """Raises: CaptureSize."""
    if n_bytes > max_bytes:
        raise CaptureSize(
            f"The capture would keep {n_bytes:,} bytes; allowed are {max_bytes:,}.",
            hint="Select fewer layers, heads, neurons or positions, or keep statistics alone "
                 "(tensors: false). The setting max_capture raises the limit.",
            pointer="/targets")


def block_bytes(block: Block, n_positions: int, info: ModelInfo) -> int | None:
    """Bytes of a block; None where the model has no single size for a dimension."""
    sizes = _sizes(block.site, n_positions, info)
    counts = [len(picked) if (picked := block.axes.get(dim)) is not None else sizes[dim]
              for dim in dims_of(block.site)]
    item = ITEM_BYTES.get(info.dtype)
    if item is None or None in counts:
        return None
    return math.prod(count for count in counts if count is not None) * item


def _sizes(site: str, n_positions: int, info: ModelInfo) -> dict[str, int | None]:
    return {"position": n_positions, "key": n_positions, "head": info.heads_of(site),
            "neuron": info.d_mlp, "d_head": info.d_head, "d_model": info.d_model}


def _check_edits(run: Resolved) -> None:
    """A capture is one forward: no edit along a route, and no mean over draws."""
    for index, edit in enumerate(run.spec.edits):
        if isinstance(edit.op, Path):
            raise InvalidInput("A path edit takes several forwards; a capture is of one.",
                               hint="Capture under another edit.", pointer=f"/edits/{index}/op")
        if getattr(edit.op, "draws", 1) > 1:
            raise InvalidInput("A capture is of one forward, and this edit is drawn several times.",
                               hint="Use draws: 1, and one capture for each seed.",
                               pointer=f"/edits/{index}/op/draws")


def _blocks(
    targets: Iterable[Target], n_positions: int, info: ModelInfo
) -> tuple[Block, ...]:
    """One block for each (site, layer), in the order of the forward."""
    found: dict[tuple[str, int | None], list[Block]] = {}
    first: dict[tuple[str, int | None], str] = {}
    for index, asked in enumerate(targets):
        at = f"/targets/{index}"
        target = resolve_target(asked, n_positions, info, at)
        axes = {axis: chosen(getattr(target, axis)) for axis in axes_of(target.site)}
        for key in keys_of(target, info.n_layers):
            _join(found.setdefault(key, []), Block(*key, axes),
                  _sizes(target.site, n_positions, info))
            first[key] = at
    for key, blocks in found.items():
        if len(blocks) > 1:
            raise InvalidInput(
                f"The targets select entries of {blocks[0].name} that are no block "
                "(some heads, neurons or positions, each with all the others).",
                hint="Select the block that holds them, or capture them apart.",
                pointer=first[key])
    return tuple(sorted((blocks[0] for blocks in found.values()), key=_depth))


def _depth(block: Block) -> tuple[bool, int, int]:
    return block.site == "final_norm", block.layer or 0, list(SITES).index(block.site)


def _join(blocks: list[Block], new: Block, sizes: dict[str, int | None]) -> None:
    """Adds a block to those of its site and layer; joined wherever that is a block again."""
    for old in blocks:
        joined = _union(old, new, sizes)
        if joined is not None:
            blocks.remove(old)
            _join(blocks, joined, sizes)
            return
    blocks.append(new)


def _union(left: Block, right: Block, sizes: dict[str, int | None]) -> Block | None:
    """The two as one block: one holds the other, or they differ along one axis at most."""
    if _holds(left, right):
        return left
    if _holds(right, left):
        return right
    apart = [axis for axis in left.axes if left.axes[axis] != right.axes[axis]]
    if len(apart) > 1:
        return None
    (axis,) = apart
    both = tuple(sorted({*(left.axes[axis] or ()), *(right.axes[axis] or ())}))
    return replace(left, axes=left.axes | {axis: None if len(both) == sizes[axis] else both})


def _holds(outer: Block, inner: Block) -> bool:
    def covers(axis: str) -> bool:
        mine, other = outer.axes[axis], inner.axes[axis]
        return mine is None or (other is not None and set(other) <= set(mine))
    return all(covers(axis) for axis in outer.axes)


def _targets(blocks: tuple[Block, ...], info: ModelInfo) -> tuple[Target, ...]:
    """The blocks as few targets: layers with one selection together."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for block in sorted(blocks, key=lambda block: (list(SITES).index(block.site), _depth(block))):
        layers = alike.setdefault((block.site, *block.axes.items()), [])
        if block.layer is not None:
            layers.append(block.layer)
    if len(alike) > MAX_TARGETS:
        raise InvalidInput(f"The targets make more than {MAX_TARGETS} different selections.",
                           hint="Capture them in parts.", pointer="/targets")
    return tuple(
        Target(site=site, **dict(axes),
               layer=None if len(layers) in (0, info.n_layers) else tuple(layers))
        for (site, *axes), layers in alike.items())
