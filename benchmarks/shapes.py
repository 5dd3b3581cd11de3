"""Random weights in the shape of well-known models, saved once, read by every contender."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers as tf

from tests.tiny import tokenizer

LARGE = 0.06
"""Weights three times the usual: edits then have effects that can be compared."""
BUILD = Path(__file__).resolve().parent.parent / ".build" / "bench"


@dataclass(frozen=True)
class Shape:
    """A configuration, and where and in which numbers it is raced."""

    config: Callable[[], Any]
    told: str
    device: str = "cpu"
    dtype: str = "float32"


def _llama(**sizes: int) -> tf.LlamaConfig:
    return tf.LlamaConfig(max_position_embeddings=2048, initializer_range=LARGE, **sizes)


def _gemma(**sizes: int) -> tf.Gemma3TextConfig:
    return tf.Gemma3TextConfig(initializer_range=LARGE, **sizes)


SHAPES = {
    "tiny": Shape(lambda: tf.GPT2Config(
        n_layer=2, n_embd=64, n_head=4, vocab_size=8000, initializer_range=LARGE),
        "2 layers of GPT-2, width 64"),
    "tiny-llama": Shape(lambda: _llama(
        hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=8000), "3 layers of Llama, width 64"),
    "tiny-gemma": Shape(lambda: _gemma(
        hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, vocab_size=8000), "3 layers of Gemma 3, width 64"),
    "gpt2-small": Shape(lambda: tf.GPT2Config(initializer_range=LARGE),
                        "GPT-2 small: 12 layers, width 768, 12 heads, 50,257 tokens"),
    "llama-0.5b": Shape(lambda: _llama(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
        num_key_value_heads=4, vocab_size=32000),
        "Llama of 0.43 billion parameters: 24 layers, width 1,024, 16 heads, 32,000 tokens"),
    "gemma-3-4b": Shape(lambda: _gemma(
        hidden_size=2560, intermediate_size=10240, num_hidden_layers=34, num_attention_heads=8,
        num_key_value_heads=4, head_dim=256, vocab_size=262208),
        "Gemma 3 4B, text: 34 layers, width 2,560, 8 heads, 262,208 tokens", "cuda", "bfloat16"),
}


def folder(shape: str) -> Path:
    """The model folder of a shape, made on first use."""
    path, wanted = BUILD / shape, SHAPES[shape]
    if not (path / "tokenizer.json").exists():
        torch.manual_seed(0)
        with torch.device(wanted.device):
            model = tf.AutoModelForCausalLM.from_config(
                wanted.config(), dtype=getattr(torch, wanted.dtype))
        model.save_pretrained(path)
        tokenizer().save_pretrained(path)
        del model
        if wanted.device == "cuda":
            torch.cuda.empty_cache()  # the contenders need the room
    return path


def sizes(shape: str) -> tuple[int, int]:
    """Layers and heads."""
    config = SHAPES[shape].config()
    return config.num_hidden_layers, config.num_attention_heads


def products(shape: str) -> list[tuple[int, int]]:
    """(in, out) of the matrix products of one layer."""
    config = SHAPES[shape].config()
    width, heads = config.hidden_size, config.num_attention_heads
    head = getattr(config, "head_dim", None) or width // heads
    if config.model_type == "gpt2":
        return [(width, 3 * width), (width, width), (width, 4 * width), (4 * width, width)]
    inner, shared = config.intermediate_size, config.num_key_value_heads * head
    return [(width, heads * head), (width, shared), (width, shared), (heads * head, width),
            (width, inner), (width, inner), (inner, width)]
