"""A layout that is wrong must fail certification: faults are planted, each must be refused."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
from torch import nn

from neuronscope import errors
from neuronscope.hooks.tap import Point, Tapped, tap
from neuronscope.models.certify import certify
from neuronscope.models.forward import forward
from neuronscope.models.layout import discover
from neuronscope.models.text import probe_ids
from tests.families import FAMILIES
from tests.naive import scale_of
from tests.tiny import VOCAB, build, site_module

IDS = probe_ids(VOCAB, torch.device("cpu"))


def reports(model, layout):
    return {report.site: report for report in certify(model, layout, IDS)}


def with_point(layout, key, point):
    return dataclasses.replace(layout, points={**layout.points, key: point})


def test_a_hook_that_never_fires_is_refused():
    model = build("llama")
    layout = with_point(discover(model, IDS), ("z", 1), Point(nn.Linear(2, 2), "in"))
    report = reports(model, layout)["z"]
    assert report.layers == (0, 2) and "did not fire" in report.reason


def test_a_value_that_the_model_ignores_is_refused():
    model = build("llama")
    layout = discover(model, IDS)
    attention = layout.layers[1].self_attn
    original = attention.o_proj.forward
    attention.o_proj.forward = lambda value: original(value) * 0  # heads no longer matter
    report = reports(model, layout)["z"]
    assert report.layers == (0, 2) and "does not move the logits" in report.reason


def test_a_scale_that_rounds_still_gives_identity():
    model = build("llama")
    layout = discover(model, IDS)
    point = layout.points["mlp_out", 1]
    layout = with_point(layout, ("mlp_out", 1), dataclasses.replace(point, scale=0.22))
    report = reports(model, layout)["mlp_out"]
    assert report.layers == (0, 2) and "identity" not in report.reason
    assert "do not add up" in report.reason


@pytest.mark.parametrize("family", ["gemma2", "gemma3_text"])
def test_a_forgotten_post_norm_is_not_taken_for_the_contribution(family):
    model = build(family)
    layout = discover(model, IDS)
    for layer in range(3):
        assert layout.points["attn_out", layer].module is not layout.layers[layer].self_attn
        assert layout.points["mlp_out", layer].module is not layout.layers[layer].mlp


def test_a_residual_multiplier_is_found():
    import transformers as tf

    torch.manual_seed(0)
    model = tf.AutoModelForCausalLM.from_config(tf.GraniteConfig(
        num_hidden_layers=2, hidden_size=32, intermediate_size=48, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=VOCAB, residual_multiplier=0.22,
        initializer_range=0.3)).eval()
    layout = discover(model, IDS)
    for site in ("attn_out", "mlp_out"):
        assert layout.points[site, 1].scale == pytest.approx(0.22, abs=1e-5)
    keys = [("resid_pre", 1), ("attn_out", 1), ("mlp_out", 1), ("resid_post", 1)]
    with tap([Tapped(key, layout.points[key], capture=True) for key in keys]) as seen:
        forward(model, IDS)
    before, attn, mlp, after = (seen[key] for key in keys)
    assert (before + attn + mlp - after).abs().max() < 1e-5


def test_a_block_without_the_parts_refuses_them_by_name_and_keeps_the_rest():
    import transformers as tf

    model = tf.AutoModelForCausalLM.from_config(tf.MambaConfig(
        num_hidden_layers=2, hidden_size=32, vocab_size=VOCAB, initializer_range=0.3)).eval()
    found = reports(model, discover(model, IDS))
    assert found["resid_pre"].certified and found["final_norm"].certified
    assert found["attn_out"].certified and "no softmax attention" in found["attn_out"].note
    assert not found["z"].certified and "no softmax attention" in found["z"].reason
    for site in ("mlp_out", "mlp_act"):
        assert not found[site].certified and found[site].reason == "this layer has no MLP"


def test_a_model_without_decoder_layers_is_refused():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(VOCAB, 8)
            self.head = nn.Linear(8, VOCAB)

        def forward(self, input_ids, use_cache=False):
            from types import SimpleNamespace
            return SimpleNamespace(logits=self.head(self.embed(input_ids)))

    with pytest.raises(errors.ModelRefused, match="No sequence of decoder layers"):
        discover(Flat(), IDS)


def test_tap_raises_when_a_point_does_not_fire():
    with pytest.raises(errors.RunFailed, match=r"z\.0 fired 0 times"), \
            tap([Tapped(("z", 0), Point(nn.Linear(2, 2), "in"))]):
        pass


@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-3)])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_each_site_is_at_the_module_named_by_hand(family, dtype, near):
    """In bfloat16 the output before a post-norm adds up nearly as well as the one after."""
    hf = build(family).to(dtype)
    layout = discover(hf, IDS)
    for site, layer in itertools.product(("attn_out", "mlp_out", "z", "mlp_act"), range(3)):
        if layer not in FAMILIES[family].refused.get(site, (range(3), ""))[0]:
            continue
        point = layout.point(site, layer)
        assert (point.module, point.side) == site_module(hf, family, site, layer)
        assert point.scale == pytest.approx(scale_of(family, site), abs=near)
