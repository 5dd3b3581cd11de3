"""Layouts with a fault that is seen only between sites: each must be refused where it lies."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from neuronscope.hooks.tap import Point
from neuronscope.models.certify import certify
from neuronscope.models.layout import discover
from neuronscope.models.text import probe_ids
from tests.tiny import VOCAB, build

IDS = probe_ids(VOCAB, torch.device("cpu"))


def refused(model, layout):
    """Refused layers by site, with all that was said of it."""
    return {report.site: ({layer for each in report.refused for layer in each.layers},
                          report.reason) for report in certify(model, layout, IDS)}


def changed(layout, points):
    return dataclasses.replace(layout, points={**layout.points, **points})


@pytest.mark.parametrize("site", ["resid_pre", "resid_post", "attn_out", "mlp_out", "z", "mlp_act",
                                  "q", "resid_mid"])
def test_layers_that_are_swapped_are_refused(site):
    model = build("llama")
    layout = discover(model, IDS)
    here, there = layout.points[site, 1], layout.points[site, 2]
    layers, _ = refused(model, changed(layout, {(site, 1): there, (site, 2): here}))[site]
    assert {1, 2} <= layers


@pytest.mark.parametrize("site", ["z", "mlp_act", "attn_out", "mlp_out"])
def test_a_site_one_layer_too_late_is_refused_at_that_layer(site):
    model = build("llama")
    layout = discover(model, IDS)
    layers, reason = refused(model, changed(layout, {(site, 0): layout.points[site, 1]}))[site]
    assert 0 in layers and reason


@pytest.mark.parametrize("site", ["attn_out", "mlp_out"])
def test_a_contribution_read_before_its_post_norm_is_refused(site):
    model = build("gemma2")
    layout = discover(model, IDS)
    layer = layout.layers[1]
    module = layer.self_attn if site == "attn_out" else layer.mlp
    layers, reason = refused(model, changed(layout, {(site, 1): Point(module, "out")}))[site]
    assert layers == {1} and "do not add up" in reason


def test_a_forgotten_multiplier_is_refused():
    model = build("granite")
    layout = discover(model, IDS)
    point = dataclasses.replace(layout.points["mlp_out", 1], scale=1.0)
    layers, reason = refused(model, changed(layout, {("mlp_out", 1): point}))["mlp_out"]
    assert layers == {1} and "do not add up" in reason


def test_heads_of_the_mlp_are_refused():
    model = build("llama")
    layout = discover(model, IDS)
    wrong = {("z", 1): layout.points["mlp_act", 1], ("mlp_act", 1): layout.points["z", 1]}
    found = refused(model, changed(layout, wrong))
    assert found["z"][0] == {1} and "does not change attn_out.1" in found["z"][1]


def test_a_norm_that_the_output_embedding_does_not_read_is_refused():
    model = build("llama")
    layout = discover(model, IDS)
    wrong = Point(layout.layers[2].post_attention_layernorm, "out")
    found = refused(model, changed(layout, {("final_norm", None): wrong}))["final_norm"]
    assert "not what the output embedding reads" in found[1]


def test_the_layers_of_another_stack_are_refused():
    """A tower that runs beside the decoder, and whose output goes nowhere near the logits."""
    model = build("llama")
    tower = build("llama", seed=1).model.layers

    class Beside(nn.Module):
        def __init__(self, layer, other):
            super().__init__()
            self.layer, self.other = layer, other

        def forward(self, hidden_states, **kwargs):
            self.other(hidden_states, **kwargs)
            return self.layer(hidden_states, **kwargs)

    layout = discover(model, IDS)
    for index, other in enumerate(tower):
        model.model.layers[index] = Beside(model.model.layers[index], other)
    wrong = {(site, layer): dataclasses.replace(layout.points[site, layer], module=tower[layer])
             for site in ("resid_pre", "resid_post") for layer in range(3)}
    found = refused(model, changed(layout, wrong))
    assert found["resid_pre"][0] == found["resid_post"][0] == {0, 1, 2}
