"""How much of a sweep goes together: bounded by a budget of memory, whatever the sweep's size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from neuronscope.errors import OutOfMemory
from neuronscope.models.host import LoadedModel

STEP_TOKENS = {"cpu": 2048, "cuda": 65536, "mps": 8192}
"""Most tokens per forward step; on a CPU more does not go faster."""
STEP_COST = {"cpu": 24, "cuda": 512, "mps": 128}
"""What a step costs beside its tokens, in tokens: weights are read, kernels launched."""
DEFAULT_BYTES = {"cpu": 2**30, "mps": 2**30}
"""The budget where none is given; on a CUDA device half of what is free."""
SHARE_OF_LOGITS = 0.25
"""Part of the budget for rows of logits, with the float64 copies that metrics need."""
SHARE_HELD = 0.15
"""Part of the budget for the edited values that are held at once, for cells that go together."""
EAGER_COPIES, PATTERN_COPIES = 3, 12
"""Tensors of a pattern's size that eager attention makes; and that are held at once where patterns
are edited: an own-code family's scores are followed from product to product, and each is kept."""
LOGIT_BYTES = 4 + 8 * 6
"""Bytes per logit: as given, and the float64 tensors of the metrics."""


@dataclass(frozen=True)
class Budget:
    """What fits.

    tokens: most tokens in a step. rows_of_logits: most rows that reach the head together.
    held_positions: most edited positions that are held. step_cost: what a step costs beside
    its tokens, in tokens; see grouping. row_bytes, token_bytes: what a
    row and each of its tokens take in a layer. step_bytes: what a step may take.
    """

    tokens: int
    rows_of_logits: int
    held_positions: int
    step_cost: int
    row_bytes: int
    token_bytes: int
    step_bytes: int

    def packed(self, n_tokens: int) -> int:
        """Most tokens that go through a layer together, in rows of so many."""
        size = self.row_bytes + n_tokens * self.token_bytes
        return min(self.tokens, n_tokens * max(1, self.step_bytes // size))

    def rows(self, n_tokens: int) -> int:
        """Most rows of so many tokens that go together; at least one."""
        size = self.row_bytes + n_tokens * self.token_bytes
        return max(1, min(self.tokens // n_tokens, self.step_bytes // size,
                          self.rows_of_logits))


def plan_budget(
    host: LoadedModel, n_positions: int, n_reads: int, limit: int | None = None,
    attention: str = "", patterns: bool = False,
) -> Budget:
    """Divide `limit` bytes for a sweep over a prompt of `n_positions` tokens.

    attention: the implementation that it runs under; by default the one that was loaded.
    patterns: whether patterns are edited.
    Raises: OutOfMemory when the kept clean run and one row do not fit in it.
    """
    info, size = host.info, host.model.dtype.itemsize
    total = default_limit(host.device) if limit is None else limit
    kv = (info.n_kv_heads or info.n_heads or 1) * (info.d_head or info.d_model)
    heads, d_mlp = info.n_heads or 1, info.d_mlp or 4 * info.d_model
    kept = n_positions * info.n_layers * (4 * info.d_model + 2 * kv) * size
    row = 4 * n_positions * kv * size
    token = (10 * info.d_model + 3 * d_mlp + 4 * kv) * size
    if (attention or info.attention) == "eager":
        copies = PATTERN_COPIES if patterns else EAGER_COPIES
        token += copies * heads * n_positions * size
    logits = n_reads * info.vocab * LOGIT_BYTES
    least = kept + row + n_positions * token + logits
    if least > total:
        raise OutOfMemory(
            f"The sweep needs at least {least / 2**20:,.1f} MiB beside the model; its budget is "
            f"{total / 2**20:,.1f} MiB.",
            hint="Raise the memory budget, shorten the prompt, or read at fewer positions.")
    free = total - kept
    return Budget(
        tokens=STEP_TOKENS.get(host.device.type, 2048),
        rows_of_logits=max(1, math.floor(free * SHARE_OF_LOGITS / logits)),
        held_positions=max(1, math.floor(free * SHARE_HELD / (8 * max(d_mlp, info.d_model)))),
        step_cost=STEP_COST.get(host.device.type, 24), row_bytes=row, token_bytes=token,
        step_bytes=math.floor(free * (1 - SHARE_OF_LOGITS - SHARE_HELD)))


def default_limit(device: torch.device) -> int:
    """The budget, in bytes, where none is given."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] // 2
    return DEFAULT_BYTES.get(device.type, 2**30)
