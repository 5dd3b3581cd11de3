"""What an edit computes: pure functions of an activation, same shape out, input untouched.

`mask` selects entries; the rest keep their very bits.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def zero(act: Float[Tensor, "b p w"], mask: Bool[Tensor, "p w"]) -> Float[Tensor, "b p w"]:
    """Selected entries become 0."""
    return act.masked_fill(mask, 0.0)


def replace(
    act: Float[Tensor, "b p w"], mask: Bool[Tensor, "p w"], value: Float[Tensor, "p w"]
) -> Float[Tensor, "b p w"]:
    """Selected entries become those of `value`: interchange and mean ablation.

    Source: interchange interventions, Geiger et al. 2021 (arXiv 2106.02997); activation
    patching, Meng et al. 2022 (arXiv 2202.05262).
    """
    return torch.where(mask, value.to(act), act)


def add(
    act: Float[Tensor, "b p w"], mask: Bool[Tensor, "p w"], vector: Float[Tensor, " w"]
) -> Float[Tensor, "b p w"]:
    """`vector` is added to the selected entries.

    Source: activation addition, Turner et al. 2023 (arXiv 2308.10248).
    """
    return torch.where(mask, act + vector.to(act), act)
