"""The sites inside a layer that belong to heads."""

from __future__ import annotations

from collections import Counter

from torch import Tensor, nn

from neuronscope.hooks.points import Point
from neuronscope.models.heads import Key, find_heads
from neuronscope.models.trace import Call, Trace


def head_points(
    model: nn.Module, layers: list[Call], clean: Trace, probe_ids: Tensor,
    n_heads: int | None, n_kv_heads: int | None,
) -> tuple[dict[Key, Point], dict[Key, str], dict[str, str], int | None]:
    """Points, reasons and notes of `q`, `k`, `v` and `pattern`; the number of key-value heads.

    That number is measured where keys are found, else as given; a layer that has another
    number of heads than the model is refused.
    """
    outcomes, counted, notes = find_heads(model, layers, clean, probe_ids)
    seen = Counter(count for (site, _), count in counted.items() if site == "k")
    n_kv_heads = seen.most_common(1)[0][0] if seen else n_kv_heads
    points: dict[Key, Point] = {}
    reasons: dict[Key, str] = {}
    for key, outcome in outcomes.items():
        expected = n_kv_heads if key[0] in ("k", "v") else n_heads
        if isinstance(outcome, str):
            reasons[key] = outcome
        elif expected is None:
            reasons[key] = "the configuration does not tell the number of heads"
        elif counted[key] != expected:
            reasons[key] = (f"attention has {counted[key]} heads of it here, and {expected} "
                            f"elsewhere in the model")
        else:
            points[key] = outcome
    return points, reasons, notes, n_kv_heads
