"""The sites inside a layer that belong to heads."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from neuronscope.hooks.points import Point
from neuronscope.models.branches import Branches
from neuronscope.models.heads import NO_SOFTMAX, Key, find_heads
from neuronscope.models.projected import common, unproven
from neuronscope.models.trace import Call, Trace


@dataclass(frozen=True)
class HeadPoints:
    """Points, reasons and notes of the sites that have heads, and how many heads there are.

    The numbers are measured, those that most layers have; a layer that has another number of
    heads is refused. None where no attention is seen.
    """

    points: dict[Key, Point]
    reasons: dict[Key, str]
    notes: dict[str, str]
    n_heads: int | None
    n_kv_heads: int | None


def head_points(
    model: nn.Module, layers: list[Call], branches: list[Branches], known: dict[Key, Point],
    clean: Trace, probe_ids: Tensor,
) -> HeadPoints:
    """`q`, `k`, `v` and `pattern`, and those `z` of the `known` points that prove to be heads."""
    own = {index: each.attention for index, each in enumerate(branches)
           if each.attention is not None and ("attn_out", index) in known}
    found = find_heads(model, layers, own, clean, probe_ids)
    projected = {index: point for (site, index), point in known.items() if site == "z"}
    failed, note = unproven(model, layers, projected, found.attention, clean, probe_ids)
    failed |= {index: told for index in failed
               if isinstance(told := found.outcomes["pattern", index], str)
               and told != NO_SOFTMAX}
    outcomes = found.outcomes | {("z", index): failed.get(index, point)
                                 for index, point in projected.items()}
    counted = found.n_heads | {("z", index): count
                               for index, (_, count) in found.attention.items()}
    n_heads = common([count for _, count in found.attention.values()] or found.seen)
    n_kv_heads = common([count for (site, _), count in counted.items() if site == "k"])
    points: dict[Key, Point] = {}
    reasons: dict[Key, str] = {}
    for key, outcome in outcomes.items():
        expected = n_kv_heads if key[0] in ("k", "v") else n_heads
        if isinstance(outcome, str):
            reasons[key] = outcome
        elif counted[key] != expected:
            reasons[key] = (f"attention has {counted[key]} heads of it here, and {expected} "
                            f"elsewhere in the model")
        else:
            points[key] = outcome
    notes = found.notes | ({"z": note} if note else {})
    return HeadPoints(points, reasons, notes, n_heads, n_kv_heads)
