"""What would be loaded as another model than it says is refused, each with its reason."""

from __future__ import annotations

import json

import pytest
import torch
import transformers as tf

from neuronscope.cli import main
from neuronscope.engine.session import load
from neuronscope.errors import ModelRefused
from neuronscope.models import identities
from neuronscope.models.certify import certify
from neuronscope.models.layout import discover
from neuronscope.models.sealed import KEY_FILE
from neuronscope.models.text import probe_ids
from tests.tiny import VOCAB, build, save, tokenizer

IDS = probe_ids(VOCAB, torch.device("cpu"))
SMALL = {"num_hidden_layers": 3, "hidden_size": 32, "intermediate_size": 48,
         "num_attention_heads": 4, "vocab_size": VOCAB, "initializer_range": 0.3}


def changed(folder, **settings):
    """The folder's config.json with these settings."""
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))
    return folder


def test_a_folder_with_an_adapter_is_refused(tmp_path):
    folder = save("llama", tmp_path / "m")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelRefused, match="adapter"):
        load(folder)


def test_a_model_that_holds_an_adapter_is_refused():
    model = build("llama")
    model.peft_config = {"default": {"lora_alpha": 8}}
    with pytest.raises(ModelRefused, match="adapter"):
        load(hf_model=model, tokenizer=tokenizer())


@pytest.mark.parametrize("layers", [1, 2])
def test_files_with_more_layers_than_the_configuration_are_refused(tmp_path, layers):
    folder = changed(save("gpt2", tmp_path / "m"), n_layer=layers)
    with pytest.raises(ModelRefused, match=f"config.json makes {layers} of these layers"):
        load(folder)


@pytest.mark.parametrize("settings", [{"num_attention_heads": 0}, {"vocab_size": "a"},
                                      {"quantization_config": {"quant_method": ["a"]}}])
def test_a_configuration_of_wrong_numbers_is_refused_in_words(tmp_path, settings, capsys):
    folder = changed(save("llama", tmp_path / "m"), **settings)
    with pytest.raises(ModelRefused):
        load(folder)
    assert main(["models", "check", str(folder), "--data", str(tmp_path / "d")]) == 1
    assert "internal error" not in capsys.readouterr().err


def test_a_context_that_is_too_short_to_certify_is_said_to_be():
    model = tf.GPT2LMHeadModel(tf.GPT2Config(n_layer=2, n_embd=32, n_head=4, n_positions=4,
                                             vocab_size=VOCAB))
    with pytest.raises(ModelRefused, match="context holds 4 tokens"):
        load(hf_model=model, tokenizer=tokenizer())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_model_that_reads_later_tokens_is_refused_in_any_precision(dtype):
    torch.manual_seed(0)
    model = tf.BertForMaskedLM(tf.BertConfig(**SMALL)).to(dtype)
    with pytest.raises(ModelRefused, match="is not causal"):
        load(hf_model=model, tokenizer=tokenizer())


def test_contributions_are_held_to_their_sum_where_the_output_embedding_runs_twice():
    class Twice(tf.GraniteForCausalLM):
        def forward(self, *args, **kwargs):
            self.lm_head(torch.zeros(1, 1, 32))
            return super().forward(*args, **kwargs)

    torch.manual_seed(0)
    model = Twice(tf.GraniteConfig(**SMALL, num_key_value_heads=2,
                                   residual_multiplier=0.22)).eval()
    layout = discover(model, IDS)
    layout.points["mlp_out", 1] = identities.Point(
        layout.points["mlp_out", 1].module, "out", scale=1.0)
    report = next(each for each in certify(model, layout, IDS) if each.site == "mlp_out")
    assert report.layers == (0, 2) and "do not add up" in report.reason


def test_a_kept_certification_whose_key_cannot_be_read_is_made_anew(tmp_path):
    folder, kept = save("llama", tmp_path / "m"), tmp_path / "kept"
    load(folder, kept=kept)
    (kept / KEY_FILE).unlink()
    (kept / KEY_FILE).mkdir()
    again = load(folder, kept=kept)
    assert "key of its folder cannot be read" in again.info.certification


def test_resume_takes_no_other_prompt(capsys, tmp_path):
    assert main(["sweep", "--resume", "0" * 16, "another prompt", "--zero",
                 "--data", str(tmp_path)]) == 2
    assert "as it was asked for" in capsys.readouterr().err
