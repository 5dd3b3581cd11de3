"""Gemma 3 with its vision tower, as a folder: its language model is found, listed and run."""

from __future__ import annotations

import pytest
import torch

import neuronscope as ns
from neuronscope.service.opening import open_lab
from tests.families import FAMILIES
from tests.families.family import N_LAYERS
from tests.naive import edited_logits, hooked_logits
from tests.tiny import PROMPT, build, save_multimodal, site_module


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    save_multimodal(folder / "gemma")
    assert (folder / "gemma" / "model.safetensors.index.json").is_file()  # as large ones are
    assert len(list((folder / "gemma").glob("*.safetensors"))) > 1
    return folder


def test_its_language_model_is_what_is_certified(models):
    model = ns.load(models / "gemma")
    info = model.info
    text = build("gemma3").config.text_config
    assert (info.architecture, info.n_layers) == ("Gemma3ForConditionalGeneration", N_LAYERS)
    assert (info.d_model, info.n_heads, info.n_kv_heads, info.vocab) == (
        text.hidden_size, text.num_attention_heads, text.num_key_value_heads, text.vocab_size)
    for site in info.sites:
        assert site.certified and not site.refused, site
        assert site.layers in ((), tuple(range(N_LAYERS)))
    names = {module: name for name, module in model.host.model.named_modules()}
    for key, point in model.host.layout.points.items():
        assert names[point.module].startswith("model.language_model"), key
    for site in ("attn_out", "mlp_out", "z", "mlp_act"):
        point = model.host.point(site, 1)
        assert (point.module, point.side) == site_module(model.host.model, "gemma3", site, 1)


def test_a_lab_lists_loads_runs_and_sweeps_it(models, tmp_path):
    raw = build("gemma3")
    with open_lab(tmp_path, models) as lab:
        entry, = (each for each in lab.models() if each.id == "gemma")
        assert entry.problem is None
        assert entry.architecture == "Gemma3ForConditionalGeneration"
        info = lab.load("gemma")
        ids = [token.id for token in lab.tokenize(PROMPT).tokens]
        wanted = zeroed(raw, ids, 2)
        clean = hooked_logits(raw, ids)[-1]
        record, _ = lab.run(ns.Run(prompt=PROMPT, metrics=[ns.KL()], edits=[
            ns.Edit(ns.Target("mlp_out", layer=2), ns.Zero())]))
        assert record.result.metrics["kl"].edited == pytest.approx(kl(clean, wanted), rel=1e-4)
        sweep, _ = lab.sweep(ns.Sweep(prompt=PROMPT, op=ns.Zero(), metrics=[ns.KL()], over=ns.Over(
            sites=["mlp_out"], layers="all")))
        assert sweep.result.execution.startswith("fast:")
        assert sweep.result.values["kl"] == pytest.approx(
            [kl(clean, zeroed(raw, ids, layer)) for layer in range(info.n_layers)], rel=1e-3)
        assert all(stage.certified and not stage.reason for stage in lab.check().stages)
        assert lab.model().info.stages == lab.check().stages


def zeroed(model, ids, layer) -> torch.Tensor:
    """Logits of the last position with the MLP of one layer silent, by a hook of our own."""
    assert "gemma3" in FAMILIES

    def edit(act: torch.Tensor) -> None:
        act.zero_()
    return edited_logits(model, "gemma3", ids, "mlp_out", layer, edit)[-1]


def kl(clean: torch.Tensor, edited: torch.Tensor) -> float:
    p, q = (logits.double().log_softmax(-1) for logits in (clean, edited))
    return float((p.exp() * (p - q)).sum())
