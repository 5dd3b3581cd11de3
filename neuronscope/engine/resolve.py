"""What a spec means on one model: token ids, indices from 0, everything explicit.

Pure and without torch, so that a request is checked, and a stored result found, without
touching the model. The resolved spec is itself a valid spec: resolving it again gives
the same one, and so the same hash.
"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass
from typing import Any

from neuronscope.engine.checks import (
    check_overlaps,
    check_site,
    prompt_ids,
    resolve_target,
)
from neuronscope.engine.resolve_ops import resolve_op
from neuronscope.errors import (
    MissingSource,
    ModelMismatch,
    OutOfRange,
    SweepSize,
    UnsupportedTarget,
)
from neuronscope.models.tokens import Tokenizer
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
from neuronscope.spec.metrics import JS, KL, LogitDiff, Metric, Recovered
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.ops import Op, Patch
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
    asked: Run | Sweep, info: ModelInfo, tokenizer: Tokenizer, max_cells: int = MAX_CELLS
) -> Resolved:
    """Check a spec against a model and make it explicit.

    Raises: ModelMismatch, and every subclass of InvalidInput, with a JSON pointer.
    """
    _check_model(asked.model, info)
    ids = prompt_ids(asked.prompt, info, tokenizer, "/prompt")
    read = one_index(asked.read_position, len(ids), "position",
                     f"the prompt of {len(ids)} tokens", "/read_position")
    if asked.top_k > info.vocab:
        raise OutOfRange(f"top_k {asked.top_k}: this model has {info.vocab} tokens.",
                         pointer="/top_k")
    shared = {"model": PINNED + info.model_digest, "prompt": ids, "read_position": read,
              "metrics": _metrics(asked.metrics, tokenizer), "top_k": asked.top_k}
    if isinstance(asked, Run):
        spec: Run | Sweep = Run(edits=_edits(asked, ids, info, tokenizer), **shared)
        ops = [edit.op for edit in spec.edits]
    else:
        over, op = _over(asked, ids, info, tokenizer)
        spec = Sweep(over=over, op=op, mode=asked.mode, **shared)
        ops = [op]
    _check_recovered(spec, ops, read)
    form = hashed_form(spec, info)
    spec_hash = content_hash(form)
    plan = _plan(spec, form, spec_hash, max_cells) if isinstance(spec, Sweep) else None
    return Resolved(asked, spec, form, spec_hash, tokenizer.tokens(ids), plan)


def hashed_form(spec: Run | Sweep, info: ModelInfo) -> dict[str, Any]:
    """The plain data that is hashed: the explicit spec and what it ran on.

    Numbers of a direction enter by the SHA-256 of their float64 bytes.
    """
    body = spec.model_dump(mode="json", exclude={"model"})
    for edit in body.get("edits", [body]):
        direction = edit["op"].get("direction", {})
        if direction.get("kind") == "values":
            values = direction.pop("values")
            raw = struct.pack(f"<{len(values)}d", *values)
            direction["sha256"] = hashlib.sha256(raw).hexdigest()
    return {"spec_version": SPEC_VERSION, "kind": type(spec).__name__.lower(),
            "model_digest": info.model_digest, "config_digest": info.config_digest,
            "tokenizer_digest": info.tokenizer_digest,
            "dtype": info.dtype, "attention": info.attention, **body}


def _check_model(named: str | None, info: ModelInfo) -> None:
    if named is None or named in (info.id, PINNED + info.model_digest):
        return
    if named.startswith(PINNED):
        raise ModelMismatch(f"The spec is pinned to {named}; loaded is {info.id}, "
                            f"{PINNED}{info.model_digest}.", pointer="/model",
                            hint="Load that model, or leave `model` out.")
    raise ModelMismatch(f"The spec is for another model; loaded is {info.id!r}.",
                        pointer="/model", hint="Load that model, or leave `model` out.")


def _edits(
    asked: Run, ids: tuple[int, ...], info: ModelInfo, tokenizer: Tokenizer
) -> tuple[Edit, ...]:
    edits = []
    for index, edit in enumerate(asked.edits):
        at = f"/edits/{index}"
        target = resolve_target(edit.target, len(ids), info, f"{at}/target")
        op, target = resolve_op(edit.op, target, ids, info, tokenizer, f"{at}/op")
        edits.append(Edit(target, op))
    check_overlaps(edits, info.n_layers)
    return tuple(edits)


def _over(
    asked: Sweep, ids: tuple[int, ...], info: ModelInfo, tokenizer: Tokenizer
) -> tuple[Over, Op]:
    """The axes as explicit lists, and the operation, checked at every site."""
    for site in asked.over.sites:
        check_site(site, (), info, "/over/sites")
    mapped = asked.op.positions if isinstance(asked.op, Patch) else None
    axes = {
        "layers": _axis(asked.over.layers, info.n_layers, "layer", "this model"),
        "heads": _axis(asked.over.heads, info.n_heads or 0, "head", "this model"),
        "positions": _axis(
            asked.over.positions if mapped is None or asked.over.positions != "all"
            else tuple(here for here, _ in mapped),
            len(ids), "position", f"the prompt of {len(ids)} tokens"),
        "neurons": _axis(asked.over.neurons, info.d_mlp or 0, "neuron", "this model"),
    }
    op = asked.op
    for site in asked.over.sites:
        target = Target(site=site, **{axis: axes[field] for axis, field in AXIS_FIELDS.items()})
        target = resolve_target(target, len(ids), info, "/over")
        op, _ = resolve_op(asked.op, target, ids, info, tokenizer, "/op")
    return Over(sites=asked.over.sites, **axes), op


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


def _metrics(metrics: tuple[Metric, ...], tokenizer: Tokenizer) -> tuple[Metric, ...]:
    resolved = tuple(_metric(metric, tokenizer, f"/metrics/{index}")
                     for index, metric in enumerate(metrics))
    twice = {metric.kind for metric in resolved if resolved.count(metric) > 1}
    if twice:
        raise OutOfRange(f"The metric {', '.join(sorted(twice))} is asked for twice.",
                         hint="Name each metric once.", pointer="/metrics")
    return resolved


def _metric(metric: Metric, tokenizer: Tokenizer, at: str) -> Metric:
    match metric:
        case KL() | JS():
            return metric
        case Recovered():
            return Recovered(of=_metric(metric.of, tokenizer, f"{at}/of"))
        case LogitDiff():
            return LogitDiff(answer=tokenizer.one_token(metric.answer, f"{at}/answer"),
                             foil=tokenizer.one_token(metric.foil, f"{at}/foil"))
        case _:
            return type(metric)(token=tokenizer.one_token(metric.token, f"{at}/token"))


def _check_recovered(spec: Run | Sweep, ops: list, read: int) -> None:
    if not any(isinstance(metric, Recovered) for metric in spec.metrics):
        return
    patches = [op for op in ops if isinstance(op, Patch)]
    prompts = {op.source_prompt for op in patches}
    if len(prompts) != 1:
        raise MissingSource(
            f"`recovered` compares with one source prompt; the edits have {len(prompts)}.",
            hint="Use it with a patch from one source prompt.", pointer="/metrics")
    found = {source_position(op, read) for op in patches} - {None}
    if len(found) > 1:
        raise MissingSource(
            f"`recovered` reads the source where position {read} comes from, and the position "
            f"maps name {sorted(found)}.", hint="Let the maps agree there.", pointer="/metrics")
    if not found:
        raise MissingSource(
            f"`recovered` reads the source where position {read} comes from, and the position "
            "map does not say where that is.",
            hint=f"Add a pair [{read}, position in the source] to the map.",
            pointer="/op/positions")


def source_position(op: Patch, position: int) -> int | None:
    """The position in the source that stands for one here; None where the map has none."""
    return position if op.positions is None else dict(op.positions).get(position)


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
                     n_cells=cells, n_forwards=cells + 2)
