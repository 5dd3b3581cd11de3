"""The only function that runs a model."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


@torch.no_grad()
def forward(
    model: nn.Module, input_ids: Int[Tensor, "batch pos"]
) -> Float[Tensor, "batch pos vocab"]:
    """Logits at every position, as the model itself computes them: no padding, no cache."""
    return model(input_ids=input_ids, use_cache=False).logits
