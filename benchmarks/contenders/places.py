"""Where the parts of a model are, written by hand from the families' source code."""

from __future__ import annotations

from typing import Any

LAYERS = {"gpt2": "transformer.h", "llama": "model.layers", "gemma3_text": "model.layers"}
MODULES = {
    "gpt2": {"resid": "", "head": "attn.c_proj", "attn": "attn", "mlp": "mlp"},
    "llama": {"resid": "", "head": "self_attn.o_proj", "attn": "self_attn", "mlp": "mlp"},
    "gemma3_text": {"resid": "", "head": "self_attn.o_proj", "attn": "post_attention_layernorm",
                    "mlp": "post_feedforward_layernorm"},
}
"""Below a layer, in the order in which a forward meets them."""
INPUTS = ("resid", "head")
"""Parts that are a module's input; the others are a module's output."""


def place(model: Any, family: str, part: str, layer: int) -> Any:
    """The module of a part, of a model or of something that has a model's attributes."""
    path = f"{LAYERS[family]}.{layer}.{MODULES[family][part]}".strip(".")
    for name in path.split("."):
        model = model[int(name)] if name.isdigit() else getattr(model, name)
    return model


def order(family: str, part: str) -> int:
    """When in a layer a part is met."""
    return list(MODULES[family]).index(part)


def span(head: int, width: int, heads: int) -> slice:
    """A head's entries in the input of the output projection."""
    each = width // heads
    return slice(head * each, (head + 1) * each)
