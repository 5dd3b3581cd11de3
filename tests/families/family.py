"""What is written down about an architecture: its configuration and where its sites are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

VOCAB = 96
N_LAYERS = 3

ROPE = {"num_hidden_layers": N_LAYERS, "hidden_size": 32, "intermediate_size": 48,
        "num_attention_heads": 4, "vocab_size": VOCAB, "initializer_range": 0.25,
        "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
GROUPED = {**ROPE, "num_key_value_heads": 2}
WIDE = {**GROUPED, "head_dim": 16}
SHORT = {"vocab_size": VOCAB, "initializer_range": 0.25, "bos_token_id": 1, "eos_token_id": 2,
         "pad_token_id": 0}

Refused = Mapping[str, tuple[tuple[int, ...], str]]
"""By site: the layers where the architecture has it all the same, and the reason elsewhere."""

PARALLEL: Refused = {"resid_mid": ((), (
    "this layer's attention and MLP read the same input (parallel block); there is no stream "
    "between them"))}


@dataclass(frozen=True)
class Family:
    """One architecture.

    sites: `layer`, a pattern; `final_norm`, a module; and per site the module within a layer
    whose output (`z`, `mlp_act`: input) it is, or one for each layer.
    scale: the model multiplies what `attn_out` and `mlp_out`'s modules give by this.
    attention: the attention implementations that transformers offers for it.
    heads: d_head and the number of key-value heads.
    """

    config: Callable[[], Any]
    sites: Mapping[str, str | tuple[str, ...]]
    refused: Refused = field(default_factory=dict)
    scale: float = 1.0
    attention: tuple[str, ...] = ("eager", "sdpa")
    heads: tuple[int, int | None] = (8, 2)
    d_mlp: int | None = 48
