"""The only function that runs a model."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


@torch.no_grad()
def forward(
    model: nn.Module, input_ids: Int[Tensor, "batch pos"], cache: Any = None
) -> Float[Tensor, "rows pos2 vocab"]:
    """Logits at every position, as the model itself computes them: no padding.

    cache: a transformers cache with what came before `input_ids`; by default none is used.
    The rows and positions of the logits are those of `input_ids`, unless the caller has
    swapped the decoder layers.
    """
    if cache is None:
        return model(input_ids=input_ids, use_cache=False).logits
    return model(input_ids=input_ids, past_key_values=cache, use_cache=True).logits
