"""Tiny random models of many families (tests/families), with weights so large that edits matter.

`SITES` names, per family and by hand, the module whose input or output each site is. It is
written from the families' source code, independently of the discovery under test.
"""

from __future__ import annotations

import json
from typing import Any

import torch
import transformers as tf
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import nn

from tests.families import FAMILIES
from tests.families.family import N_LAYERS, VOCAB

__all__ = ["CONFIGS", "LONGER", "N_LAYERS", "PROMPT", "SITES", "SOURCE", "VOCAB", "build", "save",
           "save_multimodal", "site_module", "tokenizer"]

PROMPT = "w3 w14 w15 w9 w26"
SOURCE = "w5 w35 w8 w9 w79"
LONGER = "w5 w35 w8 w9 w79 w32"

CONFIGS: dict[str, Any] = {name: family.config for name, family in FAMILIES.items()}
SITES: dict[str, Any] = {name: family.sites for name, family in FAMILIES.items()}


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


def save_multimodal(folder):
    """Gemma 3 with its vision tower, in shards and with the files of its processor."""
    build("gemma3").save_pretrained(folder, max_shard_size="60KB")
    tokenizer().save_pretrained(folder)
    processor = {"image_processor_type": "Gemma3ImageProcessor", "size": {"height": 8, "width": 8},
                 "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "image_seq_length": 4,
                 "processor_class": "Gemma3Processor"}
    for name, content in (
            ("preprocessor_config.json", processor),
            ("processor_config.json",
             {"image_seq_length": 4, "processor_class": "Gemma3Processor"}),
            ("chat_template.json", {"chat_template": "{{ messages[0].content }}"})):
        (folder / name).write_text(json.dumps(content))
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
            name = names[site] if isinstance(names[site], str) else names[site][layer]
            return model.get_submodule(f"{base}.{name}"), side
