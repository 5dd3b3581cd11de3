"""Where a site's value is in the tensors that pass through modules, and back again.

A site's value is always [batch, position, width], heads as contiguous blocks of the width;
of `pattern`, [batch, query position, heads × key positions]. What a module takes or gives
may hold more than the value (fused projections), in another order or shape, or only a
part of it: `value_in` and `raw_with` convert, and are each other's inverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

Side = Literal["in", "out", "pattern"]


@dataclass(frozen=True, eq=False)
class Point:
    """A tensor that passes in or out of a module: the value is scale × it + base_scale × the
    hidden input of `base`.

    side: `pattern` stands for the attention probabilities of an attention module, which no
    module takes or gives (see hooks.attention). base: the decoder layer, or the module in
    one, whose hidden input the value includes, or nothing. columns: the value's columns
    among the tensor's, once its trailing dimensions are flattened; None where they are all of
    them, in order.
    heads_first: the tensor is [batch, heads, position, d_head]. rows: where the tensor is
    [batch × position, width], the decoder layer whose hidden input tells the two apart.
    streams_first: the tensor is [stream, batch, position, width], its value all streams side by
    side.
    """

    module: nn.Module
    side: Side
    scale: float = 1.0
    base: nn.Module | None = None
    columns: Int[Tensor, " width"] | None = None
    heads_first: bool = False
    rows: nn.Module | None = None
    base_scale: float = 1.0
    streams_first: bool = False

    @property
    def plain(self) -> bool:
        """Whether every entry of the tensor is the value's entry, to the bit."""
        return self.scale == 1.0 and self.base is None


def value_in(
    point: Point, raw: Tensor, base: Float[Tensor, "batch pos width"] | None = None
) -> Float[Tensor, "batch pos width"]:
    """The site's value in a tensor of its module; `base` where the point has one."""
    value = _flat(point, raw)
    if point.columns is not None:
        value = value[..., point.columns.to(raw.device)]
    if point.scale != 1.0:
        value = value * point.scale
    return value if base is None else _times(base, point.base_scale) + value


def raw_with(
    point: Point, raw: Tensor, value: Float[Tensor, "batch pos width"],
    new: Float[Tensor, "batch pos width"],
    base: Float[Tensor, "batch pos width"] | None = None,
) -> Tensor:
    """The module's tensor in which the site's value is `new` where it differs from `value`.

    All other entries keep their very bits, and the tensor its shape and strides.
    """
    rest = new if base is None else new - _times(base, point.base_scale)
    if not point.plain:
        rest = rest if point.scale == 1.0 else rest / point.scale
        old = _flat(point, raw)
        old = old if point.columns is None else old[..., point.columns.to(raw.device)]
        rest = torch.where(new == value, old, rest)
    if point.columns is not None:
        flat = _flat(point, raw)
        rest = flat.index_copy(-1, point.columns.to(raw.device), rest.to(flat.dtype))
    if raw.ndim > 3:
        rest = rest.unflatten(-1, _by_position(point, raw).shape[2:])
    rest = rest.movedim(2, 0) if point.streams_first else rest
    rest = rest.transpose(1, 2) if point.heads_first else rest
    # how a matrix product rounds depends on strides
    return rest if rest.stride() == raw.stride() else torch.empty_like(raw).copy_(rest)


def _times(base: Tensor, scale: float) -> Tensor:
    return base if scale == 1.0 else base * scale


def _by_position(point: Point, raw: Tensor) -> Tensor:
    if point.streams_first:
        return raw.movedim(0, 2)
    return raw.transpose(1, 2) if point.heads_first else raw


def _flat(point: Point, raw: Tensor) -> Tensor:
    """[batch, position, columns]."""
    return _by_position(point, raw).flatten(2)
