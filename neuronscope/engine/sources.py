"""What edits need from other runs: activations of source prompts, means, directions.

Gathered once per run or sweep, for all its cells together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor
from typing_extensions import assert_never

from neuronscope.engine.checks import site_width
from neuronscope.engine.draws import number
from neuronscope.engine.execute import Key, run_forward
from neuronscope.engine.overlaps import tensor_of
from neuronscope.engine.plan import keys_of
from neuronscope.errors import BadDirection
from neuronscope.hooks.index import tile_heads
from neuronscope.hooks.precision import float64
from neuronscope.models.host import LoadedModel
from neuronscope.models.placement import weight_of
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import (
    Add,
    Direction,
    Embed,
    Mean,
    Noise,
    Op,
    Patch,
    Path,
    PromptDifference,
    Random,
    Resample,
    Scale,
    Set,
    Stored,
    Unembed,
    Values,
    Zero,
)

Ids = tuple[int, ...]


@dataclass
class Sources:
    """Tensors by operation and (site, layer), and the source prompts' logits.

    `arrays[op, key]` is [position, width] for a patch or a path (of the source) and a
    per-position mean, [1, width] for a pooled mean, [width] for a direction.
    deviation: what the sigma of noise counts in.
    """

    arrays: dict[tuple[Op, Key], Tensor] = field(default_factory=dict)
    logits: dict[Ids, Tensor] = field(default_factory=dict)
    n_forwards: int = 0
    deviation: float = 0.0
    drawn: dict[tuple[Noise, Key], Tensor] = field(default_factory=dict)

    def noise(self, op: Noise, key: Key, shape: torch.Size) -> Float[Tensor, "pos width"]:
        """What `op` adds at a (site, layer), float64 on the CPU.

        Each position has a draw of its own, which depends on the seed, the tensor, the
        position and the width alone: not on the selection, the prompt's length or what
        else is visited. Two names of one tensor have the same draw.
        """
        found = self.drawn.get((op, key))
        if found is None or found.shape != shape:
            tensor, layer = tensor_of(*key)
            rows = [_normal(number(f"{op.seed}:{tensor}.{layer}:{position}"), shape[-1])
                    for position in range(shape[0])]
            self.drawn[op, key] = found = op.sigma * self.deviation * torch.stack(rows)
        return found


def gather(host: LoadedModel, edits: Iterable[Edit]) -> Sources:
    """Everything that these resolved edits take from elsewhere; each draw is given by itself.

    The runs on other prompts are plain: no edit, held or not, applies in them.
    Raises: BadDirection when a difference of means is zero; VectorNotFound.
    """
    needed: dict[Op, set[Key]] = {}
    for edit in edits:
        needed.setdefault(edit.op, set()).update(keys_of(edit.target, host.info.n_layers))
    sources = Sources()
    for op, keys in needed.items():
        match op:
            case Zero() | Scale() | Set():
                continue
            case Noise():
                sources.deviation = host.embedding_deviation
                continue
            case Resample():
                raise TypeError("a resampling is gathered one draw at a time")
            case Patch() | Path():
                sources.logits[op.source_prompt], found = _captured(
                    host, sources, op.source_prompt, keys)
            case Mean():
                found = _means(host, sources, op, keys)
            case Add():
                found = _directions(host, sources, op.direction, keys)
            case _:
                assert_never(op)
        sources.arrays.update({(op, key): value for key, value in found.items()})
    return sources


def _captured(
    host: LoadedModel, sources: Sources, ids: Ids, keys: set[Key]
) -> tuple[Tensor, dict[Key, Tensor]]:
    sources.n_forwards += 1
    logits, captured = run_forward(host, ids, capture=keys)
    return logits, captured.values


def _means(host: LoadedModel, sources: Sources, op: Mean, keys: set[Key]) -> dict[Key, Tensor]:
    """Means in float64 over the reference prompts, one forward each."""
    totals: dict[Key, Tensor] = {}
    count = 0
    for ids in op.reference.prompts:
        _, values = _captured(host, sources, ids, keys)
        if op.pool == "per_position":
            count += 1
            parts = {key: float64(value) for key, value in values.items()}
        else:
            plain = [index for index, id_ in enumerate(ids) if not host.tokenizer.is_special(id_)]
            count += len(plain)
            parts = {key: float64(value[plain]).sum(dim=0, keepdim=True)
                     for key, value in values.items()}
        for key, part in parts.items():
            totals[key] = totals[key] + part if key in totals else part
    return {key: total / count for key, total in totals.items()}


def _directions(
    host: LoadedModel, sources: Sources, direction: Direction, keys: set[Key]
) -> dict[Key, Float[Tensor, " width"]]:
    match direction:
        case PromptDifference():
            return _differences(host, sources, direction, keys)
        case Values():
            vector = torch.tensor(direction.values, dtype=torch.float64)
            return {key: tile_heads(vector, _width(host, key)) for key in keys}
        case Stored():
            row = torch.from_numpy(host.vectors.row(direction.sha256, direction.row))
            return {key: tile_heads(row, _width(host, key)) for key in keys}
        case Unembed():
            return dict.fromkeys(keys, _unembed_row(host, direction.token))
        case Embed():
            return dict.fromkeys(keys, _embed_row(host, direction.token))
        case Random():
            vectors = {each: _unit_vector(direction.seed, each)
                       for each in {_width(host, key) for key in keys}}
            return {key: vectors[_width(host, key)] for key in keys}
        case _:
            assert_never(direction)


def _unit_vector(seed: int, width: int) -> Tensor:
    """Depends on nothing but its arguments, whatever else a sweep visits."""
    vector = _normal(seed, width)
    return vector / vector.norm()


def _normal(seed: int, width: int) -> Tensor:
    """Standard normal numbers, float64, the same on every device."""
    return torch.randn(width, dtype=torch.float64,
                       generator=torch.Generator().manual_seed(seed))


def _width(host: LoadedModel, key: Key) -> int:
    width = site_width(key[0], host.info)
    if width is None:
        raise BadDirection(f"{key[0]} has no known width on this model.")
    return width


def _unembed_row(host: LoadedModel, token: int) -> Tensor:
    weight = weight_of(host.layout.unembed)
    if weight is None or weight.shape != (host.info.vocab, host.info.d_model):
        raise BadDirection("This model's output embedding is not one matrix of vocabulary × width.",
                           hint="Give the direction as values.")
    return float64(weight[token].detach())


def _embed_row(host: LoadedModel, token: int) -> Tensor:
    """The row as it is stored: before the factor that some families multiply it with."""
    weight = host.embedding
    if weight.ndim != 2 or weight.shape[1] != host.info.d_model or token >= weight.shape[0]:
        raise BadDirection("This model's input embedding is not one matrix of vocabulary × width.",
                           hint="Give the direction as values.")
    return float64(weight[token].detach())


def _differences(
    host: LoadedModel, sources: Sources, direction: PromptDifference, keys: set[Key]
) -> dict[Key, Tensor]:
    def last_mean(prompts: tuple[Ids, ...]) -> dict[Key, Tensor]:
        lasts = [{key: float64(value[-1])
                  for key, value in _captured(host, sources, ids, keys)[1].items()}
                 for ids in prompts]
        return {key: torch.stack([last[key] for last in lasts]).mean(dim=0) for key in keys}

    positive, negative = last_mean(direction.positive), last_mean(direction.negative)
    found = {key: positive[key] - negative[key] for key in keys}
    for (site, layer), vector in found.items():
        if not bool(vector.any()):
            raise BadDirection(f"The two prompt sets do not differ at {site}"
                               + (f", layer {layer}." if layer is not None else "."),
                               hint="Use prompts whose last tokens are read differently there.")
    return found
