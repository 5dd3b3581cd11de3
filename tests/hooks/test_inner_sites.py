"""q, k, v, pattern and resid_mid against raw forwards whose source files were changed by hand."""

from __future__ import annotations

import pytest
import torch

from tests.families import FAMILIES
from tests.hooks.inner import IDS, OTHER, host, layers_of, run
from tests.naive_inner import INNER, QUERY_SCALES, inner_logits, inner_value
from tests.tiny import CONFIGS

HEADS, N_LAYERS = 4, 3
PARALLEL = {"codegen", "cohere", "cohere2", "falcon", "falcon_grouped", "gpt_neox", "gptj", "phi",
            "stablelm_parallel"}
"""Attention and MLP read one input."""
REFUSED = {site: {name for name, family in FAMILIES.items() if site in family.refused}
           for site in INNER}
SINKS = {"gpt_oss"}
GATED = {"afmoe"}
"""Attention's result is gated before the output projection reads it."""
BY_OTHER_HANDS = {("deepseek_v3", "q"), ("gemma4_text", "q"), ("gemma4_text", "k")}
"""Not in tests/naive_inner: the rotary embedding interleaves under another name, or turns
queries and keys one at a time."""
MULTIPLIED = {"gemma4_text"}
"""The layer multiplies the stream before it leaves."""
CASES = [(family, site) for family in sorted(CONFIGS) for site in INNER
         if family not in REFUSED[site]]


@pytest.fixture(params=[case for case in CASES if case not in BY_OTHER_HANDS], ids="-".join)
def case(request):
    family, site = request.param
    return family, site, host(family)


def n_heads(model, site: str) -> int:
    return model.info.heads_of(site)


def gap(ours: torch.Tensor, naive: torch.Tensor) -> float:
    return float((ours - naive).abs().max())


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_the_layers_that_have_them(family):
    for site in INNER:
        if (family, site) == ("llama4_text", "resid_mid"):
            expected = layers_of(host(family), "attn_out")
        else:
            expected = FAMILIES[family].refused.get(site, (tuple(range(N_LAYERS)), ""))[0]
        assert layers_of(host(family), site) == expected, site


def test_values_are_those_of_the_source_code(case):
    family, site, model = case
    for layer in layers_of(model, site):
        naive, ours = inner_value(model.model, family, IDS, site, layer), run(model, site, layer)[1]
        assert torch.equal(ours, naive) or (family in QUERY_SCALES and gap(ours, naive) < 1e-6)


def test_zero(case):
    family, site, model = case
    clean = inner_logits(model.model, family, IDS, site, 1)
    for rows in (slice(None), 2, -1, [1, 4]):
        def edit(act, rows=rows):
            act[rows] = 0

        naive = inner_logits(model.model, family, IDS, site, 1, edit)
        ours, _ = run(model, site, 1, edit)
        assert gap(ours, naive) < 3e-5 < gap(ours, clean)


def test_values_from_other_runs(case):
    family, site, model = case
    patch = inner_value(model.model, family, OTHER, site, 1)
    mean = (patch + inner_value(model.model, family, IDS[::-1], site, 1)) / 2
    for source in (patch, mean):
        def edit(act, source=source):
            act[[3, 5]] = source[[3, 5]]

        naive = inner_logits(model.model, family, IDS, site, 1, edit)
        assert gap(run(model, site, 1, edit)[0], naive) < 3e-5


def test_each_head_alone(case):
    family, site, model = case
    if site == "resid_mid":
        return  # the stream has no heads
    clean, value = run(model, site, 2)
    width = value.shape[-1] // n_heads(model, site)
    for head in range(n_heads(model, site)):
        def edit(act, part=slice(head * width, (head + 1) * width)):
            act[4:, part] *= -0.5

        naive = inner_logits(model.model, family, IDS, site, 2, edit)
        ours, _ = run(model, site, 2, edit)
        assert gap(ours, naive) < 3e-5
        # what a mixture of experts rounds depends on which tokens go to which expert
        assert gap(ours[:4], clean[:4]) < 3e-5 and not torch.equal(ours, clean)


def test_an_edit_that_changes_nothing_keeps_every_bit(case):
    family, site, model = case
    ours, _ = run(model, site, 1, lambda act: None)
    assert torch.equal(ours, inner_logits(model.model, family, IDS, site, 1))


@pytest.mark.parametrize("family", sorted(
    set(CONFIGS) - GATED - REFUSED["pattern"] - REFUSED["v"]))
def test_patterns_are_probabilities_and_z_is_made_of_them(family):
    model = host(family)
    _, pattern = run(model, "pattern", 1)
    by_head = pattern.view(len(IDS), HEADS, len(IDS)).transpose(0, 1)
    if family in SINKS:
        assert bool((by_head.sum(-1) < 1).all())
    else:
        assert gap(by_head.sum(-1), torch.ones(HEADS, len(IDS))) < 1e-6
    assert bool((by_head.triu(1) == 0).all())
    _, v = run(model, "v", 1)
    n_kv = model.info.n_kv_heads
    values = v.view(len(IDS), n_kv, -1).transpose(0, 1).repeat_interleave(HEADS // n_kv, dim=0)
    _, z = run(model, "z", 1)
    assert gap((by_head @ values).transpose(0, 1).flatten(1), z) < 1e-5 * float(z.abs().max())


@pytest.mark.parametrize("family", sorted(set(CONFIGS) - REFUSED["resid_mid"] - MULTIPLIED))
def test_resid_mid_is_the_stream_behind_attention(family):
    model = host(family)
    before, attention, between, mlp, after = (run(model, site, 1)[1] for site in (
        "resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post"))
    assert torch.equal(before + attention, between) and gap(between + mlp, after) < 2e-5


@pytest.mark.parametrize(("family", "site"), [case for case in CASES if case[1] in "qkv"])
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


@pytest.mark.parametrize("family", sorted(PARALLEL & set(CONFIGS)))
def test_a_parallel_block_has_no_stream_between(family):
    report = next(each for each in host(family).info.sites if each.site == "resid_mid")
    assert not report.certified and "parallel block" in report.reason


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_the_drift_of_eager_attention_is_told(family):
    model = host(family)
    report = next(each for each in model.info.sites if each.site == "pattern")
    told = report.certified and model.info.attention != "eager"
    assert told == (report.note != "")
    assert not told or f"differs from {model.info.attention} by" in report.note
