"""The only function that runs a model."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from neuronscope.models.stopping import stop_if_asked


@torch.no_grad()
def forward(
    model: nn.Module, input_ids: Int[Tensor, "batch pos"], cache: Any = None,
    keep: Sequence[int] | None = None,
) -> Float[Tensor, "rows pos2 vocab"]:
    """Logits at every position, as the model itself computes them: no padding.

    cache: a transformers cache with what came before `input_ids`; by default none is used.
    keep: the positions whose logits are given; all by default. A model that can leave the
    others out does not compute them.
    The rows and positions of the logits are those of `input_ids`, unless the caller has
    swapped the decoder layers.
    Raises: Cancelled where the work is to stop; see neuronscope.models.stopping.
    """
    stop_if_asked()
    given: dict[str, Any] = {"use_cache": False} if cache is None else {
        "past_key_values": cache, "use_cache": True}
    if keep is not None and "logits_to_keep" in signature(model.forward).parameters:
        given["logits_to_keep"] = torch.tensor(list(keep), device=input_ids.device)
    logits = model(input_ids=input_ids, **given).logits
    if isinstance(logits, Tensor):  # a part of a spread model gives them where its head is
        logits = logits.to(input_ids.device)
    if keep is None or logits.shape[1] == len(keep):
        return logits
    return logits[:, list(keep)]
