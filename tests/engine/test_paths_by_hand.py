"""Paths equal two raw forwards in which everything else was put back by hand."""

from __future__ import annotations

import pytest
import torch

from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, LogitDiff, Recovered
from neuronscope.spec.ops import Path, Zero
from neuronscope.spec.target import Target
from tests.engine.test_edits_equal_one_hook import all_logits, ids_of
from tests.naive import hooked_logits, value_at
from tests.tiny import N_LAYERS, PROMPT, SOURCE, site_module

FAMILIES = ["gpt2", "llama", "gemma2", "qwen3", "gpt_neox", "gpt_neox_sequential"]
BRANCH = {"z": "attn_out", "attn_out": "attn_out", "mlp_act": "mlp_out", "mlp_out": "mlp_out"}
HEAD = slice(16, 24)

families = pytest.mark.parametrize("family", FAMILIES)
through = pytest.mark.parametrize("through", ["nothing", "mlps"])


def clean_at(hf, family, ids, site, layer):
    return value_at(hf, family, ids, site, layer)


def put(value: torch.Tensor):
    return lambda act: value[None].clone()


def keeping(kept: list):
    def keep(act):
        kept.append(act[0].clone())
        return act
    return keep


def direct(model, family, sender, layer, columns, through, watch=None, held=()):
    """The raw first forward: its logits, and the value at `watch` (site, layer) in it."""
    hf, ids, source_ids = model.host.model, ids_of(model, PROMPT), ids_of(model, SOURCE)
    source = value_at(hf, family, source_ids, sender, layer)

    def send(act):
        act[0, :, columns] = source[:, columns]
        return act

    frozen = ["attn_out"] + (["mlp_out"] if through == "nothing" else [])
    kept: list = []
    hooks = [] if watch is None else [(*site_module(hf, family, *watch), keeping(kept))]
    hooks.append((*site_module(hf, family, sender, layer), send))
    for each in range(N_LAYERS):
        for site in frozen:
            if (site, each) != (BRANCH[sender], layer):
                hooks.append((*site_module(hf, family, site, each),
                              put(clean_at(hf, family, ids, site, each))))
    return hooked_logits(hf, ids, [*held, *hooks]), kept[0] if kept else None


def close(ours, naive):
    assert (ours - naive[-1].double()).abs().max() < 1e-4


@families
@through
@pytest.mark.parametrize("sender, where, columns", [
    ("z", {"head": 2}, HEAD), ("attn_out", {}, slice(None)), ("mlp_out", {}, slice(None)),
    ("mlp_act", {"neuron": [3, 4, 5]}, slice(3, 6))])
def test_to_the_logits(family, through, sender, where, columns):
    from tests.engine.conftest import loaded

    model = loaded(family)
    if sender == "z":
        width = model.info.d_head
        columns = slice(2 * width, 3 * width)
    naive, _ = direct(model, family, sender, 0, columns, through)
    ours = all_logits(model, [Edit(Target(sender, layer=0, **where),
                                   Path(SOURCE, through=through))])
    close(ours, naive)
    clean = hooked_logits(model.host.model, ids_of(model, PROMPT))
    assert (naive[-1] - clean[-1]).abs().max() > 1e-3  # otherwise the path would be vacuous


@families
@through
@pytest.mark.parametrize("receiver", ["resid_pre", "resid_post", "z", "mlp_act", "mlp_out"])
def test_to_a_receiver(family, through, receiver):
    from tests.engine.conftest import loaded

    model, layer = loaded(family), 2
    hf, ids = model.host.model, ids_of(model, PROMPT)
    _, value = direct(model, family, "attn_out", 0, slice(None), through, (receiver, layer))
    whole = value_at(hf, family, ids, receiver, layer)
    whole[[4, 5]] = value[[4, 5]]
    naive = hooked_logits(hf, ids, [(*site_module(hf, family, receiver, layer), put(whole))])
    to = [Target(receiver, layer=layer, position=[4, -1])]
    ours = all_logits(model, [Edit(Target("attn_out", layer=0),
                                   Path(SOURCE, to=to, through=through))])
    close(ours, naive)
    assert (naive[-1] - hooked_logits(hf, ids)[-1]).abs().max() > 1e-4


@through
@pytest.mark.parametrize("site, module", [("q", "q_proj"), ("k", "k_proj"), ("v", "v_proj")])
def test_to_one_head_s_input(llama, through, site, module):
    hf, ids = llama.host.model, ids_of(llama, PROMPT)
    place = hf.get_submodule(f"model.layers.2.self_attn.{module}")
    kept: list = []
    direct(llama, "llama", "z", 0, HEAD, through, held=[(place, "out", keeping(kept))])
    head = slice(8, 16)

    def receive(act):
        act[0, :, head] = kept[0][:, head]
        return act

    naive = hooked_logits(hf, ids, [(place, "out", receive)])
    path = Path(SOURCE, to=[Target(site, layer=2, head=1)], through=through)
    close(all_logits(llama, [Edit(Target("z", layer=0, head=2), path)]), naive)


def test_a_path_against_a_held_model(llama):
    hf, ids = llama.host.model, ids_of(llama, PROMPT)
    held = (*site_module(hf, "llama", "mlp_out", 0), torch.zeros_like)
    source = value_at(hf, "llama", ids_of(llama, SOURCE), "attn_out", 1)

    def frozen(site, layer):
        kept: list = []
        place = site_module(hf, "llama", site, layer)
        hooked_logits(hf, ids, [held, (*place, keeping(kept))])
        return *place, put(kept[0])

    naive = hooked_logits(hf, ids, [
        frozen("attn_out", 0), frozen("mlp_out", 0), (*site_module(hf, "llama", "attn_out", 1),
                                                      put(source)),
        frozen("mlp_out", 1), frozen("attn_out", 2), frozen("mlp_out", 2)])
    result = llama.run(Run(prompt=PROMPT, held=[Edit(Target("mlp_out", layer=0), Zero())],
                           edits=[Edit(Target("attn_out", layer=1), Path(SOURCE))], top_k=96))
    logits = torch.empty(96, dtype=torch.float64)
    for each in result.edited.top:
        logits[each.id] = each.logit
    close(logits, naive)


def test_paths_from_the_prompt_itself_change_nothing(model):
    for to in (None, [Target("resid_pre", layer=2)], [Target("q", layer=1), Target("v", layer=2)]):
        for sender in ("z", "attn_out", "mlp_out", "mlp_act"):
            for through in ("nothing", "mlps"):
                path = Path(PROMPT, to=to, through=through)
                result = model.run(Run(prompt=PROMPT, edits=[Edit(Target(sender), path)]))
                assert result.metrics["kl"].edited == pytest.approx(0.0, abs=1e-9)


def test_a_sweep_over_senders_is_a_run_each_and_later_ones_reach_nothing(llama):
    metrics = [KL(), Recovered(LogitDiff("w17", "w40"))]
    path = Path(SOURCE, to=[Target("q", layer=1), Target("v", layer=1)])
    grid = llama.sweep(Sweep(prompt=PROMPT, op=path, metrics=metrics,
                             over=Over(sites=["z"], layers="all", heads="all")))
    for layer in range(3):
        for head in range(4):
            alone = llama.run(Run(prompt=PROMPT, metrics=metrics, edits=[
                Edit(Target("z", layer=layer, head=head), path)]))
            for kind in ("kl", "recovered"):
                assert grid.values[kind][0, layer, head] == pytest.approx(
                    alone.metrics[kind].edited, abs=1e-5)
    assert grid.values["kl"][0, 0].min() > 0
    assert grid.values["kl"][0, 1:].max() == pytest.approx(0.0, abs=1e-9)
