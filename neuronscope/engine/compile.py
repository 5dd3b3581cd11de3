"""From a resolved edit to the functions that the tap applies."""

from __future__ import annotations

from functools import partial
from typing import assert_never

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from neuronscope.engine.execute import Key
from neuronscope.engine.plan import chosen, keys_of
from neuronscope.engine.sources import Sources
from neuronscope.errors import BadDirection
from neuronscope.hooks.index import align, entry_mask
from neuronscope.hooks.interventions import add, replace, zero
from neuronscope.hooks.tap import EditFn, name
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Add, Mean, Patch, Zero
from neuronscope.spec.target import Target


def compile_edit(
    host: LoadedModel, edit: Edit, sources: Sources, clean: dict[Key, Tensor]
) -> list[tuple[Key, EditFn]]:
    """One function per (site, layer) that the edit covers.

    clean: the clean run's values at those keys, [position, width].
    """
    return [(key, _function(host, edit, key, sources, clean[key]))
            for key in keys_of(edit.target, host.info.n_layers)]


def self_patch(
    host: LoadedModel, edits: tuple[Edit, ...], clean: dict[Key, Tensor]
) -> list[tuple[Key, EditFn]]:
    """The edits' entries replaced by their own clean values: must change nothing."""
    return [(key, partial(replace, mask=_mask(host, edit.target, clean[key]), value=clean[key]))
            for edit in edits for key in keys_of(edit.target, host.info.n_layers)]


def _mask(
    host: LoadedModel, target: Target, like: Float[Tensor, "pos width"]
) -> Bool[Tensor, "pos width"]:
    return entry_mask(
        *like.shape, positions=chosen(target.position), heads=chosen(target.head),
        neurons=chosen(target.neuron), n_heads=host.info.n_heads,
    ).to(like.device)


def _function(
    host: LoadedModel, edit: Edit, key: Key, sources: Sources, clean: Float[Tensor, "pos width"]
) -> EditFn:
    mask = _mask(host, edit.target, clean)
    match edit.op:
        case Zero():
            return partial(zero, mask=mask)
        case Mean():
            value = sources.arrays[edit.op, key].to(clean.device)
            return partial(replace, mask=mask, value=value.expand_as(clean))
        case Patch():
            value = sources.arrays[edit.op, key]
            if edit.op.positions is not None:
                value = align(value, clean.shape[0], edit.op.positions)
            return partial(replace, mask=mask, value=value)
        case Add():
            vector = sources.arrays[edit.op, key].to(clean.device)
            return partial(add, mask=mask, vector=_scaled(edit.op, vector, mask, clean, key))
        case _:
            assert_never(edit.op)


def _scaled(
    op: Add, vector: Tensor, mask: Bool[Tensor, "pos width"], clean: Tensor, key: Key
) -> Float[Tensor, " width"]:
    """The vector to add, restricted to the selected columns, in the unit that was asked for.

    For `site_norm` and for random directions its length counts over the selected columns
    only; the site's mean norm is taken over the selected entries of the clean run.
    Raises: BadDirection when the vector is zero there.
    """
    columns = mask.any(dim=0)
    vector = torch.where(columns, vector, 0.0)
    length = vector.norm()
    if not bool(length > 0):
        raise BadDirection(f"The direction is zero at the selected entries of {name(key)}.")
    if op.direction.kind == "random" or op.unit == "site_norm":
        vector = vector / length
    if op.unit == "site_norm":
        rows = mask.any(dim=1)
        vector = vector * torch.where(mask, clean.double(), 0.0)[rows].norm(dim=-1).mean()
    return op.scale * vector
