"""Laws of the operations: what changes nothing, what is the same, what chance is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuronscope.engine.draws import concrete
from neuronscope.engine.sources import gather
from neuronscope.errors import BadDirection, UnsupportedTarget
from neuronscope.hooks.interventions import add, replace, scale, set_to, zero
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import JS, KL, LogitDiff, Prob
from neuronscope.spec.ops import Add, Embed, Noise, Patch, Reference, Resample, Scale, Set, Zero
from neuronscope.spec.target import SITES, Target
from tests.tiny import PROMPT, SOURCE

METRICS = [KL(), JS(), LogitDiff("w17", "w40"), Prob("w17", position=3)]
TENSORS = st.integers(0, 2**31).map(lambda seed: torch.randn(
    2, 5, 8, generator=torch.Generator().manual_seed(seed)))
MASKS = st.integers(0, 2**31).map(lambda seed: torch.rand(
    5, 8, generator=torch.Generator().manual_seed(seed)) < 0.5)


def run(model, *edits, **more):
    return model.run(Run(prompt=PROMPT, edits=edits, metrics=METRICS, **more))


def offered(model):
    return [each.site for each in model.info.sites if each.certified]


def test_scaling_by_one_changes_nothing(model):
    for site in offered(model):
        result = run(model, Edit(Target(site), Scale(1.0)))
        assert result.metrics["kl"].edited == 0.0 and result.edited == result.clean
        assert [note.code for note in result.warnings] == ["no-op"]


def test_zero_is_set_to_zero_and_scaled_by_zero_and_idempotent(model):
    for site in offered(model):
        where = Target(site, position=[1, 4])
        edits = [Edit(where, op) for op in (Zero(), Set(0.0), Scale(0.0))]
        once = run(model, edits[0])
        for edit in edits[1:]:
            assert run(model, edit).edited == once.edited
        assert run(model, *edits, ordered=True).edited == once.edited


def test_the_last_of_several_that_set_decides(model):
    for site in ("mlp_out", "z"):
        where = Target(site, layer=1, position=[2, 5])
        last = Edit(where, Set(0.5))
        before = [Edit(where, op) for op in (Scale(3.0), Patch(SOURCE), Set(0.5))]
        assert run(model, *before, last, ordered=True).edited == run(model, last).edited


def test_scales_multiply_in_any_order(llama):
    where = Target("attn_out", layer=1)
    two, half = Edit(where, Scale(2.0)), Edit(where, Scale(0.5))
    assert run(llama, two, half, ordered=True).metrics["kl"].edited == 0.0


def test_noise_is_the_seed_s_and_no_other(model):
    def noise(seed, **where):
        return run(model, Edit(Target("resid_pre", layer=1, **where), Noise(1.0, seed=seed)))

    assert noise(3).edited == noise(3).edited
    assert noise(3).edited != noise(4).edited
    assert noise(3, position=[1]).edited != noise(3, position=[2]).edited


def test_noise_does_not_depend_on_the_selection_or_on_what_else_is_edited(model):
    op = Noise(1.0, seed=3)
    whole = run(model, Edit(Target("resid_pre", layer=1, position=[1, 4]), op))
    parts = [Edit(Target("resid_pre", layer=1, position=at), op) for at in (1, 4)]
    assert run(model, *parts).edited == run(model, *parts[::-1]).edited == whole.edited
    grid = model.sweep(Sweep(prompt=PROMPT, op=op, mode="exact", metrics=METRICS, over=Over(
        sites=["resid_pre", "mlp_out"], layers=[0, 1], positions=[4, 2])))
    alone = run(model, Edit(Target("mlp_out", layer=1, position=2), op))
    assert grid.values["kl"][1, 1, 1] == alone.metrics["kl"].edited


@pytest.mark.parametrize("one, other", [
    (Target("embed"), Target("resid_pre", layer=0)),
    (Target("resid_post", layer=0), Target("resid_pre", layer=1))])
def test_two_names_of_a_tensor_have_the_same_noise(llama, one, other):
    found = [run(llama, Edit(where, Noise(2.0, seed=9))).metrics["kl"].edited
             for where in (one, other)]
    assert found[0] == pytest.approx(found[1], abs=1e-6) and found[0] > 1e-4


def test_noise_has_the_deviation_that_it_says(llama):
    op = Noise(3.0, seed=5)
    sources = gather(llama.host, [Edit(Target("resid_pre", layer=1), op)])
    long = sources.noise(op, ("resid_pre", 1), torch.Size([2000, 32]))
    weight = llama.host.model.get_input_embeddings().weight.detach().numpy().astype(np.float64)
    assert float(long.std()) == pytest.approx(3 * weight.std(), rel=0.02)
    assert float(long.mean()) == pytest.approx(0.0, abs=0.05 * weight.std())
    short = sources.noise(op, ("resid_pre", 1), torch.Size([7, 32]))
    assert torch.equal(short, long[:7])  # no matter how long the prompt is
    other = sources.noise(op, ("resid_pre", 2), torch.Size([7, 32]))
    assert not torch.equal(short, other)


@pytest.mark.parametrize("op", [Noise(2.0, seed=1, draws=3),
                                Resample(Reference([SOURCE, PROMPT, "w8 w7 w6 w5 w4"]), seed=2,
                                         draws=3)])
def test_draws_are_averaged_with_their_spread_in_runs_and_sweeps(llama, op):
    over = Over(sites=["resid_pre"], layers=[1], positions=[2, 4])
    explicit = llama.resolve(Sweep(prompt=PROMPT, op=op, over=over)).spec.op
    grid = llama.sweep(Sweep(prompt=PROMPT, op=op, over=over, metrics=METRICS, mode="exact"))
    for place, position in enumerate((2, 4)):
        where = Target("resid_pre", layer=1, position=position)
        alone = [run(llama, concrete(Edit(where, explicit), draw)) for draw in range(3)]
        averaged = run(llama, Edit(where, op))
        assert averaged.draws == grid.data.draws == 3
        for key, value in averaged.metrics.items():
            each = [result.metrics[key].edited for result in alone]
            assert value.edited == pytest.approx(np.mean(each), abs=1e-12)
            assert value.spread == pytest.approx(np.std(each, ddof=1), abs=1e-12)
            assert grid.values[key][0, 0, place] == pytest.approx(np.mean(each), abs=1e-12)


def test_resampling_from_the_prompt_itself_changes_nothing(model):
    result = run(model, *(Edit(Target(site), Resample(Reference([PROMPT]), seed=1))
                          for site in ("attn_out", "mlp_out")))
    assert result.metrics["kl"].edited == 0.0


def test_rows_of_tokens_fit_the_stream_alone(llama):
    for site in sorted(SITES):
        allowed = site in ("embed", "resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out")
        spec = Run(prompt=PROMPT, edits=[Edit(Target(site), Add(Embed("w5")))])
        if allowed:
            assert llama.run(spec).metrics["kl"].edited > 0
            continue
        with pytest.raises((BadDirection, UnsupportedTarget)):
            llama.run(spec)


@given(act=TENSORS, mask=MASKS, number=st.floats(-1e3, 1e3))
def test_interventions_leave_the_rest_and_their_input_alone(act, mask, number):
    before = act.clone()
    vector, rows = torch.arange(8.0), torch.arange(40.0).view(5, 8)
    for new, there in (
            (zero(act, mask), torch.zeros_like(act)),
            (scale(act, mask, number), act * number),
            (set_to(act, mask, number), torch.full_like(act, number)),
            (add(act, mask, vector), act + vector),
            (add(act, mask, rows.double()), act + rows),
            (replace(act, mask, rows), rows.expand_as(act))):
        assert torch.equal(new, torch.where(mask, there, act))
        assert torch.equal(act, before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_numbers_beyond_a_dtype_become_infinite(dtype):
    new = set_to(torch.zeros(1, 1, 2, dtype=dtype), torch.tensor([[True, False]]), -1e300)
    assert new.tolist() == [[[-float("inf"), 0.0]]] and new.dtype == dtype
