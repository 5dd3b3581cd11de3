"""Models that are no causal language models of text are refused with what they do."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import transformers as tf
from torch import nn

from neuronscope import errors
from neuronscope.engine.session import load
from neuronscope.models.behaviour import check_behaviour
from neuronscope.models.text import probe_ids, text_side, vocab_size
from tests.conformance.zoo import build as zoo
from tests.conformance.zoo import quiet
from tests.tiny import VOCAB, build, tokenizer

IDS = probe_ids(VOCAB, torch.device("cpu"))
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4, "vocab_size": VOCAB, "initializer_range": 0.3}


class Toy(nn.Module):
    """Logits by a rule of its own: the function of the embedded prompt."""

    def __init__(self, rule):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.head, self.rule = nn.Embedding(VOCAB, 8), nn.Linear(8, VOCAB), rule
        self.config = tf.LlamaConfig(vocab_size=VOCAB)

    def forward(self, input_ids, use_cache=False):
        return SimpleNamespace(logits=self.head(self.rule(self.embed(input_ids))))


RULES = {
    "later tokens": lambda hidden: hidden + hidden.mean(dim=1, keepdim=True),
    "is random": lambda hidden: hidden + 0.01 * torch.randn_like(hidden),
    "mixes the rows": lambda hidden: hidden + hidden[:, :1].mean(dim=0, keepdim=True),
    "not numbers": lambda hidden: hidden / 0 * 0,
    "for each position": lambda hidden: hidden[:, -1:],
    "could not be run on text alone: ValueError: no pixels": None,
}


@pytest.mark.parametrize("told", RULES)
def test_what_is_no_causal_language_model_is_refused_with_what_it_does(told):
    def raising(hidden):
        raise ValueError("no pixels")

    with pytest.raises(errors.ModelRefused, match=told):
        check_behaviour(Toy(RULES[told] or raising), IDS)


def test_what_reads_earlier_tokens_alone_passes():
    check_behaviour(Toy(lambda hidden: hidden.cumsum(dim=1)), IDS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_model_in_either_precision_passes(dtype):
    check_behaviour(build("mixtral").to(dtype), IDS)


def test_a_masked_language_model_is_told_how_to_be_a_decoder():
    model = tf.BertLMHeadModel(tf.BertConfig(**SMALL)).eval()
    with pytest.raises(errors.ModelRefused, match=r"not causal.*is_decoder"):
        load(hf_model=model, tokenizer=tokenizer())
    load(hf_model=tf.BertLMHeadModel(tf.BertConfig(**SMALL, is_decoder=True)),
         tokenizer=tokenizer())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch.compile's own code
@pytest.mark.parametrize(("wrapped", "told"), [
    (nn.DataParallel, "model.module"),
    (torch.compile, "before torch.compile"),
    (lambda model: model.model, "no logits"),
    (lambda model: nn.Linear(2, 2), "not a transformers model"),
    (lambda model: tf.T5ForConditionalGeneration(tf.T5Config(
        d_model=32, d_ff=48, num_layers=1, num_heads=2, d_kv=16, vocab_size=VOCAB)),
     "encoder-decoder"),
])
def test_what_cannot_be_wrapped_says_what_to_pass(wrapped, told):
    with pytest.raises(errors.ModelRefused, match=told):
        load(hf_model=wrapped(build("llama")), tokenizer=tokenizer())


def test_a_model_in_train_mode_is_put_in_eval():
    model = build("llama").train()
    model.activation_checkpointing_enable()
    assert load(hf_model=model, tokenizer=tokenizer()).info.n_layers == 3 and not model.training


def test_the_language_model_of_one_that_demands_images_is_run_by_itself():
    with quiet():
        whole = zoo("blip-2@i2t")
    inside = text_side(whole)
    assert inside is whole.language_model
    ids = probe_ids(vocab_size(inside), torch.device("cpu"))
    check_behaviour(inside, ids)


def test_one_whose_layers_need_images_is_refused():
    with quiet():
        whole = zoo("blip@i2t")
    with pytest.raises(errors.ModelRefused, match="pixel_values"):
        text_side(whole)
