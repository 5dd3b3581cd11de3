"""Families whose attention is written out in their own modules: where by hand q, k and v are.

Read from the source code: the module whose output holds them, and in which order. Their
probabilities are what torch's softmax gives while the layer runs.
"""

from __future__ import annotations

from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.naive import hooked_logits
from tests.tiny import SITES

D_HEAD = 8
SEPARATE = {"q": "q_proj", "k": "k_proj", "v": "v_proj"}
BY_HEAD = {"q": [0, 3, 6, 9], "k": [1, 4, 7, 10], "v": [2, 5, 8, 11]}
"""Which runs of D_HEAD columns are a site's heads: each head's query, key and value."""
OWN: dict[str, tuple[dict[str, str] | str, dict[str, list[int]] | None]] = {
    "gptj": ({site: f"attn.{name}" for site, name in SEPARATE.items()}, None),
    "gpt_neo": ({site: f"attn.attention.{name}" for site, name in SEPARATE.items()}, None),
    "codegen": ("attn.qkv_proj", {**BY_HEAD, "k": BY_HEAD["v"], "v": BY_HEAD["k"]}),
    "bloom": ("self_attention.query_key_value", BY_HEAD),
    "falcon_alibi": ("self_attention.query_key_value", BY_HEAD),
    "falcon": ("self_attention.query_key_value", {"q": [0, 1, 2, 3], "k": [4], "v": [5]}),
    "falcon_grouped": ("self_attention.query_key_value",
                       {"q": [0, 1, 4, 5], "k": [2, 6], "v": [3, 7]}),
    "mpt": ("attn.Wqkv", {"q": [0, 1, 2, 3], "k": [4, 5, 6, 7], "v": [8, 9, 10, 11]}),
}


def own_run(
    model: nn.Module, family: str, ids, site: str, layer: int, new: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Logits and the site's value [pos, width], with `new` put in its place."""
    return (_pattern if site == "pattern" else _projected)(model, family, ids, site, layer, new)


def _projected(model, family, ids, site, layer, new):
    name, runs = OWN[family]
    name = name if isinstance(name, str) else name[site]
    module = model.get_submodule(f"{SITES[family]['layer'].format(layer)}.{name}")
    seen = []

    def change(out: Tensor) -> Tensor:
        columns = torch.arange(out.shape[-1])
        if runs is not None:
            columns = columns.view(-1, D_HEAD)[runs[site]].flatten()
        seen.append(out[0][:, columns].clone())
        if new is not None:
            out = out.clone()
            out[0, :, columns] = new
        return out

    return hooked_logits(model, ids, [(module, "out", change)]), seen[0]


def _pattern(model, family, ids, site, layer, new):
    base = model.get_submodule(SITES[family]["layer"].format(layer))
    inside, seen, own = [], [], functional.softmax

    def softmax(*args, **kwargs):
        weights = own(*args, **kwargs)
        if not inside:
            return weights
        by_head = weights[0] if weights.ndim == 4 else weights
        seen.append(by_head.transpose(0, 1).flatten(1).clone())
        if new is None:
            return weights
        length, heads = by_head.shape[1], by_head.shape[0]
        return new.view(length, heads, length).transpose(0, 1).reshape(weights.shape).clone()

    def enter(value: Tensor) -> Tensor:
        inside.append(True)
        return value

    def leave(value: Tensor) -> Tensor:
        inside.clear()
        return value

    with _eager(model), patch.object(functional, "softmax", softmax):
        logits = hooked_logits(model, ids, [(base, "in", enter), (base, "out", leave)])
    return logits, seen[0]


@contextmanager
def _eager(model):
    before = model.config._attn_implementation
    model.config._attn_implementation = "eager"  # their code asks for it in each forward
    try:
        yield
    finally:
        model.config._attn_implementation = before
