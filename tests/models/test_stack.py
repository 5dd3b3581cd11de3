"""Which modules are the decoder layers, and what follows the last of them."""

from __future__ import annotations

import pytest
import torch

from neuronscope import errors
from neuronscope.hooks.tap import Tapped, tap
from neuronscope.models.certify import certify
from neuronscope.models.forward import forward
from neuronscope.models.layout import discover
from tests.conformance.zoo import build, probe, quiet


def found(name):
    with quiet():
        model = build(name)
        return model, discover(model, probe(model))


def values(model, layout, *keys):
    with tap([Tapped(key, layout.points[key], capture=True) for key in keys]) as seen:
        logits = forward(model, probe(model))
    return [seen[key] for key in keys], logits


def test_of_several_stacks_the_one_that_ends_at_the_logits_is_taken():
    model, layout = found("blt")
    assert layout.layers == tuple(model.model.local_decoder.layers)
    assert "local_encoder" in layout.notes["resid_pre"]


def test_a_stream_that_changes_between_layers_has_no_value_after_the_earlier_one():
    _, layout = found("blt")
    assert "between this layer and the next" in layout.reasons["resid_post", 0]
    assert ("resid_post", len(layout.layers) - 1) in layout.points


def test_layers_that_do_not_run_on_text_are_not_counted():
    model, layout = found("mllama")
    text = [layer for index, layer in enumerate(model.model.layers)
            if index not in model.model.cross_attention_layers]
    assert layout.layers == tuple(text)
    assert "do not run on text" in layout.notes["resid_pre"]


@pytest.mark.parametrize("name", ["deepseek_v4", "gemma3n_text", "qwen4_exp_text"])
def test_several_streams_are_one_value_beside_each_other(name):
    model, layout = found(name)
    assert layout.n_streams == 4 and layout.d_model == 4 * 64
    (entering, leaving), logits = values(model, layout, ("resid_pre", 1), ("resid_post", 1))
    assert entering.shape == leaving.shape == (*logits.shape[:2], layout.d_model)

    def later(value):
        new = value.clone()
        new[:, -1] = 0
        return new

    with tap([Tapped(("resid_pre", 1), layout.points["resid_pre", 1], edits=(later,))]):
        edited = forward(model, probe(model))
    torch.testing.assert_close(edited[:, :-1], logits[:, :-1], rtol=1e-3, atol=1e-4)
    assert not torch.allclose(edited[:, -1], logits[:, -1])


def test_the_last_norm_is_what_the_output_embedding_reads_up_to_a_told_factor():
    model, layout = found("minicpm3")
    (norm,), _ = values(model, layout, ("final_norm", None))
    read = []
    handle = layout.unembed.register_forward_pre_hook(lambda module, args: read.append(args[0]))
    forward(model, probe(model))
    handle.remove()
    factor = float(read[0].norm() / norm.norm())
    torch.testing.assert_close(read[0], factor * norm)
    assert f"{factor:.6g}" in layout.notes["final_norm"]


@pytest.mark.parametrize(("name", "told"), [
    ("openai-gpt", "no norm between the last one and the output embedding"),
    ("nanochat", "run 2 times"), ("modernbert-decoder", "part of the output head"),
    ("qwen4_exp_text", "that of model.hyper_connection_mixer")])
def test_without_a_last_norm_the_reason_is_the_true_one(name, told):
    model, layout = found(name)
    assert told in layout.reasons["final_norm", None]
    report = next(each for each in certify(model, layout, probe(model))
                  if each.site == "final_norm")
    assert not report.certified and told in report.reason


@pytest.mark.parametrize(("name", "told"), [
    ("hrm_text", "run more than once"), ("reformer", r"of the shape \(1, 8, 64\)"),
    ("xlnet", "not causal"), ("paligemma@i2t", "not causal")])
def test_what_has_no_layers_to_stand_on_is_refused_with_the_reason(name, told):
    with pytest.raises(errors.ModelRefused, match=told):
        found(name)
