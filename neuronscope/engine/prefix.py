"""The clean run's keys and values, read-only, as a transformers cache."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer


class PrefixLayer(DynamicLayer):
    """Clean keys and values of the positions before a suffix, for any number of rows.

    Never written to: each step gets a tensor of its own. Full length in sliding-window
    layers too, where the mask does the windowing.
    """

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values = keys, values

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any):
        """Prefix and the step's own keys and values, [rows, heads, prefix + step, d]."""
        rows = key_states.shape[0]
        return (torch.cat([self.keys.expand(rows, -1, -1, -1), key_states], dim=-2),
                torch.cat([self.values.expand(rows, -1, -1, -1), value_states], dim=-2))


def recorder() -> DynamicCache:
    """A cache that keeps every position of every layer while a clean prompt runs."""
    return DynamicCache()


def prefix(recorded: DynamicCache, start: int) -> Cache:
    """The first `start` positions of a recorded clean run."""
    return Cache(layers=[PrefixLayer(layer.keys[:, :, :start], layer.values[:, :, :start])
                         for layer in recorded.layers])
