"""What a spec means on one model: token ids, indices from 0, everything explicit.

Pure and without torch, so that a request is checked, and a stored result found, without
touching the model. The resolved spec is itself a valid spec: resolving it again gives
the same one, and so the same hash.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from neuronscope.engine.checks import Ground, check_site, prompt_ids
from neuronscope.engine.draws import draws_of
from neuronscope.engine.overlaps import check_overlaps, check_paths
from neuronscope.engine.resolve_metrics import check_recovered, resolve_metrics
from neuronscope.engine.resolve_metrics import source_position as source_position  # noqa: PLC0414
from neuronscope.engine.resolve_ops import resolve_op
from neuronscope.errors import (
    ModelMismatch,
    OutOfRange,
    SweepSize,
    UnsupportedTarget,
)
from neuronscope.models.tokens import Tokenizer
from neuronscope.models.vectors import Vectors
from neuronscope.spec.experiments import (
    AXIS_FIELDS,
    SPEC_VERSION,
    AxisValues,
    Edit,
    Over,
    Run,
    Sweep,
)
from neuronscope.spec.hashing import content_hash
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.ops import Patch, Path
from neuronscope.spec.results import SweepPlan, Token
from neuronscope.spec.selection import one_index
from neuronscope.spec.target import Target

MAX_CELLS = 250_000
PINNED = "sha256:"


@dataclass(frozen=True)
class Resolved:
    """`asked` is the spec as given, `spec` the explicit one, `form` what is hashed."""

    asked: Run | Sweep
    spec: Run | Sweep
    form: dict[str, Any]
    spec_hash: str
    tokens: tuple[Token, ...]
    plan: SweepPlan | None


def resolve(
    asked: Run | Sweep, info: ModelInfo, tokenizer: Tokenizer, max_cells: int = MAX_CELLS,
    vectors: Vectors | None = None,
) -> Resolved:
    """Check a spec against a model, and the vectors that are stored, and make it explicit.

    Raises: ModelMismatch, VectorNotFound, and every subclass of InvalidInput, with a JSON
    pointer.
    """
    _check_model(asked.model, info)
    ids = prompt_ids(asked.prompt, info, tokenizer, "/prompt")
    ground = Ground(ids, info, tokenizer, vectors or Vectors())
    read = one_index(asked.read_position, len(ids), "position",
                     f"the prompt of {len(ids)} tokens", "/read_position")
    if asked.top_k > info.vocab:
        raise OutOfRange(f"top_k {asked.top_k}: this model has {info.vocab} tokens.",
                         pointer="/top_k")
    held = _edits(asked.held, ground, "/held")
    shared = {"model": PINNED + info.model_digest, "prompt": ids, "read_position": read,
              "metrics": resolve_metrics(asked.metrics, ground, read), "top_k": asked.top_k,
              "held": held}
    if isinstance(asked, Run):
        edits = _edits(asked.edits, ground, "/edits")
        shared["ordered"] = _check_together(edits, held, asked, info)
        spec: Run | Sweep = Run(edits=edits, **shared)
    else:
        over, cells = _over(asked, ground)
        edits = tuple(cells)
        shared["ordered"] = _check_together(edits, held, asked, info)
        spec = Sweep(over=over, op=edits[0].op, mode=asked.mode, **shared)
    check_recovered(spec.metrics, [edit.op for edit in edits], read)
    draws_of(spec)
    form = hashed_form(spec, info)
    spec_hash = content_hash(form)
    plan = _plan(spec, form, spec_hash, max_cells) if isinstance(spec, Sweep) else None
    return Resolved(asked, spec, form, spec_hash, tokenizer.tokens(ids), plan)


def hashed_form(spec: Run | Sweep, info: ModelInfo) -> dict[str, Any]:
    """The plain data that is hashed: the explicit spec and what it ran on.

    Numbers of a direction enter by the SHA-256 of their float64 bytes.
    """
    body = spec.model_dump(mode="json", exclude={"model"})
    for edit in [*body["held"], *body.get("edits", [body])]:
        direction = edit["op"].get("direction", {})
        if direction.get("kind") == "values":
            values = direction.pop("values")
            raw = struct.pack(f"<{len(values)}d", *values)
            direction["sha256"] = hashlib.sha256(raw).hexdigest()
    return {"spec_version": SPEC_VERSION, "kind": type(spec).__name__.lower(),
            "model_digest": info.model_digest, "config_digest": info.config_digest,
            "tokenizer_digest": info.tokenizer_digest,
            "dtype": info.dtype, "attention": _attention(spec, info), **body}


def _attention(spec: Run | Sweep, info: ModelInfo) -> str:
    """Patterns exist under eager attention alone: a spec that edits one runs under it."""
    return "eager" if "pattern" in _sites(spec) else info.attention


def _sites(spec: Run | Sweep) -> Iterator[str]:
    ops = [edit.op for edit in spec.held]
    if isinstance(spec, Sweep):
        yield from spec.over.sites
        ops.append(spec.op)
    else:
        yield from (edit.target.site for edit in spec.edits)
        ops += [edit.op for edit in spec.edits]
    yield from (edit.target.site for edit in spec.held)
    yield from (target.site for op in ops if isinstance(op, Path) for target in op.to or ())


def _check_model(named: str | None, info: ModelInfo) -> None:
    if named is None or named in (info.id, PINNED + info.model_digest):
        return
    if named.startswith(PINNED):
        raise ModelMismatch(f"The spec is pinned to {named}; loaded is {info.id}, "
                            f"{PINNED}{info.model_digest}.", pointer="/model",
                            hint="Load that model, or leave `model` out.")
    raise ModelMismatch(f"The spec is for another model; loaded is {info.id!r}.",
                        pointer="/model", hint="Load that model, or leave `model` out.")


def _edits(edits: Sequence[Edit], ground: Ground, at: str) -> tuple[Edit, ...]:
    resolved = []
    for index, edit in enumerate(edits):
        target = ground.target(edit.target, f"{at}/{index}/target")
        op, target = resolve_op(edit.op, target, ground, f"{at}/{index}/op")
        resolved.append(Edit(target, op))
    return tuple(resolved)


def _check_together(
    edits: tuple[Edit, ...], held: tuple[Edit, ...], asked: Run | Sweep, info: ModelInfo
) -> bool:
    """Whether the order of edits counts; refused where it does and was not declared."""
    apart = isinstance(asked, Sweep)
    check_paths(() if apart else edits, held)
    named = [("/over", "the cells", edit) if apart
             else (f"/edits/{index}/target", f"edit {index}", edit)
             for index, edit in enumerate(edits)]
    always = [(f"/held/{index}/target", f"held edit {index}", edit)
              for index, edit in enumerate(held)]
    return check_overlaps(named, always, ordered=asked.ordered, apart=apart,
                          n_layers=info.n_layers)


def _over(asked: Sweep, ground: Ground) -> tuple[Over, list[Edit]]:
    """The axes as explicit lists, and for each site one edit that covers all its cells."""
    over, info = asked.over, ground.info
    n_positions, prompt = len(ground.ids), f"the prompt of {len(ground.ids)} tokens"
    for site in over.sites:
        check_site(site, (), info, "/over/sites")
    mapped = asked.op.positions if isinstance(asked.op, Patch) else None
    positions = over.positions
    if mapped is not None and positions == "all":
        positions = tuple(here for here, _ in mapped)
    axes = {
        "layers": _axis(over.layers, info.n_layers, "layer", "this model"),
        "heads": _heads(asked, info),
        "positions": _axis(positions, n_positions, "position", prompt),
        "neurons": _axis(over.neurons, info.d_mlp or 0, "neuron", "this model"),
        "keys": _axis(over.keys, n_positions, "key", prompt),
    }
    cells = []
    for site in over.sites:
        check_site(site, axes["layers"], info, "/over/layers")
        target = Target(site=site, **{axis: axes[field] for axis, field in AXIS_FIELDS.items()})
        target = ground.target(target, "/over")
        op, target = resolve_op(asked.op, target, ground, "/op")
        cells.append(Edit(target, op))
    return Over(sites=over.sites, **axes), cells


def _heads(asked: Sweep, info: ModelInfo) -> tuple[int, ...] | None:
    """Heads from 0. Sites of different head counts share only what is counted from 0."""
    values = asked.over.heads
    counts = {site: info.heads_of(site) or 0 for site in asked.over.sites}
    if values is not None and len(set(counts.values())) > 1 and (
            values == "all" or min(values) < 0):
        told = ", ".join(f"{site} has {count}" for site, count in counts.items())
        raise UnsupportedTarget(f"These sites have different numbers of heads: {told}.",
                                hint="List heads counted from 0 that all of them have, or sweep "
                                     "the sites apart.", pointer="/over/heads")
    least = min(counts, key=lambda site: counts[site])
    owner = "this model" if counts[least] == info.n_heads else least
    return _axis(values, counts[least], "head", owner)


def _axis(values: AxisValues, size: int, axis: str, owner: str) -> tuple[int, ...] | None:
    """Indices from 0 in the order asked; None where this is not an axis."""
    if values is None:
        return None
    if size < 1:
        raise UnsupportedTarget(f"This model has no single number of {axis}s.",
                                hint=f"Leave `{axis}s` out.", pointer=f"/over/{axis}s")
    chosen = range(size) if values == "all" else values
    plain = tuple(one_index(value, size, axis, owner, f"/over/{axis}s") for value in chosen)
    if len(set(plain)) != len(plain):
        raise OutOfRange(f"`{axis}s` names one index twice, counted from either end.",
                         hint="Name each index once.", pointer=f"/over/{axis}s")
    return plain


def _plan(spec: Sweep, form: dict[str, Any], spec_hash: str, max_cells: int) -> SweepPlan:
    coords: dict[str, tuple[Any, ...]] = {"site": spec.over.sites}
    for axis, field in AXIS_FIELDS.items():
        values = getattr(spec.over, field)
        if values is not None:
            coords[axis] = values
    cells = math.prod(len(values) for values in coords.values())
    if not 1 <= cells <= max_cells:
        raise SweepSize(f"The sweep has {cells:,} cells; allowed are 1 to {max_cells:,}.",
                        hint="Choose fewer layers, heads, positions or neurons.", pointer="/over")
    return SweepPlan(spec_hash=spec_hash, resolved=form, dims=tuple(coords), coords=coords,
                     n_cells=cells, n_forwards=(cells + 2) * draws_of(spec))
