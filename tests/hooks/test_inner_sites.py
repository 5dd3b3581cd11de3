"""q, k, v, pattern and resid_mid against raw forwards whose source files were changed by hand."""

from __future__ import annotations

import pytest
import torch

from tests.hooks.inner import IDS, OTHER, host, layers_of, run
from tests.naive_inner import INNER, inner_logits, inner_value
from tests.tiny import CONFIGS, N_LAYERS

HEADS = 4
PARALLEL = {"gpt_neox"}
CASES = [(family, site) for family in sorted(CONFIGS) for site in INNER
         if not (site == "resid_mid" and family in PARALLEL)]


@pytest.fixture(params=CASES, ids="-".join)
def case(request):
    family, site = request.param
    return family, site, host(family)


def n_heads(model, site: str) -> int:
    return model.info.heads_of(site)


def gap(ours: torch.Tensor, naive: torch.Tensor) -> float:
    return float((ours - naive).abs().max())


def test_every_layer_has_them(case):
    _, site, model = case
    assert layers_of(model, site) == tuple(range(N_LAYERS))


def test_values_are_those_of_the_source_code(case):
    family, site, model = case
    for layer in range(N_LAYERS):
        naive = inner_value(model.model, family, IDS, site, layer)
        assert torch.equal(run(model, site, layer)[1], naive)


@pytest.mark.parametrize("rows", [slice(None), 2, -1, [1, 4]], ids=str)
def test_zero(case, rows):
    family, site, model = case

    def edit(act):
        act[rows] = 0

    naive = inner_logits(model.model, family, IDS, site, 1, edit)
    ours, _ = run(model, site, 1, edit)
    assert gap(ours, naive) < 1e-5
    assert gap(ours, inner_logits(model.model, family, IDS, site, 1)) > 1e-4


@pytest.mark.parametrize("kind", ["patch", "mean"])
def test_values_from_other_runs(case, kind):
    family, site, model = case
    source = inner_value(model.model, family, OTHER, site, 1)
    if kind == "mean":
        source = (source + inner_value(model.model, family, IDS[::-1], site, 1)) / 2

    def edit(act):
        act[[3, 5]] = source[[3, 5]]

    naive = inner_logits(model.model, family, IDS, site, 1, edit)
    assert gap(run(model, site, 1, edit)[0], naive) < 1e-5


def test_each_head_alone(case):
    family, site, model = case
    if site == "resid_mid":
        pytest.skip("the stream has no heads")
    clean, value = run(model, site, 2)
    width = value.shape[-1] // n_heads(model, site)
    for head in range(n_heads(model, site)):
        def edit(act, part=slice(head * width, (head + 1) * width)):
            act[4:, part] *= -2

        naive = inner_logits(model.model, family, IDS, site, 2, edit)
        ours, _ = run(model, site, 2, edit)
        assert gap(ours, naive) < 1e-5
        assert torch.equal(ours[:4], clean[:4]) and not torch.equal(ours, clean)


def test_an_edit_that_changes_nothing_keeps_every_bit(case):
    family, site, model = case
    ours, _ = run(model, site, 1, lambda act: None)
    assert torch.equal(ours, inner_logits(model.model, family, IDS, site, 1))


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_patterns_are_probabilities_and_z_is_made_of_them(family):
    model = host(family)
    _, pattern = run(model, "pattern", 1)
    by_head = pattern.view(len(IDS), HEADS, len(IDS)).transpose(0, 1)
    assert gap(by_head.sum(-1), torch.ones(HEADS, len(IDS))) < 1e-6
    assert bool((by_head.triu(1) == 0).all())
    _, v = run(model, "v", 1)
    n_kv = model.info.n_kv_heads
    values = v.view(len(IDS), n_kv, -1).transpose(0, 1).repeat_interleave(HEADS // n_kv, dim=0)
    _, z = run(model, "z", 1)
    assert gap((by_head @ values).transpose(0, 1).flatten(1), z) < 1e-5


@pytest.mark.parametrize("family", sorted(set(CONFIGS) - PARALLEL))
def test_resid_mid_is_the_stream_behind_attention(family):
    model = host(family)
    before, attention, between, mlp, after = (run(model, site, 1)[1] for site in (
        "resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post"))
    assert torch.equal(before + attention, between) and gap(between + mlp, after) < 1e-5


@pytest.mark.parametrize("family", sorted(CONFIGS))
@pytest.mark.parametrize("site", ["q", "k", "v"])
def test_a_head_is_edited_in_its_own_group_alone(family, site):
    """The z of the query heads that read the edited head move; the others keep their bits."""
    from neuronscope.hooks.tap import Tapped, tap
    from neuronscope.models.forward import forward

    model = host(family)
    count, (_, clean) = n_heads(model, site), run(model, "z", 1)
    for head in range(count):
        def edit(value, part=head):
            new = value.clone()
            new.view(*value.shape[:2], count, -1)[:, :, part] *= -2
            return new

        with tap([Tapped((site, 1), model.point(site, 1), (edit,)),
                  Tapped(("z", 1), model.point("z", 1), capture=True)]) as seen:
            forward(model.model, torch.tensor([IDS]))
        moved = (seen["z", 1][0] != clean).view(len(IDS), HEADS, -1).any(-1).any(0)
        group = HEADS // count
        assert moved.tolist() == [head * group <= each < (head + 1) * group
                                  for each in range(HEADS)]


@pytest.mark.parametrize("family", PARALLEL)
def test_a_parallel_block_has_no_stream_between(family):
    report = next(each for each in host(family).info.sites if each.site == "resid_mid")
    assert not report.certified and "parallel block" in report.reason


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_the_drift_of_eager_attention_is_told(family):
    model = host(family)
    report = next(each for each in model.info.sites if each.site == "pattern")
    assert (model.info.attention == "eager") == (report.note == "")
    assert report.note == "" or f"differs from {model.info.attention} by" in report.note
