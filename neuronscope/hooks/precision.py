"""float64 wherever a model runs."""

from __future__ import annotations

from torch import Tensor


def float64(value: Tensor) -> Tensor:
    """The tensor in float64: on its own device, or on the CPU where that has none (MPS)."""
    return (value.cpu() if value.device.type == "mps" else value).double()
