"""What zeroing a site means on the raw model: weights set to zero, or one plain hook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from neuronscope.hooks.points import Point
from tests.conformance import raw
from tests.conformance.case import Case

WHOLE = ("embed", "resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post", "final_norm")
HEADS = ("q", "k", "v", "z")


@dataclass(frozen=True)
class Cells:
    """One sweep: its sites, what it selects beside their layers, and each cell's raw logits."""

    sites: tuple[str, ...]
    axes: dict[str, tuple[int, ...]]
    names: list[str]
    logits: list[Tensor]


def planned(case: Case) -> Iterator[Cells]:
    """Every certified site at every layer; of heads and neurons the first and the last."""
    together: dict[tuple, list[str]] = {}
    for site in (*WHOLE, *HEADS, "mlp_act"):
        if site in case.certified:
            together.setdefault((case.certified[site], *_selected(case, site)), []).append(site)
    for (layers, axis, chosen), sites in together.items():
        cells = [(site, layer, index) for site in sites for layer in layers
                 for index in chosen or (None,)]
        axes = {"layers": layers, axis: chosen}
        yield Cells(tuple(sites), {name: each for name, each in axes.items()
                                   if each and each != (None,)},
                    [f"{site}.{layer}.{index}" for site, layer, index in cells],
                    [part(case, *cell) for cell in cells])


def _selected(case: Case, site: str) -> tuple[str, tuple[int, ...]]:
    """The axis and what is selected of it; nothing where layers have different numbers."""
    if site in WHOLE:
        return "", ()
    counts = {case.values[site, layer].shape[1] for layer in case.layers(site)}
    chosen = tuple(sorted({0, counts.pop() - 1})) if len(counts) == 1 else ()
    return "neurons" if site == "mlp_act" else "heads", chosen


def whole(case: Case, site: str, layer: int | None) -> Tensor:
    """Logits of the raw model with a whole site zeroed."""
    point = case.point(site, layer)
    linear = raw.is_linear(case.hf, point.module) and point.columns is None
    if site in ("attn_out", "mlp_out") and linear:
        everything = torch.arange(_width(point))
        with raw.times(point.module, everything, 0.0):
            return raw.logits(case.hf, case.ids)
    if point.base is None:
        return raw.logits(case.hf, case.ids, [(point.module, point.side, torch.zeros_like)])
    given: list[Tensor] = []

    def keep(value: Tensor) -> Tensor:
        given.append(value)
        return value

    def cancel(value: Tensor) -> Tensor:
        return (-point.base_scale * given[-1] / point.scale).reshape(value.shape)

    return raw.logits(case.hf, case.ids, [
        (point.base, "in", keep), (point.module, point.side, cancel)])


def part(case: Case, site: str, layer: int | None, index: int | None) -> Tensor:
    """Logits of the raw model with one head or neuron of a site zeroed; None: all of it."""
    if site in WHOLE:
        return whole(case, site, layer)
    point = case.point(site, layer)
    columns = columns_of(case, site, layer, index)
    if raw.is_linear(case.hf, point.module):
        with (raw.without_inputs(point.module, columns) if point.side == "in"
              else raw.times(point.module, columns, 0.0)):
            return raw.logits(case.hf, case.ids)

    def zero(value: Tensor) -> Tensor:
        new = value.transpose(1, 2) if point.heads_first else value
        shape = new.shape
        new = new.reshape(len(case.ids), -1).clone()  # of one prompt
        new[..., columns] = 0
        new = new.reshape(shape)
        return new.transpose(1, 2).contiguous() if point.heads_first else new

    return raw.logits(case.hf, case.ids, [(point.module, point.side, zero)])


def columns_of(case: Case, site: str, layer: int, index: int | None) -> Tensor:
    """The columns of the module's tensor that are one head's or neuron's."""
    point, value = case.point(site, layer), case.values[site, layer]
    size = value[0].numel() // value.shape[1]
    places = torch.arange(value[0].numel())
    if index is not None:
        places = places[index * size:(index + 1) * size]
    return places if point.columns is None else point.columns[places]


def _width(point: Point) -> int:
    weight = point.module.weight
    return weight.shape[1] if raw.transposed(point.module) else weight.shape[0]
