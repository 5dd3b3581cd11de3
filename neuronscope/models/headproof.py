"""Whether `z` of a layout is heads, asked again of the layout: however it was found."""

from __future__ import annotations

from torch import Tensor, nn

from neuronscope.hooks.attention import AttentionCall, watched
from neuronscope.hooks.points import Point
from neuronscope.models.heads import attention_of
from neuronscope.models.layout import Layout
from neuronscope.models.projected import MIXED, unproven
from neuronscope.models.trace import trace

Key = tuple[str, int | None]


def head_failures(
    model: nn.Module, layout: Layout, points: dict[Key, Point], probe_ids: Tensor
) -> dict[Key, str]:
    """The `z` among `points` whose blocks of columns are not, one by one, the heads that
    attention gives at their layer; with the reason.

    probe_ids: [1, position]. A layer that the trace did not see is left to the other checks.
    """
    asked = {index: point for (site, index), point in points.items()
             if site == "z" and index is not None}
    if not asked:
        return {}
    calls: list[AttentionCall] = []
    with watched(model.modules(), calls.append):
        clean = trace(model, probe_ids)
    by_module = {call.module: call for call in clean.values()}
    layers = [by_module.get(module) for module in layout.layers]
    if None in layers:
        return {}
    found = attention_of([each for each in layers if each is not None], calls,
                         {index: each.attention for index, each in enumerate(layout.branches)
                          if each.attention is not None})
    failed, _ = unproven(model, layers, asked, found, clean, probe_ids)
    failed |= {index: MIXED for index in asked
               if index in found and found[index][1] != layout.n_heads}
    return {("z", index): reason for index, reason in failed.items()}
