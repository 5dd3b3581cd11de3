"""What follows the last layer: the last norm, and what the output embedding reads."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Point, attached, first_tensor
from neuronscope.models.branches import Outcome
from neuronscope.models.forward import forward
from neuronscope.models.trace import Call, Trace, same

POST_NORM = ("each layer normalises what leaves it, and there is no norm between the last one "
             "and the output embedding")
KEPT_ONLY = ("the last norm is part of the output head, which is run for the positions alone whose "
             "logits are asked for")
NEAR = 1e-5
"""How far a multiple may lie from the tensor, relative to its largest entry."""


def final_norm(unembed: nn.Module | None, last: Call, clean: Trace) -> tuple[Outcome, str]:
    """The norm whose output the output embedding reads, or why there is none; and a note.

    last: the call of the last decoder layer. A multiple of the norm's output counts: a
    constant between norm and output embedding is told in the note.
    """
    head = next((call for call in clean.values() if call.module is unembed), None)
    if head is None:
        return "the model has no output embedding that is a module of its own", ""
    after = _leaves(clean, last, head)
    for call in after:
        factor = multiple(call.gave, head.given)
        if factor is not None and normalises(call):
            return Point(call.module, "out"), _note(call, last, after, factor)
    return _reason(last, head, clean), ""


TRANSFORMED = "the stream is transformed"


def sees_all(model: nn.Module, point: Point, ids: Tensor) -> bool:
    """Whether the norm is given every position, also where one position's logits are asked for.

    A head with a transform of its own (BERT) may leave the others out before its norm.
    """
    seen: list[int] = []

    def look(module: nn.Module, args: tuple, kwargs: dict, output: Tensor) -> None:
        seen.append(first_tensor(output).shape[1])

    with attached([(point.module, "out", look)]):
        forward(model, ids, keep=(ids.shape[1] - 1,))
    return seen == [ids.shape[1]]


@torch.no_grad()
def normalises(call: Call) -> bool:
    """Whether a module gives the same for an input of any length: what a norm does."""
    weight = getattr(call.module, "weight", None)
    if (isinstance(weight, Tensor) and weight.ndim > 1) or same(call.given, call.gave):
        return False
    try:
        twice, more = (call.module(call.given * factor) for factor in (2.0, 8.0))
    except TypeError:  # it takes more than a hidden state
        return False
    if not isinstance(more, Tensor) or more.shape != call.gave.shape:
        return False
    size = float64(call.gave).abs().max()
    return bool(size > 0) and bool((float64(twice) - float64(more)).abs().max() <= 0.02 * size)


def multiple(gave: Tensor, read: Tensor) -> float | None:
    """The number that turns one tensor into the other; None where there is none."""
    if gave.numel() != read.numel():
        return None
    if same(gave.flatten(), read.flatten()):
        return 1.0
    left, right = float64(gave).flatten(), float64(read).flatten()
    factor = float(left @ right) / max(float(left @ left), torch.finfo(left.dtype).tiny)
    far = (factor * left - right).abs().max()
    allowed = max(NEAR, 4 * torch.finfo(read.dtype).eps)
    return factor if factor and bool(far <= allowed * right.abs().max()) else None


def _leaves(clean: Trace, last: Call, head: Call) -> list[Call]:
    """Modules without children that were run between the last layer and the output embedding."""
    calls = sorted(clean.values(), key=lambda call: call.order)
    return [call for call in calls if last.order < call.order < head.order
            and not any(call.module.children())]


def _note(call: Call, last: Call, after: list[Call], factor: float) -> str:
    notes = []
    if factor != 1.0:
        notes.append(f"the model multiplies it by {factor:.6g} before the output embedding")
    if not same(call.given, last.gave):
        before = [each.name for each in after if each.order < call.order]
        told = f" ({', '.join(before[:3])}{', …' if len(before) > 3 else ''})" if before else ""
        notes.append(f"{TRANSFORMED} between the last layer and this norm{told}")
    return "; ".join(notes)


def _reason(last: Call, head: Call, clean: Trace) -> str:
    for name, calls in clean.repeated.items():
        if calls[-1].order > last.order and multiple(calls[-1].gave, head.given) is not None and (
                not any(calls[-1].module.children())) and normalises(calls[-1]):
            return (f"the last norm ({name}) is one module with others of the model and is run "
                    f"{len(calls)} times in a forward, so that it is not one place")
    if same(last.gave, head.given):
        ends = [call for call in clean.under(last.name) if same(call.gave, last.gave)]
        return POST_NORM if any(normalises(call) for call in ends) else (
            "the output embedding reads what the last layer gives, without a norm between")
    feeds = [call.name for call in clean.values() if call.order > last.order
             and same(call.gave, head.given) and call is not head]
    return (f"what the output embedding reads is no norm's output, but that of {feeds[0]}"
            if feeds else "what the output embedding reads is no module's output as it stands")
