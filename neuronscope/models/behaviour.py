"""What a model must do to be a causal language model, whatever it is made of."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neuronscope.errors import ModelRefused
from neuronscope.hooks.precision import float64
from neuronscope.models.text import run_alone, text_config

SLACK = {torch.float64: 512, torch.float32: 512}
"""Roundings that two shapes of one computation may lie apart; for half precisions see below."""
HALF_SLACK = 16
HALF_CAUSAL_SLACK = 4
"""The same for rows of one batch, whose shapes are equal."""
COARSEST = 2.0 ** -8
"""Of weights that are kept in 8 bits, computations are not."""
OTHERS = 3
"""How many other last tokens are tried."""


def check_behaviour(model: nn.Module, probe_ids: Tensor) -> None:
    """Run a few prompts and compare their logits, [batch, position, vocab].

    The same prompt twice gives the same; a row of a batch what it gives alone; logits at a
    position are the same whatever comes after it, be it another token or nothing. "The same"
    is to within roundings, relative to the largest logit: shapes of matrix products differ.
    probe_ids: [1, position], different tokens.
    Raises: ModelRefused with the first of these that does not hold.
    """
    clean = run_alone(model, probe_ids)
    _refuse_nan(model, clean)
    allowed = _tolerance(model, clean)
    kind = type(model).__name__
    if (gap := _gap(clean, run_alone(model, probe_ids))) > allowed:
        raise ModelRefused(
            f"{kind} is random: the same prompt twice gives logits that differ by {gap:.2g}.",
            hint="What an edit does could not be told from chance. Where its configuration has a "
                 "seed or dropout, fix the one and turn off the other.")
    batch = probe_ids.repeat(1 + OTHERS, 1)
    batch[1:, -1] = probe_ids[0, :OTHERS]
    rows = run_alone(model, batch)
    if (gap := _gap(rows[1:, :-1], rows[:1, :-1].expand(OTHERS, -1, -1))) > min(
            allowed, _tolerance(model, clean, HALF_CAUSAL_SLACK)):
        _refuse_bidirectional(model, f"another last token changes earlier ones by {gap:.2g}")
    first = run_alone(model, probe_ids[:, :1])
    if (gap := _gap(first, clean[:, :1])) > allowed:
        _refuse_bidirectional(model, f"the first token alone gives {gap:.2g} else")
    gap = max(_gap(rows[0], clean[0]), _gap(run_alone(model, probe_ids.T)[:1], first))
    if gap > allowed:
        raise ModelRefused(f"{kind} mixes the rows of a batch: a prompt's logits differ by "
                           f"{gap:.2g} when others are run beside it.",
                           hint="NeuronScope needs prompts that do not see each other.")


def _refuse_nan(model: nn.Module, logits: Tensor) -> None:
    if bool(logits.isnan().any()):
        half = logits.dtype == torch.float16 or getattr(model, "dtype", None) == torch.float16
        raise ModelRefused(
            f"{type(model).__name__} gives logits that are not numbers for an ordinary prompt.",
            hint="Use bfloat16 or float32: float16 ends at 65504." if half else
                 "Check that the weights belong to this configuration.")


def _refuse_bidirectional(model: nn.Module, seen: str) -> None:
    hint = "NeuronScope needs a causal language model."
    if getattr(text_config(model), "is_decoder", None) is False:
        hint = "Set is_decoder to true in its configuration, if it was trained as a decoder."
    raise ModelRefused(f"{type(model).__name__} is not causal: its logits at a position depend on "
                       f"later tokens ({seen}).", hint=hint)


def _gap(
    left: Float[Tensor, "*axes"], right: Float[Tensor, "*axes"]
) -> float:
    """Largest difference; equal infinities, such as those of ids that are masked out, are none."""
    left, right = float64(left), float64(right)
    return float(torch.where(left == right, 0.0, (left - right).abs()).max())


def _tolerance(model: nn.Module, logits: Tensor, half: int = HALF_SLACK) -> float:
    kinds = {logits.dtype, *(each.dtype for each in model.parameters()
                             if each.is_floating_point())}
    slack = max(SLACK.get(kind, half) * min(torch.finfo(kind).eps, COARSEST)
                for kind in kinds)
    size = logits[logits.abs() < torch.finfo(logits.dtype).max / 2].abs().max()
    return slack * float(size)
