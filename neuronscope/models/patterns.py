"""Whether what eager attention calls its probabilities are what its output is made of."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from neuronscope.hooks.attention import EAGER, AttentionCall, eager_attention, watched
from neuronscope.hooks.points import Point
from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Captured, Tapped, tap
from neuronscope.models.forward import forward

Key = tuple[str, int | None]

ROUNDINGS, FLOAT32_ROUNDINGS = 4, 64
"""What two implementations may differ by in what attention gives, in units of the rounding of
the greatest of it: in the dtype, or if that is more in float32, in which softmax is computed."""


def weight_failures(
    model: nn.Module, points: dict[Key, Point], probe_ids: Tensor
) -> tuple[Tensor, dict[Key, str]]:
    """The logits, and points whose weights are not probabilities that, times the values, are
    the output.

    Under eager attention. A query's weights may sum to less than 1: where a family has an
    attention sink, the rest of the probability goes there.
    """
    calls: list[AttentionCall] = []
    with watched([point.module for point in points.values()], calls.append):
        logits = forward(model, probe_ids)
    by_module = {call.module: call for call in calls}
    found = {key: _refusal(by_module.get(point.module)) for key, point in points.items()}
    return logits, {key: reason for key, reason in found.items() if reason}


def drift(
    model: nn.Module, inputs: dict[Key, Point], patterns: dict[Key, Point], probe_ids: Tensor,
    eager: Tensor,
) -> tuple[str, dict[Key, str]]:
    """How far eager attention lies from the loaded implementation, in words; and the patterns
    of layers where it is more than rounding (Falcon with alibi), with that reason.

    inputs: the points where layers are entered. eager: the logits under eager attention. Layer
    by layer, on what enters it under the loaded implementation: in half precision roundings
    grow from layer to layer.
    """
    name = model.config.get_text_config()._attn_implementation
    if name == EAGER:
        return "", {}
    clean, own, entered = _attention_of(model, patterns, probe_ids, [
        Tapped(key, point, capture=True) for key, point in inputs.items()])
    with eager_attention(model):
        _, other, _ = _attention_of(model, patterns, probe_ids, [
            Tapped(key, point, (partial(_instead, entered[key]),))
            for key, point in inputs.items()])
    gap, allowed = _gap(clean, eager), max(ROUNDINGS * torch.finfo(clean.dtype).eps,
                                           FLOAT32_ROUNDINGS * torch.finfo(torch.float32).eps)
    refused = {key: f"eager attention, which gives probabilities, computes something else than "
                    f"{name} in this model: {gap:.2g} in a logit"
               for key, point in patterns.items()
               if _gap(own[point.module], other[point.module])
               > allowed * float(own[point.module].abs().max())}
    told = f"runs on it use eager attention, which differs from {name} by {gap:.2g} in a logit"
    return told, refused


def _attention_of(
    model: nn.Module, patterns: dict[Key, Point], probe_ids: Tensor, taps: list[Tapped]
) -> tuple[Tensor, dict[nn.Module, Tensor], Captured]:
    """The logits, and what attention gives, by module."""
    calls: list[AttentionCall] = []
    with watched([point.module for point in patterns.values()], calls.append), tap(taps) as seen:
        logits = forward(model, probe_ids)
    return logits, {call.module: call.output for call in calls}, seen


def _instead(value: Tensor, _: Tensor) -> Tensor:
    return value.clone()


def _gap(left: Tensor, right: Tensor) -> float:
    return float((float64(left) - float64(right)).abs().max())


def _refusal(call: AttentionCall | None) -> str:
    if call is None or call.weights is None:
        return "its attention gives no probabilities, not even when computed eagerly"
    n_heads, length = call.query.shape[1:3]
    weights = call.weights
    if weights.shape != (call.query.shape[0], n_heads, length, call.key.shape[2]):
        return f"its attention weights have the shape {tuple(weights.shape)}"
    if call.output.shape != (call.query.shape[0], length, n_heads, call.value.shape[-1]):
        return f"its attention output has the shape {tuple(call.output.shape)}"
    slack = 8 * max(torch.finfo(weights.dtype).eps, torch.finfo(torch.float32).eps)
    if not bool((weights >= 0).all() and (weights.sum(dim=-1) <= 1 + slack).all()):
        return "its attention weights are not probabilities"
    # what an edit computes, for the weights as they are
    values = call.value.repeat_interleave(n_heads // call.value.shape[1], dim=1)
    output = torch.matmul(weights, values).transpose(1, 2)
    size = torch.matmul(weights, values.abs()).transpose(1, 2) + torch.finfo(weights.dtype).tiny
    return _unlike(output, call.output, slack * size)


def _unlike(mine: Tensor, output: Tensor, allowed: Tensor) -> str:
    if not bool(((mine - output).abs() > allowed).any()):
        return ""
    factor = (mine * output).sum(dim=-1, keepdim=True) / (mine * mine).sum(dim=-1, keepdim=True)
    if not bool(((mine * factor - output).abs() > 64 * allowed).any()):
        return ("its output is its probabilities times its values, times a factor of each head "
                "and query that they do not tell (as of an attention sink)")
    return "its output is not its probabilities times its values"
