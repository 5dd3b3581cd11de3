"""Tiny random models of several families, with weights large enough that edits matter.

`SITES` names, per family and by hand, the module whose input or output each site is. It is
written from the families' source code, independently of the discovery under test.
"""

from __future__ import annotations

from typing import Any

import torch
import transformers as tf
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import nn

VOCAB = 96
N_LAYERS = 3
PROMPT = "w3 w14 w15 w9 w26"
SOURCE = "w5 w35 w8 w9 w79"
LONGER = "w5 w35 w8 w9 w79 w32"

_ROPE = {"num_hidden_layers": N_LAYERS, "hidden_size": 32, "intermediate_size": 48,
         "num_attention_heads": 4, "vocab_size": VOCAB, "initializer_range": 0.25,
         "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
_GROUPED = {**_ROPE, "num_key_value_heads": 2}
_WIDE = {**_GROUPED, "head_dim": 16}

CONFIGS: dict[str, Any] = {
    "gpt2": lambda: tf.GPT2Config(
        n_layer=N_LAYERS, n_embd=32, n_head=4, vocab_size=VOCAB, n_positions=64,
        initializer_range=0.25, bos_token_id=1, eos_token_id=2),
    "llama": lambda: tf.LlamaConfig(**_GROUPED),
    "mistral": lambda: tf.MistralConfig(**_GROUPED, sliding_window=4),
    "qwen2": lambda: tf.Qwen2Config(**_GROUPED),
    "qwen3": lambda: tf.Qwen3Config(**_WIDE),
    "gemma2": lambda: tf.Gemma2Config(**_WIDE, sliding_window=4),
    "gemma3_text": lambda: tf.Gemma3TextConfig(**_WIDE, sliding_window=4),
    "gemma3": lambda: tf.Gemma3Config(
        text_config={**_WIDE, "sliding_window": 4}, mm_tokens_per_image=4,
        vision_config={"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
                       "num_attention_heads": 2, "image_size": 28, "patch_size": 14}),
    "gpt_neox": lambda: tf.GPTNeoXConfig(**_ROPE),
    "gpt_neox_sequential": lambda: tf.GPTNeoXConfig(**_ROPE, use_parallel_residual=False),
}

_LLAMA = {"layer": "model.layers.{}", "attn_out": "self_attn", "mlp_out": "mlp",
          "z": "self_attn.o_proj", "mlp_act": "mlp.down_proj", "final_norm": "model.norm"}
_GEMMA = {**_LLAMA, "attn_out": "post_attention_layernorm",
          "mlp_out": "post_feedforward_layernorm"}
_NEOX = {"layer": "gpt_neox.layers.{}", "attn_out": "attention", "mlp_out": "mlp",
         "z": "attention.dense", "mlp_act": "mlp.dense_4h_to_h",
         "final_norm": "gpt_neox.final_layer_norm"}
SITES: dict[str, dict[str, str]] = {
    "gpt2": {"layer": "transformer.h.{}", "attn_out": "attn", "mlp_out": "mlp",
             "z": "attn.c_proj", "mlp_act": "mlp.c_proj", "final_norm": "transformer.ln_f"},
    "llama": _LLAMA, "mistral": _LLAMA, "qwen2": _LLAMA, "qwen3": _LLAMA,
    "gemma2": _GEMMA, "gemma3_text": _GEMMA,
    "gemma3": {**_GEMMA, "layer": "model.language_model.layers.{}",
               "final_norm": "model.language_model.norm"},
    "gpt_neox": _NEOX, "gpt_neox_sequential": _NEOX,
}


def build(family: str, seed: int = 0, **loading: Any) -> nn.Module:
    """A random model; the same seed gives the same weights."""
    torch.manual_seed(seed)
    config = CONFIGS[family]()
    for key, value in loading.items():
        setattr(config, key, value)
    model = (tf.Gemma3ForConditionalGeneration(config) if family == "gemma3"
             else tf.AutoModelForCausalLM.from_config(config))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:  # norms and biases start at constants: make them matter
                parameter.add_(0.2 * torch.randn_like(parameter))
            assert parameter.isfinite().all(), name
    return model.eval()


def tokenizer() -> tf.PreTrainedTokenizerFast:
    """Words w0 … w95, with a beginning-of-text token in front of every text."""
    words = {"<pad>": 0, "<bos>": 1, "<eos>": 2, **{f"w{n}": n for n in range(3, VOCAB)}}
    core = Tokenizer(models.WordLevel(words, unk_token="<pad>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", 1)])
    return tf.PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")


def save(family: str, folder, seed: int = 0):
    """Write a model folder as a user would have it; returns the folder."""
    build(family, seed).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def site_module(model: nn.Module, family: str, site: str, layer: int) -> tuple[nn.Module, str]:
    """The module of a site and which side of it carries the value."""
    names = SITES[family]
    base = names["layer"].format(layer)
    match site:
        case "embed":
            return model.get_submodule(names["layer"].format(0)), "in"
        case "resid_pre":
            return model.get_submodule(base), "in"
        case "resid_post":
            return model.get_submodule(base), "out"
        case "final_norm":
            return model.get_submodule(names["final_norm"]), "out"
        case _:
            side = "in" if site in ("z", "mlp_act") else "out"
            return model.get_submodule(f"{base}.{names[site]}"), side
