"""Scale, set, noise, resample and the newer directions equal a raw forward with one hook."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from neuronscope.engine.draws import concrete
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import (
    Add,
    Embed,
    Noise,
    Patch,
    Reference,
    Resample,
    Scale,
    Set,
    Stored,
    Values,
    Zero,
)
from neuronscope.spec.target import SITES, Target
from tests.engine.test_edits_equal_one_hook import all_logits, ids_of, same, target
from tests.families import FAMILIES
from tests.naive import edited_logits, hooked_logits, value_at
from tests.naive_inner import INNER, inner_logits
from tests.tiny import PROMPT, SOURCE

OTHERS = ["w40 w41 w42 w43 w44", "w50 w51 w52 w53 w54", "w60 w61 w62 w63 w64"]
NOT_PATTERN = sorted(set(SITES) - {"pattern"})


def offered(family, site):
    """Skips a site that the family has not, by its row: one that is lost must fail."""
    layers, reason = FAMILIES[family].refused.get(site, ((1,), ""))
    if 1 not in layers:
        pytest.skip(reason)


def by_raw_hook(model, family, site, edit):
    """Logits of the raw model with the site of layer 1 edited in place."""
    call = inner_logits if site in INNER else edited_logits
    return call(model.host.model, family, ids_of(model, PROMPT), site, 1, edit)


def close(ours, naive):
    assert (ours - naive[-1].double()).abs().max() < 1e-4


@pytest.mark.parametrize("site", sorted(SITES))
@pytest.mark.parametrize("factor", [-1.5, 0.25])
def test_scale(model, family, site, factor):
    offered(family, site)

    def by_hand(act):
        act[[2, 5]] *= factor

    naive = by_raw_hook(model, family, site, by_hand)
    close(all_logits(model, [Edit(target(site, 1, position=[2, -1]), Scale(factor))]), naive)


@pytest.mark.parametrize("site", NOT_PATTERN)
def test_set(model, family, site):
    offered(family, site)

    def by_hand(act):
        act[[2, 5]] = 0.75

    naive = by_raw_hook(model, family, site, by_hand)
    close(all_logits(model, [Edit(target(site, 1, position=[2, -1]), Set(0.75))]), naive)


@pytest.mark.parametrize("site", NOT_PATTERN)
def test_noise(model, family, site):
    offered(family, site)
    weight = model.host.model.get_input_embeddings().weight.detach()
    spread = float(weight.double().std(correction=0))
    tensor = {"embed": "resid.0", "resid_pre": "resid.1", "resid_post": "resid.2",
              "final_norm": "final_norm.0"}.get(site, f"{site}.1")

    def by_hand(act):
        for row in (2, 5):
            digest = hashlib.sha256(f"11:{tensor}:{row}".encode()).digest()
            seed = int.from_bytes(digest[:8], "big") % 2**53
            drawn = torch.randn(act.shape[-1], dtype=torch.float64,
                                generator=torch.Generator().manual_seed(seed))
            act[row] += (2.5 * spread * drawn).float()

    naive = by_raw_hook(model, family, site, by_hand)
    close(all_logits(model, [Edit(target(site, 1, position=[2, -1]), Noise(2.5, seed=11))]), naive)


def test_set_on_a_pattern_leaves_out_what_cannot_be_read(model, family):
    offered(family, "pattern")

    def by_hand(act):
        heads = act.view(6, 4, 6)
        heads[:, 2][heads[:, 2] > 0] = 0.5

    naive = by_raw_hook(model, family, "pattern", by_hand)
    ours = all_logits(model, [Edit(Target("pattern", layer=1, head=2), Set(0.5))])
    close(ours, naive)


@pytest.mark.parametrize("op, by_hand", [
    (Zero(), lambda rows: rows.mul_(0)), (Scale(3.0), lambda rows: rows.mul_(3))])
def test_one_key_of_a_pattern(model, family, op, by_hand):
    offered(family, "pattern")

    def edit(act):
        by_hand(act.view(6, 4, 6)[5, 1, 2:4])

    naive = by_raw_hook(model, family, "pattern", edit)
    where = Target("pattern", layer=1, head=1, position=-1, key=[2, 3])
    close(all_logits(model, [Edit(where, op)]), naive)
    assert (naive - inner_logits(model.host.model, family, ids_of(model, PROMPT), "pattern", 1)
            ).abs().max() > 1e-6


@pytest.mark.parametrize("site", sorted(SITES))
def test_a_resampled_site_is_a_patch_from_each_drawn_prompt(model, family, site):
    offered(family, site)
    op = Resample(Reference([SOURCE, *OTHERS]), seed=4, draws=3)
    where = target(site, 1, position=[2, 5])
    metrics = [KL(), Prob("w17")]
    found = model.run(Run(prompt=PROMPT, edits=[Edit(where, op)], metrics=metrics))
    explicit = model.resolve(Run(prompt=PROMPT, edits=[Edit(where, op)])).spec.edits[0]
    prompts = [concrete(explicit, draw).op.source_prompt for draw in range(3)]
    assert len(set(prompts)) == 3
    alone = [model.run(Run(prompt=PROMPT, edits=[Edit(where, Patch(ids))], metrics=metrics))
             for ids in prompts]
    assert found.draws == 3
    for key, value in found.metrics.items():
        each = [run.metrics[key].edited for run in alone]
        assert value.edited == pytest.approx(np.mean(each), abs=1e-12)
        assert value.spread == pytest.approx(np.std(each, ddof=1), abs=1e-12)


def test_an_embedding_row_is_added(model, family):
    row = model.host.model.get_input_embeddings().weight[17].detach()

    def by_hand(act):
        act += 1.5 * row

    naive = by_raw_hook(model, family, "resid_post", by_hand)
    close(all_logits(model, [Edit(Target("resid_post", layer=1),
                                  Add(Embed("w17"), scale=1.5))]), naive)


@pytest.mark.parametrize("site", ["q", "k", "v", "z"])
def test_a_stored_head_direction_is_added_to_each_chosen_head(model, family, site):
    offered(family, site)
    matrix = np.random.default_rng(1).normal(size=(4, model.info.d_head))
    sha = model.add_vector(matrix)

    def by_hand(act):
        act.view(6, -1, model.info.d_head)[:, 1] += 2 * torch.from_numpy(matrix[3]).float()

    naive = by_raw_hook(model, family, site, by_hand)
    where = Target(site, layer=1, head=1)
    ours = all_logits(model, [Edit(where, Add(Stored(sha, 3), scale=2.0))])
    close(ours, naive)
    same_numbers = Add(Values(tuple(matrix[3].tolist())), scale=2.0)
    assert torch.equal(ours, all_logits(model, [Edit(where, same_numbers)]))


def test_in_half_precision_numbers_that_are_too_large_are_told(llama):
    found = llama.run(Run(prompt=PROMPT, edits=[Edit(Target("resid_pre", layer=1), Set(1e300))]))
    assert found.metrics["kl"].status == "non_finite"
    assert "non-finite" in [note.code for note in found.warnings]


def test_stored_vectors_of_a_sparse_autoencoder_in_a_sweep(llama):
    sha = llama.add_vector(np.random.default_rng(2).normal(size=(5, 32)).astype(np.float32))
    op = Add(Stored(sha, 4), scale=3.0)
    grid = llama.sweep(Sweep(prompt=PROMPT, op=op, over=Over(
        sites=["resid_pre"], layers="all", positions="all")))
    source = llama.host.vectors.row(sha, 4)

    def by_hand(act):
        act[3] += 3 * torch.from_numpy(source).float()

    naive = edited_logits(llama.host.model, "llama", ids_of(llama, PROMPT), "resid_pre", 2, by_hand)
    clean = hooked_logits(llama.host.model, ids_of(llama, PROMPT))
    p, q = clean[-1].double().log_softmax(-1), naive[-1].double().log_softmax(-1)
    assert grid.values["kl"][0, 2, 3] == pytest.approx(float((p.exp() * (p - q)).sum()), rel=1e-4)


def test_a_scaled_head_is_the_head_alone(llama):
    value = value_at(llama.host.model, "llama", ids_of(llama, PROMPT), "z", 1)
    naive = edited_logits(llama.host.model, "llama", ids_of(llama, PROMPT), "z", 1,
                          lambda act: act[:, 8:16].copy_(value[:, 8:16] * 2))
    same(all_logits(llama, [Edit(Target("z", layer=1, head=1), Scale(2.0))]), naive)
