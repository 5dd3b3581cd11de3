"""Whether what eager attention calls its probabilities are what its output is made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuronscope.hooks.attention import AttentionCall, watched
from neuronscope.hooks.points import Point
from neuronscope.hooks.precision import float64
from neuronscope.models.forward import forward

Key = tuple[str, int | None]

LESS_THAN_ROUNDING = 1e-2
ROUNDINGS = 4
"""Relative to the greatest logit: what two implementations may differ by, at least, and in
units of the dtype's rounding."""


def weight_failures(
    model: nn.Module, points: dict[Key, Point], probe_ids: Tensor
) -> dict[Key, str]:
    """Points whose weights are not probabilities that, times the values, are the output.

    Under eager attention. A query's weights may sum to less than 1: where a family has an
    attention sink, the rest of the probability goes there.
    """
    calls: list[AttentionCall] = []
    with watched([point.module for point in points.values()], calls.append):
        forward(model, probe_ids)
    by_module = {call.module: call for call in calls}
    found = {key: _refusal(by_module.get(point.module)) for key, point in points.items()}
    return {key: reason for key, reason in found.items() if reason}


def drift(model: nn.Module, clean: Tensor, eager: Tensor) -> tuple[str, str]:
    """How far eager attention lies from the loaded implementation, in words: a note, and a
    reason to refuse patterns where it is more than rounding (Falcon with alibi)."""
    name = model.config.get_text_config()._attn_implementation
    if name == "eager":
        return "", ""
    gap = float((float64(clean) - float64(eager)).abs().max())
    allowed = max(LESS_THAN_ROUNDING, ROUNDINGS * torch.finfo(clean.dtype).eps)
    if gap > allowed * float(clean.abs().max()):
        return "", (f"eager attention, which gives probabilities, computes something else than "
                    f"{name} in this model: {gap:.2g} in a logit")
    return f"runs on it use eager attention, which differs from {name} by {gap:.2g} in a logit", ""


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
