"""Whose heads the columns of `z` are: seen by changing one head of what attention gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neuronscope.hooks.attention import AttentionCall, watched
from neuronscope.hooks.points import Point
from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Tapped, tap
from neuronscope.models.forward import forward
from neuronscope.models.trace import Call, Trace, same
from neuronscope.models.written import clean_inputs

NO_HEADS = ("this layer mixes positions without softmax attention that could be seen, so its "
            "projection's input is not known to be heads")
NORMED = ("a norm over all heads lies between attention's output and z: an edit of z changes one "
          "head, a change of one head's attention scales the others too")
MIXED = ("the columns of the projection's input are not the heads that attention gives, one "
         "after the other")


def unproven(
    model: nn.Module, layers: list[Call], points: Mapping[int, Point],
    attention: Mapping[int, tuple[nn.Module, int]], clean: Trace, probe_ids: Tensor,
) -> tuple[dict[int, str], str]:
    """The layers whose `z` is not shown to be heads, with the reason; and a note on the others.

    points: `z` by layer; attention: by layer the module that computes attention, and its number
    of heads. Row h of a batch of equal prompts has head h of attention's output changed: in z
    its own block of columns must change, and no other, but for a common factor (a norm). Every
    layer's input is clean.
    """
    found = {index: NO_HEADS for index in points if index not in attention}
    tried = {index: point for index, point in points.items() if index in attention}
    if not tried:
        return found, ""
    heads = {attention[index][0]: attention[index][1] for index in tried}
    rows = max(heads.values()) + 1

    def change(call: AttentionCall) -> Tensor | None:
        if call.module not in heads:
            return None
        new = call.output[-1:].repeat(rows, 1, 1, 1)
        for head in range(min(heads[call.module], new.shape[2])):
            new[head, :, head] = -0.5 * new[head, :, head].flip(-1)
        return torch.empty_like(call.output).copy_(new)

    normed = {index: before for index, point in tried.items()
              if (before := _before_norm(layers[index], point, clean))}
    keys = {("z", index): point for index, point in tried.items()} | {
        ("normed", index): point for index, point in normed.items()}
    taps = [Tapped(key, point, capture=True) for key, point in keys.items()]
    with watched(heads, change), tap([*clean_inputs(layers), *taps]) as seen:
        forward(model, probe_ids[:, :2].expand(rows, -1))  # some values come a token later (ZAYA)
    verdicts = {index: _verdict(seen["z", index], attention[index][1]) for index in tried}
    verdicts |= {index: NORMED for index in normed if verdicts[index] == MIXED
                 and not _verdict(seen["normed", index], attention[index][1])}
    note = NORMED if NORMED in verdicts.values() else ""
    found |= {index: told for index, told in verdicts.items() if told not in ("", NORMED)}
    return found, note


def common(counts: Iterable[int]) -> int | None:
    """The number of heads that most layers have; None where none was seen."""
    seen = Counter(counts).most_common(1)
    return seen[0][0] if seen else None


def _before_norm(layer: Call, point: Point, clean: Trace) -> Point | None:
    """The input of a norm (a module with vectors of weights alone) that gives z."""
    calls = clean.under(layer.name)
    given = next((call.given for call in calls if call.module is point.module), None)
    for call in calls if given is not None and point.rows is None else ():
        vectors = [parameter.ndim for parameter in call.module.parameters()]
        if vectors and max(vectors) == 1 and same(call.gave, given) and (
                call.given.shape == given.shape):
            return Point(call.module, "in")
    return None


def _verdict(z: Float[Tensor, "rows pos width"], n_heads: int) -> str:
    """Why z is not heads; NORMED where it is, and they are scaled together; else nothing."""
    if z.shape[-1] % n_heads:
        return f"the projection's input ({z.shape[-1]}) is not a multiple of {n_heads} heads"
    by_head = float64(z).unflatten(-1, (n_heads, -1))
    slack = max(1e-5, 16 * torch.finfo(z.dtype).eps)
    clean, scaled = by_head[-1], False
    for head in range(n_heads):
        new, rest = by_head[head], [each for each in range(n_heads) if each != head]
        if _near(new[:, [head]], clean[:, [head]], slack):
            return MIXED
        if not rest or _near(new[:, rest], clean[:, rest], slack):
            continue
        if not _near(new[:, rest], _rescaled(clean[:, rest], new[:, rest]), slack):
            return MIXED
        scaled = True
    return NORMED if scaled else ""


def _rescaled(old: Tensor, new: Tensor) -> Tensor:
    """`old` times the factor at each position that brings it next to `new`."""
    across = partial(torch.sum, dim=(-2, -1), keepdim=True)
    return old * across(old * new) / across(old * old).clamp(min=torch.finfo(old.dtype).tiny)


def _near(new: Tensor, old: Tensor, slack: float) -> bool:
    return bool((new - old).abs().max() <= slack * old.abs().max())
