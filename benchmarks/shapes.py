"""Random weights in the shape of well-known models, saved once, read by every contender."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as tf

from tests.tiny import tokenizer

LARGE = 0.06
"""Weights three times the usual: edits then have effects that can be compared."""

SHAPES = {
    "tiny": lambda: tf.GPT2Config(
        n_layer=2, n_embd=64, n_head=4, vocab_size=8000, initializer_range=LARGE),
    "gpt2-small": lambda: tf.GPT2Config(initializer_range=LARGE),
    "llama-0.5b": lambda: tf.LlamaConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
        num_key_value_heads=4, vocab_size=32000, max_position_embeddings=2048,
        initializer_range=LARGE),
}
BUILD = Path(__file__).resolve().parent.parent / ".build" / "bench"


def folder(shape: str) -> Path:
    """The model folder of a shape, made on first use."""
    path = BUILD / shape
    if not (path / "config.json").exists():
        torch.manual_seed(0)
        tf.AutoModelForCausalLM.from_config(SHAPES[shape]()).save_pretrained(path)
        tokenizer().save_pretrained(path)
    return path


def sizes(shape: str) -> tuple[int, int]:
    """Layers and heads."""
    config = SHAPES[shape]()
    return config.num_hidden_layers, config.num_attention_heads
