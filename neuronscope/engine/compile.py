"""From a resolved edit to what it does to values: functions for the tap, or edited rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from typing_extensions import assert_never

from neuronscope.engine.execute import Key
from neuronscope.engine.plan import chosen, keys_of
from neuronscope.engine.sources import Sources
from neuronscope.errors import BadDirection
from neuronscope.hooks.index import align, entry_mask
from neuronscope.hooks.interventions import add, replace, scale, set_to, zero
from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import name
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Add, Mean, Noise, Op, Patch, Path, Resample, Scale, Set, Zero
from neuronscope.spec.target import Target

_REPLACE = Patch(source_prompt=())
"""What replaces entries by given values is applied like a patch."""


@dataclass(frozen=True)
class Compiled:
    """An edit at one (site, layer): a function of the site's value.

    mask: the selected entries, [position, width]; operand: what the operation needs,
    [position, width], [width], or nothing.
    """

    key: Key
    op: Op
    mask: Bool[Tensor, "pos width"]
    operand: Tensor | None

    def __call__(
        self, act: Float[Tensor, "b p w"], positions: Tensor | slice = slice(None)
    ) -> Float[Tensor, "b p w"]:
        """The edited value; `act` holds these positions of the prompt."""
        return _apply(self.op, act, mask=_at(self.mask, positions).to(act.device),
                      operand=_at(self.operand, positions))

    @classmethod
    def fixed(cls, key: Key, values: Float[Tensor, "pos width"]) -> Compiled:
        """All of a site replaced by given values."""
        return cls(key, _REPLACE, torch.ones_like(values, dtype=torch.bool), values)

    @property
    def start(self) -> int:
        """The first position that is edited."""
        return int(self.mask.any(dim=-1).nonzero()[0])


def compile_edit(
    host: LoadedModel, edit: Edit, sources: Sources, clean: dict[Key, Tensor]
) -> list[Compiled]:
    """One function per (site, layer) that the edit covers.

    clean: the clean run's values at those keys, [position, width].
    """
    return [Compiled(key, edit.op, entries_of(host, edit.target, clean[key]),
                     _operand(host, edit, key, sources, clean[key]))
            for key in keys_of(edit.target, host.info.n_layers)]


def replacing(
    host: LoadedModel, target: Target, values: dict[Key, Tensor]
) -> list[Compiled]:
    """The target's entries replaced by given values, [position, width] by (site, layer)."""
    return [Compiled(key, _REPLACE, entries_of(host, target, values[key]), values[key])
            for key in keys_of(target, host.info.n_layers)]


def edited_rows(
    host: LoadedModel, edit: Edit, key: Key, sources: Sources, clean: Float[Tensor, "pos width"]
) -> tuple[Tensor, Float[Tensor, "n width"]]:
    """The positions at which the edit changes the clean value, and the edited values there.

    Only the chosen positions are computed. Nothing where the edit changes no bit.
    """
    positions = chosen(edit.target.position)
    rows = torch.tensor(range(clean.shape[0]) if positions is None else positions,
                        device=clean.device)
    before = clean[rows]
    everywhere = edit.target.model_copy(update={"position": None})
    operand = _at(_operand(host, edit, key, sources, clean), rows)
    after = _apply(edit.op, before[None], mask=entries_of(host, everywhere, before),
                   operand=operand)[0]
    changed = (after != before).any(dim=-1)
    return rows[changed], after[changed]


def entries_of(
    host: LoadedModel, target: Target, like: Float[Tensor, "pos width"]
) -> Bool[Tensor, "pos width"]:
    """True at the entries of a site's value that the target selects."""
    return entry_mask(
        *like.shape, positions=chosen(target.position), heads=chosen(target.head),
        neurons=chosen(target.neuron), n_heads=host.info.heads_of(target.site),
        keys=chosen(target.key),
    ).to(like.device)


def _apply(
    op: Op, act: Float[Tensor, "b p w"], *, mask: Bool[Tensor, "p w"], operand: Tensor | None
) -> Float[Tensor, "b p w"]:
    match op:
        case Zero():
            return zero(act, mask)
        case Mean() | Patch():
            return replace(act, mask, operand)
        case Add() | Noise():
            return add(act, mask, operand)
        case Scale():
            return scale(act, mask, op.factor)
        case Set():
            return (set_to(act, mask, op.value) if operand is None
                    else replace(act, mask, operand))
        case Resample() | Path():
            raise TypeError(f"{op.kind} is made of other edits before it is applied")
        case _:
            assert_never(op)


def _at(operand: Tensor | None, positions: Tensor | slice) -> Tensor | None:
    """The operand at some positions, wherever it lies: noise on the CPU, say."""
    if operand is None or operand.ndim != 2:
        return operand
    return operand[positions if isinstance(positions, slice) else positions.to(operand.device)]


def _operand(
    host: LoadedModel, edit: Edit, key: Key, sources: Sources, clean: Float[Tensor, "pos width"]
) -> Tensor | None:
    """What the operation needs: values [position, width], a vector [width], or nothing."""
    match edit.op:
        case Set() if key[0] == "pattern":  # what a query cannot read stays out of reach
            value = torch.tensor(edit.op.value, dtype=torch.float64).to(clean)
            return torch.where(clean > 0, value, clean)
        case Zero() | Scale() | Set():
            return None
        case Noise():
            return sources.noise(edit.op, key, clean.shape)
        case Resample() | Path():
            raise TypeError(f"{edit.op.kind} is made of other edits before it is applied")
        case Mean():
            return sources.arrays[edit.op, key].to(clean).expand_as(clean)
        case Patch():
            value, pairs = sources.arrays[edit.op, key], edit.op.positions
            return value if pairs is None else align(value, clean.shape[0], pairs)
        case Add():
            return _scaled(host, edit, sources.arrays[edit.op, key], clean, key)
        case _:
            assert_never(edit.op)


def _scaled(
    host: LoadedModel, edit: Edit, vector: Tensor, clean: Float[Tensor, "pos width"], key: Key
) -> Float[Tensor, " width"]:
    """The vector to add, restricted to the selected columns, in the unit that was asked for.

    For `site_norm` and for random directions its length counts over the selected columns
    only; the site's mean norm is taken over the selected entries of the clean run.
    Raises: BadDirection when the vector is zero there.
    """
    mask = entries_of(host, edit.target, clean).to(vector.device)
    vector = torch.where(mask.any(dim=0), vector, 0.0)
    length = vector.norm()
    if not 0 < float(length) < math.inf:
        size = "zero" if float(length) == 0 else "too long for a number"
        raise BadDirection(f"The direction is {size} at the selected entries of {name(key)}.")
    if edit.op.direction.kind == "random" or edit.op.unit == "site_norm":
        vector = vector / length
    if edit.op.unit == "site_norm":
        rows = mask.any(dim=1)
        vector = vector * torch.where(mask, float64(clean).to(mask.device), 0.0)[rows].norm(
            dim=-1).mean()
    return edit.op.scale * vector
