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
    act: Float[Tensor, "b p w"], mask: Bool[Tensor, "p w"], value: Float[Tensor, "*p w"]
) -> Float[Tensor, "b p w"]:
    """`value`, one vector or one for each position, is added to the selected entries.

    Source: activation addition, Turner et al. 2023 (arXiv 2308.10248); noise as in causal
    tracing, Meng et al. 2022 (arXiv 2202.05262).
    """
    return torch.where(mask, act + value.to(act), act)


def scale(
    act: Float[Tensor, "b p w"], mask: Bool[Tensor, "p w"], factor: float
) -> Float[Tensor, "b p w"]:
    """Selected entries are multiplied by `factor`."""
    return torch.where(mask, act * factor, act)


def set_to(
    act: Float[Tensor, "b p w"], mask: Bool[Tensor, "p w"], value: float
) -> Float[Tensor, "b p w"]:
    """Selected entries become `value`; infinity where it is beyond the dtype."""
    return torch.where(mask, torch.tensor(value, dtype=torch.float64, device="cpu").to(act), act)
