"""Queries, keys, values and patterns are found by numbers; what lies is refused."""

from __future__ import annotations

import dataclasses
import sys
from unittest.mock import patch

import pytest
import torch
import transformers as tf

from neuronscope.models.certify import certify
from neuronscope.models.columns import distinct_heads, find_columns
from neuronscope.models.layout import discover
from neuronscope.models.projected import MIXED, NO_HEADS, NORMED, unproven
from neuronscope.models.text import probe_ids, text_side
from neuronscope.models.trace import trace
from neuronscope.models.written import read_as_written
from tests.conformance import zoo
from tests.tiny import VOCAB, build

IDS = probe_ids(VOCAB, torch.device("cpu"))
SMALL = {"num_hidden_layers": 2, "hidden_size": 32, "intermediate_size": 48, "vocab_size": VOCAB,
         "num_attention_heads": 4, "initializer_range": 0.25, "max_position_embeddings": 64}


def model_of(config):
    torch.manual_seed(0)
    return tf.AutoModelForCausalLM.from_config(config).eval()


def reports(model, layout=None):
    return {each.site: each for each in certify(model, layout or discover(model, IDS), IDS)}


def test_columns_are_found_in_any_order_and_between_equal_ones_the_neighbour():
    torch.manual_seed(0)
    offered = torch.randn(5, 9)
    offered[:, [3, 7]] = 0  # two equal columns
    assert find_columns(offered[:, [8, 1, 0]], offered).tolist() == [8, 1, 0]
    assert find_columns(offered[:, [6, 7, 8]], offered).tolist() == [6, 7, 8]
    assert find_columns(offered[:, :3] * 0.5, offered) is None
    mixed = torch.cat([offered[:, :1], offered[:, 4:6] * 0.5], dim=1)
    assert find_columns(mixed, offered, (1.0, 0.5)).tolist() == [0, 4, 5]


def test_repeated_heads_are_counted_once():
    heads = torch.randn(5, 2, 4)
    assert distinct_heads(heads.repeat_interleave(3, dim=1)) == [0, 3]


def test_queries_normed_behind_the_rotary_embedding_are_the_projections():
    model = model_of(tf.HunYuanDenseV1Config(**SMALL, num_key_value_heads=2, head_dim=8))
    layout = discover(model, IDS)
    attention = layout.layers[1].self_attn
    assert layout.points["q", 1].module is attention.q_proj
    assert layout.points["k", 1].module is attention.k_proj
    assert reports(model, layout)["q"].layers == (0, 1)


def test_a_rotary_embedding_that_scales_is_seen_through():
    model = model_of(tf.LlamaConfig(**SMALL, rope_parameters={
        "rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0,
        "original_max_position_embeddings": 16}))
    layout = discover(model, IDS)
    assert layout.points["q", 1].module is layout.layers[1].self_attn.q_proj


def test_queries_that_are_scaled_on_their_way_are_the_projections():
    model = model_of(tf.OPTConfig(num_hidden_layers=2, hidden_size=32, ffn_dim=48, vocab_size=VOCAB,
                                  num_attention_heads=4, word_embed_proj_dim=32, init_std=0.25))
    layout = discover(model, IDS)
    assert layout.points["q", 0].module is layout.layers[0].self_attn.q_proj
    assert layout.n_kv_heads == 4


def test_one_key_value_head_for_all():
    model = model_of(tf.GPTBigCodeConfig(n_layer=2, n_embd=32, n_head=4, vocab_size=VOCAB,
                                         n_positions=64, initializer_range=0.25))
    layout = discover(model, IDS)
    assert layout.n_kv_heads == 1
    assert layout.points["k", 0].columns.tolist() == list(range(32, 40))
    assert {reports(model, layout)[site].layers for site in "qkv"} == {(0, 1)}


def test_latent_keys_and_mixers_without_a_softmax_are_refused_with_the_reason():
    latent = model_of(tf.DeepseekV3Config(
        **SMALL, num_key_value_heads=4, num_experts_per_tok=2, n_routed_experts=4, n_group=2,
        topk_group=1, moe_intermediate_size=24, first_k_dense_replace=1, q_lora_rank=16,
        kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8))
    found = reports(latent)
    assert found["k"].reason == (
        "the keys that attention reads are put together from what kv_b_proj and "
        "kv_a_proj_with_mqa give, a part of which all heads share")
    assert found["q"].certified and found["v"].certified and found["pattern"].certified
    other = reports(model_of(tf.MambaConfig(
        num_hidden_layers=2, hidden_size=32, vocab_size=VOCAB, initializer_range=0.3)))
    for site in ("q", "k", "v", "pattern"):
        assert "no softmax attention was seen in this layer" in other[site].reason


def test_values_that_a_family_clips_are_said_to_be_clipped():
    model = model_of(tf.OlmoConfig(**SMALL, clip_qkv=20.0))
    found = reports(model)
    for site in "qkv":
        assert found[site].layers == (0, 1)
        assert "limits these values to ±20 before attention" in found[site].note
    assert all(reports(model_of(tf.OlmoConfig(**SMALL)))[site].note == "" for site in "qkv")


def test_heads_that_are_mixed_up_are_refused():
    model = build("gpt_neox")
    layout = discover(model, IDS)
    layers = [call for call in trace(model, IDS).values() if call.module in layout.layers]
    found = {("q", layer): layout.points["q", layer] for layer in range(3)}
    counts = dict.fromkeys(found, 4)
    attention = {layer: (layout.layers[layer].attention, 4) for layer in range(3)}
    assert read_as_written(model, layers, attention, found, counts, IDS) == ({}, {})
    wrong = found["q", 1].columns.roll(4)
    found["q", 1] = dataclasses.replace(found["q", 1], columns=wrong)
    keys = found["q", 2].columns + 8
    found["q", 2] = dataclasses.replace(found["q", 2], columns=keys)
    wrong = read_as_written(model, layers, attention, found, counts, IDS)[0]
    assert set(wrong) == {("q", 1), ("q", 2)}


def test_heads_of_z_that_are_mixed_up_or_counted_wrong_are_refused():
    """Query heads taken for key-value heads and the other way round, and permuted columns."""
    model = build("llama")  # 4 heads of queries, 2 of keys and values
    layout = discover(model, IDS)
    points = {layer: layout.points["z", layer] for layer in range(3)}
    modules = [layer.self_attn for layer in layout.layers]
    clean = trace(model, IDS)
    calls = [call for call in clean.values() if call.module in layout.layers]
    counts = dict(enumerate(zip(modules, (4, 4, 4), strict=True)))
    assert unproven(model, calls, points, counts, clean, IDS) == ({}, "")
    counts = dict(enumerate(zip(modules, (4, 2, 8), strict=True)))
    assert unproven(model, calls, points, counts, clean, IDS)[0] == {1: MIXED, 2: MIXED}
    counts = {layer: (modules[layer], 4) for layer in (0, 2)}
    points[2] = dataclasses.replace(points[2], columns=torch.arange(32).roll(3))
    assert unproven(model, calls, points, counts, clean, IDS)[0] == {1: NO_HEADS, 2: MIXED}


def test_the_number_of_heads_is_what_attention_computes_and_not_what_the_configuration_says():
    model = build("llama")
    model.config.num_attention_heads, model.config.num_key_value_heads = 2, 4
    layout = discover(model, IDS)
    assert (layout.n_heads, layout.n_kv_heads, layout.d_head) == (4, 2, 8)


@pytest.mark.parametrize("name", ["bitnet", "kosmos-2@i2t"])
def test_a_norm_over_all_heads_before_the_projection_is_said(name):
    """An RMS norm scales the heads together, a layer norm shifts them too."""
    model = text_side(zoo.build(name))
    layout = discover(model, zoo.probe(model))
    assert [site for site, _ in layout.points].count("z") == len(layout.layers)
    assert layout.notes["z"] == NORMED


def test_a_mixer_that_is_no_attention_has_no_heads():
    model = model_of(tf.JambaConfig(
        **SMALL, num_key_value_heads=2, num_experts=1, attn_layer_period=2, attn_layer_offset=1,
        mamba_dt_rank=4, use_mamba_kernels=False))
    found = reports(model)
    assert {found[site].layers for site in ("q", "k", "v", "pattern", "z")} == {(1,)}
    assert "no softmax attention" in found["z"].reason


def test_values_of_a_post_norm_block_are_not_its_attentions_output():
    """With one token attention gives its values as they are; BERT's module returns them."""
    model = model_of(tf.BertConfig(**SMALL, is_decoder=True))
    layout = discover(model, IDS)
    for layer in range(2):
        attention = layout.layers[layer].attention
        assert layout.points["v", layer].module is attention.self.value
        assert layout.points["z", layer].module is attention.output.dense


def test_positions_that_count_from_one_are_turned_back():
    model = build("llama")
    own = model.model.rotary_emb.forward
    model.model.rotary_emb.forward = lambda value, position_ids: own(value, position_ids + 1)
    layout = discover(model, IDS)
    assert layout.points["q", 1].module is layout.layers[1].self_attn.q_proj
    assert layout.points["k", 1].module is layout.layers[1].self_attn.k_proj


def test_values_that_are_multiplied_on_their_way_are_said_to_be():
    model = zoo.build("mimo_v2_flash")
    ids, layout = zoo.probe(model), discover(model, zoo.probe(model))
    attention = layout.layers[1].self_attn
    attention.v_scale = 0.707
    layout = discover(model, ids)
    assert layout.points["v", 1].module is attention.v_proj
    assert "multiplies these values by 0.707 before attention" in layout.notes["v"]


def test_queries_that_two_calls_share_are_found_and_what_they_do_not_is_refused():
    """Differential attention reads one set of queries and keys with two halves of the values."""
    model = zoo.build("diffllama")
    layout = discover(model, zoo.probe(model))
    for layer, module in enumerate(layout.layers):
        assert layout.points["q", layer].module is module.self_attn.q_proj
        assert layout.points["k", layer].module is module.self_attn.k_proj
        for site in ("v", "pattern", "z"):
            assert "computes attention 2 times" in layout.reasons[site, layer]


def test_keys_and_values_of_another_layer_are_refused_with_its_name():
    model = zoo.build("gemma3n_text")
    layout = discover(model, zoo.probe(model))
    assert {layer for site, layer in layout.points if site == "k"} == {0, 1}
    assert "are another layer's: model.layers.0.self_attn.k_norm" in layout.reasons["k", 2]
    assert {layer for site, layer in layout.points if site in ("q", "z")} == {0, 1, 2, 3}


def test_query_heads_that_read_in_turn_and_layers_with_other_heads_are_refused():
    model = zoo.build("laguna")
    layout = discover(model, zoo.probe(model))
    assert (layout.n_heads, layout.n_kv_heads) == (4, 2)
    own = [layer.self_attn.q_proj.out_features // 24 for layer in layout.layers]
    for site in ("q", "z", "pattern"):
        assert {layer for each, layer in layout.points if each == site} == {
            layer for layer, count in enumerate(own) if count == 4}
    moa = zoo.build("jetmoe")
    reasons = discover(moa, zoo.probe(moa)).reasons
    assert "in turn, not in groups" in reasons["k", 0]


@pytest.mark.parametrize(("name", "site", "reason"), [
    ("deepseek_v4", "v", "changes the keys that attention reads as well"),
    ("deepseek_v4", "k", "changes the values that attention reads as well"),
    ("doge", "v", "changes what other heads of attention give"),
])
def test_values_that_are_keys_or_make_the_mask_too_are_refused(name, site, reason):
    model = zoo.build(name)
    layout = discover(model, zoo.probe(model))
    told = {layout.reasons.get((site, layer), "") for layer in range(len(layout.layers))}
    assert any(reason in each for each in told), told
    assert not any(each == site for each, _ in layout.points)


@pytest.mark.parametrize("lie", ["not used", "not probabilities", "not given"])
def test_weights_that_are_not_what_the_output_is_made_of_are_refused(lie):
    model = build("llama")
    file = sys.modules[type(model).__module__]
    own = file.eager_attention_forward

    def lying(module, *args, **kwargs):
        output, weights = own(module, *args, **kwargs)
        return output, {"not used": weights.flip(1), "not probabilities": weights * 2,
                        "not given": None}[lie]

    with patch.object(file, "eager_attention_forward", lying):
        report = reports(model)["pattern"]
    assert not report.certified and not report.note
    assert {"not used": "not its probabilities times its values",
            "not probabilities": "not probabilities",
            "not given": "gives no probabilities"}[lie] in report.reason


def test_an_attention_sink_takes_the_rest_of_a_row():
    model = model_of(tf.GptOssConfig(
        **SMALL, num_key_value_heads=2, head_dim=8, num_experts_per_tok=2, num_local_experts=4,
        sliding_window=4))
    assert reports(model)["pattern"].layers == (0, 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_patterns_are_refused_where_eager_attention_is_another_computation(dtype):
    """In half precision roundings grow from layer to layer; another computation shows in each."""
    found = {}
    for family in ("falcon_alibi", "falcon", "llama", "gemma3"):
        found[family] = reports(build(family).to(dtype))["pattern"]
    assert found.pop("falcon_alibi").layers == ()
    assert {each.layers for each in found.values()} == {(0, 1, 2)}
    assert all("differs from sdpa by" in each.note for each in found.values())
