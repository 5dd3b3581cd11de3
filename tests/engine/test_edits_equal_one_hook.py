"""Every edit on every site equals a raw forward with one hook, to the bit, on every family."""

from __future__ import annotations

import pytest
import torch

from neuronscope.engine.session import Model
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.ops import (
    Add,
    Mean,
    Patch,
    PromptDifference,
    Reference,
    Unembed,
    Values,
    Zero,
)
from neuronscope.spec.target import SITES, Target
from tests.naive import edited_logits, hooked_logits, value_at
from tests.naive_inner import INNER
from tests.tiny import LONGER, PROMPT, SOURCE, VOCAB

HEADS = 4
OUTER = sorted(set(SITES) - set(INNER))
"""Sites that one module's tensor holds as it is; for the others see test_inner_edits.py."""


def all_logits(model: Model, edits: list[Edit], prompt=PROMPT) -> torch.Tensor:
    """Every logit of the edited run at the last position, by token id."""
    result = model.run(Run(prompt=prompt, edits=edits, top_k=VOCAB))
    logits = torch.empty(VOCAB, dtype=torch.float64)
    for each in result.edited.top:
        logits[each.id] = each.logit
    return logits


def ids_of(model: Model, prompt: str) -> list[int]:
    return [token.id for token in model.tokens(prompt)]


def target(site: str, layer: int, **where) -> Target:
    return Target(site, layer=layer if "layer" in SITES[site].axes else None, **where)


def same(ours: torch.Tensor, naive: torch.Tensor) -> None:
    assert torch.equal(ours, naive[-1].double()), (ours - naive[-1].double()).abs().max()


@pytest.mark.parametrize("site", OUTER)
@pytest.mark.parametrize("where", ["all", "one position", "last", "two positions"])
def test_zero(model, family, site, where):
    position = {"all": None, "one position": 2, "last": -1, "two positions": [1, -2]}[where]
    rows = {"all": slice(None), "one position": 2, "last": 5, "two positions": [1, 4]}[where]

    def by_hand(act):
        act[rows] = 0

    ids = ids_of(model, PROMPT)
    naive = edited_logits(model.host.model, family, ids, site, 1, by_hand)
    ours = all_logits(model, [Edit(target(site, 1, position=position), Zero())])
    same(ours, naive)
    clean = hooked_logits(model.host.model, ids)
    blind = site == "final_norm" and where in ("one position", "two positions")
    assert torch.equal(naive[-1], clean[-1]) == blind  # otherwise the edit would be vacuous


@pytest.mark.parametrize("site", OUTER)
def test_patch(model, family, site):
    source = value_at(model.host.model, family, ids_of(model, SOURCE), site, 1)

    def by_hand(act):
        act[3] = source[3]
        act[5] = source[5]

    naive = edited_logits(model.host.model, family, ids_of(model, PROMPT), site, 1, by_hand)
    ours = all_logits(model, [Edit(target(site, 1, position=[3, 5]), Patch(SOURCE))])
    same(ours, naive)


@pytest.mark.parametrize("site", ["resid_pre", "mlp_out", "z"])
def test_patch_with_a_position_map(model, family, site):
    source = value_at(model.host.model, family, ids_of(model, LONGER), site, 2)

    def by_hand(act):
        act[1] = source[2]
        act[5] = source[6]

    naive = edited_logits(model.host.model, family, ids_of(model, PROMPT), site, 2, by_hand)
    op = Patch(LONGER, positions=[(1, 2), (-1, -1)])
    same(all_logits(model, [Edit(target(site, 2), op)]), naive)


@pytest.mark.parametrize("site", OUTER)
@pytest.mark.parametrize("pool", ["all_positions", "per_position"])
def test_mean(model, family, site, pool):
    prompts = [SOURCE, "w40 w41 w42 w43 w44"]
    values = [value_at(model.host.model, family, ids_of(model, each), site, 1).double()
              for each in prompts]

    def by_hand(act):
        if pool == "per_position":
            act[2:4] = ((values[0] + values[1]) / 2).float()[2:4]
        else:  # the first token of each is special: it does not count
            act[2:4] = (torch.cat([value[1:] for value in values]).sum(0) / 10).float()

    naive = edited_logits(model.host.model, family, ids_of(model, PROMPT), site, 1, by_hand)
    op = Mean(Reference(prompts), pool=pool)
    ours = all_logits(model, [Edit(target(site, 1, position=[2, 3]), op)])
    assert (ours - naive[-1]).abs().max() < 1e-4  # the two sum in another order


@pytest.mark.parametrize("site", OUTER)
@pytest.mark.parametrize("unit", ["vector", "site_norm"])
def test_add_values(model, family, site, unit):
    clean = value_at(model.host.model, family, ids_of(model, PROMPT), site, 1)
    generator = torch.Generator().manual_seed(3)
    vector = torch.randn(clean.shape[-1], generator=generator, dtype=torch.float64)

    def by_hand(act):
        step = 0.7 * vector
        if unit == "site_norm":
            step = 0.7 * vector / vector.norm() * clean[[0, 4]].double().norm(dim=-1).mean()
        act[[0, 4]] += step.float()

    naive = edited_logits(model.host.model, family, ids_of(model, PROMPT), site, 1, by_hand)
    op = Add(Values(tuple(vector.tolist())), scale=0.7, unit=unit)
    ours = all_logits(model, [Edit(target(site, 1, position=[0, 4]), op)])
    assert (ours - naive[-1]).abs().max() < 1e-4


@pytest.mark.parametrize("site", ["resid_pre", "resid_post", "attn_out", "mlp_out", "z"])
def test_add_a_difference_of_prompts(model, family, site):
    hf = model.host.model
    plus, minus = (
        torch.stack([value_at(hf, family, ids_of(model, each), site, 1)[-1].double()
                     for each in prompts]).mean(0)
        for prompts in ([SOURCE, "w70 w71"], [LONGER]))

    def by_hand(act):
        act[-1] += (2.0 * (plus - minus)).float()

    naive = edited_logits(hf, family, ids_of(model, PROMPT), site, 1, by_hand)
    op = Add(PromptDifference(positive=[SOURCE, "w70 w71"], negative=[LONGER]), scale=2.0)
    ours = all_logits(model, [Edit(target(site, 1, position=-1), op)])
    assert (ours - naive[-1]).abs().max() < 1e-4


def test_add_an_unembedding_row(model, family):
    row = model.host.model.get_output_embeddings().weight[17].detach()

    def by_hand(act):
        act += 1.5 * row

    naive = edited_logits(model.host.model, family, ids_of(model, PROMPT), "resid_post", 2, by_hand)
    ours = all_logits(model, [Edit(Target("resid_post", layer=2), Add(Unembed("w17"), scale=1.5))])
    assert (ours - naive[-1]).abs().max() < 1e-4


@pytest.mark.parametrize("heads", [0, 3, -1, [1, 2]])
def test_heads_are_the_heads(model, family, heads):
    ids = ids_of(model, PROMPT)
    width = value_at(model.host.model, family, ids, "z", 1).shape[-1] // HEADS

    def by_hand(act):
        for head in heads if isinstance(heads, list) else [heads % HEADS]:
            act[4, head * width:(head + 1) * width] = 0

    naive = edited_logits(model.host.model, family, ids, "z", 1, by_hand)
    same(all_logits(model, [Edit(Target("z", layer=1, head=heads, position=4), Zero())]), naive)


@pytest.mark.parametrize("neurons", [7, [0, 5, -1]])
def test_neurons_honour_the_position(model, family, neurons):
    ids = ids_of(model, PROMPT)

    def by_hand(act):
        for neuron in neurons if isinstance(neurons, list) else [neurons]:
            act[3, neuron] = 0

    naive = edited_logits(model.host.model, family, ids, "mlp_act", 1, by_hand)
    ours = all_logits(model, [Edit(Target("mlp_act", layer=1, neuron=neurons, position=3), Zero())])
    same(ours, naive)
    assert not torch.equal(naive[-1], hooked_logits(model.host.model, ids)[-1])


def test_a_head_direction_is_added_to_each_chosen_head(llama):
    hf, ids = llama.host.model, ids_of(llama, PROMPT)
    vector = [0.5, -1.0, 2.0, 0.25, 0.0, 1.0, -0.5, 0.75]

    def by_hand(act):
        for head in (1, 3):
            act[:, head * 8:(head + 1) * 8] += 3 * torch.tensor(vector)

    naive = edited_logits(hf, "llama", ids, "z", 1, by_hand)
    op = Add(Values(vector), scale=3.0)
    same(all_logits(llama, [Edit(Target("z", layer=1, head=[1, 3]), op)]), naive)


def test_several_edits_apply_together(llama):
    from tests.tiny import site_module

    hf, ids = llama.host.model, ids_of(llama, PROMPT)
    source = value_at(hf, "llama", ids_of(llama, SOURCE), "resid_pre", 2)

    def zero_all(value):
        return torch.zeros_like(value)

    def patch_last(value):
        value[0, -1] = source[-1]
        return value

    naive = hooked_logits(hf, ids, [(*site_module(hf, "llama", "mlp_out", 0), zero_all),
                                    (*site_module(hf, "llama", "resid_pre", 2), patch_last)])
    same(all_logits(llama, [Edit(Target("mlp_out", layer=0), Zero()),
                            Edit(Target("resid_pre", layer=2, position=-1), Patch(SOURCE))]), naive)
