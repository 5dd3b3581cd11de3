"""Faults planted in a right layout: certification refuses each, where it is, with a reason."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch
import transformers as tf
from torch import nn

from neuronscope.hooks.points import Point
from neuronscope.models.certify import certify
from neuronscope.models.layout import Layout, discover
from neuronscope.models.load import probe_ids
from tests.tiny import VOCAB, build

IDS = probe_ids(VOCAB, torch.device("cpu"))
SEVERAL = ["llama", "gpt2", "gemma2", "qwen2_moe"]
GRANITE = {"num_hidden_layers": 3, "hidden_size": 32, "intermediate_size": 48,
           "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": VOCAB,
           "residual_multiplier": 0.22, "initializer_range": 0.3}


@cache
def laid_out(family: str) -> tuple[nn.Module, Layout]:
    model = build(family)
    return model, discover(model, IDS)


def moved(layout: Layout, points: dict) -> Layout:
    return replace(layout, points={**layout.points, **points})


def refused(model: nn.Module, layout: Layout, site: str, layer: int | None) -> str:
    """Why a site is refused at a layer; it must be."""
    report = next(each for each in certify(model, layout, IDS) if each.site == site)
    told = [refusal.reason for refusal in report.refused
            if layer is None or layer in refusal.layers]
    assert told and layer not in report.layers, f"{site}.{layer} is certified"
    return told[0]


@pytest.mark.parametrize("family", SEVERAL)
def test_the_layout_itself_is_certified(family):
    model, layout = laid_out(family)
    for report in certify(model, layout, IDS):
        assert {key[1] for key in layout.points if key[0] == report.site} - {None} == set(
            report.layers)


@pytest.mark.parametrize("family", SEVERAL)
@pytest.mark.parametrize("site", ["attn_out", "mlp_out"])
def test_a_branch_read_at_another_module(family, site):
    model, layout = laid_out(family)
    norm = next(module for module in layout.layers[1].modules()
                if "norm" in type(module).__name__.lower())
    wrong = moved(layout, {(site, 1): Point(norm, "out")})
    assert "do not add up to resid_post" in refused(model, wrong, site, 1)


@pytest.mark.parametrize("family", ["gemma2", "gemma3_text", "olmo2", "glm4"])
@pytest.mark.parametrize("site", ["attn_out", "mlp_out"])
def test_a_contribution_read_before_its_norm(family, site):
    model, layout = laid_out(family)
    branch = layout.layers[1].self_attn if site == "attn_out" else layout.layers[1].mlp
    assert layout.points[site, 1].module is not branch
    wrong = moved(layout, {(site, 1): Point(branch, "out")})
    assert "do not add up to resid_post" in refused(model, wrong, site, 1)


@pytest.mark.parametrize("site", ["attn_out", "mlp_out"])
def test_a_multiplier_forgotten(site):
    torch.manual_seed(0)
    model = tf.AutoModelForCausalLM.from_config(tf.GraniteConfig(**GRANITE)).eval()
    layout = discover(model, IDS)
    right = layout.points[site, 1]
    assert right.scale == pytest.approx(0.22, abs=1e-5)
    wrong = moved(layout, {(site, 1): replace(right, scale=1.0)})
    assert "do not add up to resid_post" in refused(model, wrong, site, 1)


@pytest.mark.parametrize("family", SEVERAL)
def test_head_columns_in_another_order(family):
    model, layout = laid_out(family)
    right = layout.points["z", 1]
    width = layout.n_heads * layout.d_head
    for columns in (torch.arange(width).roll(layout.d_head // 2),
                    torch.arange(width).reshape(layout.n_heads, -1).T.flatten(),
                    torch.arange(width).roll(layout.d_head)):
        wrong = moved(layout, {("z", 1): replace(right, columns=columns)})
        assert "are not the heads that attention gives" in refused(model, wrong, "z", 1)


@pytest.mark.parametrize("family", ["llama", "gemma2", "qwen2_moe"])
def test_key_value_heads_taken_for_query_heads(family):
    model, layout = laid_out(family)
    wrong = replace(layout, n_heads=layout.n_kv_heads, d_head=2 * layout.d_head)
    assert "are not the heads that attention gives" in refused(model, wrong, "z", 1)


@pytest.mark.parametrize("family", SEVERAL)
def test_a_hook_that_never_fires(family):
    model, layout = laid_out(family)
    sites = ("resid_pre", "attn_out", "mlp_out", "resid_post", "z")
    wrong = moved(layout, {(site, 1): Point(nn.Linear(2, 2), "in") for site in sites})
    for site in sites:
        assert "did not fire" in refused(model, wrong, site, 1)


def test_the_layers_of_the_vision_tower():
    model, layout = laid_out("gemma3")
    tower = next(module for name, module in model.named_modules()
                 if name.endswith("encoder.layers") and isinstance(module, nn.ModuleList))
    points = {("embed", None): Point(tower[0], "in")} | {
        (site, layer): Point(each, side) for layer, each in enumerate(tower)
        for site, side in (("resid_pre", "in"), ("resid_post", "out"))}
    wrong = replace(moved(layout, points), layers=tuple(tower))
    for site, layer in points:
        assert "did not fire" in refused(model, wrong, site, layer)


@pytest.mark.parametrize("family", SEVERAL)
@pytest.mark.parametrize("site", ["resid_pre", "attn_out", "mlp_out", "resid_post"])
def test_a_site_of_the_next_layer(family, site):
    model, layout = laid_out(family)
    wrong = moved(layout, {(site, 1): layout.points[site, 2]})
    told = refused(model, wrong, site, 1)
    assert any(part in told for part in ("is not resid_", "do not add up to", "does not change"))


@pytest.mark.parametrize("family", SEVERAL)
def test_a_list_without_the_last_layer(family):
    model, layout = laid_out(family)
    points = {key: point for key, point in layout.points.items() if key[1] != 2}
    wrong = replace(layout, layers=layout.layers[:2], points=points)
    assert "leaves the last layer" in refused(model, wrong, "final_norm", None)


@pytest.mark.parametrize("family", SEVERAL)
def test_another_norm_taken_for_the_last(family):
    model, layout = laid_out(family)
    inner = next(module for module in layout.layers[2].modules()
                 if type(module) is type(layout.points["final_norm", None].module))
    wrong = moved(layout, {("final_norm", None): Point(inner, "out")})
    told = refused(model, wrong, "final_norm", None)
    assert "output embedding" in told or "leaves the last layer" in told
