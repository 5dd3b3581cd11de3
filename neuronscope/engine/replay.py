"""The clean run sent through the fast path: what tells whether a model can take it."""

from __future__ import annotations

import torch
from torch import Tensor

from neuronscope.engine.compile import Compiled
from neuronscope.engine.propagate import ends_of, fused, logits_of
from neuronscope.engine.rows import clean_row, layer_of
from neuronscope.engine.stream import Stream
from neuronscope.engine.tolerance import tolerance_of
from neuronscope.errors import UnsupportedTarget
from neuronscope.hooks.precision import float64
from neuronscope.hooks.swap import swapped
from neuronscope.models.exhausted import RAISED, ran_out
from neuronscope.models.host import LoadedModel, Proof

MISFITS = (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError)
"""What a model's layers raise when they cannot be called one by one."""
CLEAN = -1
"""The index of the clean row that goes along."""


def still_held(stream: Stream, layer: int) -> tuple[Compiled, ...]:
    """The held edits that come after the stream has entered `layer`.

    Those of the entering stream itself are in the kept stream already.
    """
    entering = {("resid_pre", layer), ("embed", None if layer == 0 else -1)}
    return tuple(each for each in stream.held if each.key not in entering
                 and layer_of(each.key, stream.n_layers) >= layer)


def replay(stream: Stream, before: Proof | None) -> Proof:
    """Clean rows, sent through the path from several places, against the clean logits.

    before: the verdict so far.
    """
    worst = 0.0
    try:
        for start in sorted({0, stream.last // 2, stream.last}):
            for layer in sorted({0, stream.n_layers // 2}):
                row = clean_row(CLEAN, stream.hidden[layer], layer, start,
                                still_held(stream, layer))
                with swapped(fused(stream)):
                    ends = ends_of(stream, [row])
                worst = max(worst, largest_deviation(logits_of(stream, [[row]], [ends])[0][0],
                                                     stream.logits))
    except (*RAISED, *MISFITS) as error:
        return raised(error, before)
    return Proof("" if worst <= tolerance(stream.host) else
                 f"a replay of the clean run differs by {worst:.2g} in a logit", worst)


def raised(error: BaseException, before: Proof | None) -> Proof:
    """The verdict on what raised an error. It lasts when the same error comes again.

    Memory that is short now may be there for the next sweep: that never lasts.
    """
    reason = misfit(error)
    return Proof(reason, lasting=not ran_out(error) and before is not None
                 and before.reason == reason)


def misfit(error: BaseException) -> str:
    """Why the fast path cannot be taken, from what the model's layers raised."""
    if ran_out(error):
        return "it does not fit in memory beside the model"
    if isinstance(error, UnsupportedTarget):
        return error.detail.rstrip(".")
    return f"the model's layers cannot be called one by one ({type(error).__name__})"


def tolerance(host: LoadedModel) -> float:
    """How far fast and one-by-one may lie apart in a logit of this model."""
    return tolerance_of(str(host.model.dtype))


def largest_deviation(left: Tensor, right: Tensor) -> float:
    """Largest absolute difference, where equal infinities and NaNs count as equal."""
    left, right = float64(left), float64(right)
    same = (left == right) | (left.isnan() & right.isnan())
    gap = (left - right).abs()
    worst = torch.where(same, 0.0, gap).max()
    return float("inf") if bool(worst.isnan()) else float(worst)
