"""From selected heads, neurons and positions to the entries of a tensor.

A site's tensor is [batch, position, width]. Heads are contiguous blocks of `width`; in
`pattern` a head's block has one entry per key position.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from neuronscope.errors import LengthMismatch
from neuronscope.spec.selection import Selection


def entry_mask(
    n_positions: int,
    width: int,
    *,
    positions: Selection,
    heads: Selection,
    neurons: Selection,
    n_heads: int | None,
    keys: Selection = None,
) -> Bool[Tensor, "pos width"]:
    """True at the entries that a target selects; `keys` are places in each head's block."""
    rows = _picked(n_positions, positions)
    if heads is None and keys is None:
        columns = _picked(width, neurons)
    else:
        if n_heads is None or width % n_heads:
            raise LengthMismatch(f"A width of {width} is not {n_heads} heads.")
        block = _picked(width // n_heads, keys)
        columns = (_picked(n_heads, heads)[:, None] & block[None, :]).flatten()
    return rows[:, None] & columns[None, :]


def head_columns(heads: Selection, n_heads: int | None, width: int) -> Int[Tensor, " n"]:
    """The columns of some heads in a tensor of contiguous heads; all columns for None."""
    columns = torch.arange(width)
    if heads is None:
        return columns
    if n_heads is None or width % n_heads:
        raise LengthMismatch(f"A width of {width} is not {n_heads} heads.")
    return columns.view(n_heads, -1)[list(heads)].flatten()


def _picked(size: int, chosen: Selection) -> Bool[Tensor, " size"]:
    if chosen is None:
        return torch.ones(size, dtype=torch.bool)
    mask = torch.zeros(size, dtype=torch.bool)
    mask[list(chosen)] = True
    return mask


def align(
    source: Float[Tensor, "src width"], n_positions: int, pairs: tuple[tuple[int, int], ...]
) -> Float[Tensor, "pos width"]:
    """Source rows moved to the positions that they replace; other rows are NaN.

    NaN, so that an entry which no pair covers can never pass for a measurement.
    """
    moved = source.new_full((n_positions, source.shape[-1]), float("nan"))
    if pairs:
        here, there = zip(*pairs, strict=True)
        moved[list(here)] = source[list(there)]
    return moved


def tile_heads(vector: Float[Tensor, " d"], width: int) -> Float[Tensor, " width"]:
    """A per-head vector repeated over all heads of a width."""
    return vector.repeat(width // vector.shape[0])


def picked(
    value: Float[Tensor, "pos width"],
    dims: tuple[str, ...],
    chosen: Mapping[str, Selection],
    n_heads: int | None,
) -> Float[Tensor, "*dims"]:
    """The selected entries of a site's value, with the dimensions in the given order.

    dims: `position`, `head` where the site has heads, and what is within. chosen: selections
    by dimension; what is left out, or None, is taken whole. The result shares memory with
    `value` where the selection is a slice of it, and is no larger than the selection anywhere
    on the way.
    """
    if "head" in dims:
        if n_heads is None or value.shape[-1] % n_heads:
            raise LengthMismatch(f"A width of {value.shape[-1]} is not {n_heads} heads.")
        value = value.unflatten(-1, (n_heads, -1))
        if dims[0] == "head":
            value = value.transpose(0, 1)
    scattered: dict[int, list[int]] = {}
    for axis, dim in enumerate(dims):
        indices = chosen.get(dim)
        if indices is None:
            continue
        if indices[-1] - indices[0] + 1 == len(indices):
            value = value.narrow(axis, indices[0], len(indices))
        else:
            scattered[axis] = list(indices)
    if not scattered:
        return value
    if len(scattered) == 1:
        (axis, indices), = scattered.items()
        return value.index_select(axis, torch.tensor(indices, device=value.device))
    # several at once: one gather, over every dimension so that their order stays
    grid = [torch.tensor(scattered.get(axis, range(size)), device=value.device)
            for axis, size in enumerate(value.shape)]
    return value[torch.meshgrid(*grid, indexing="ij")]
