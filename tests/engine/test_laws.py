"""Laws that hold whatever the model: identity edits, order, idempotence, one cell alone."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from neuronscope.engine.session import load
from neuronscope.errors import MissingSource
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import JS, KL, LogitDiff, LogProb, Prob, Rank, Recovered
from neuronscope.spec.ops import Add, Patch, Random, Zero
from neuronscope.spec.target import SITES, Target
from tests.tiny import LONGER, PROMPT, SOURCE, VOCAB, build, tokenizer

METRICS = [KL(), JS(), LogitDiff("w17", "w40"), Prob("w17"), LogProb("w17"), Rank("w17")]


def run(model, edits, **more):
    return model.run(Run(prompt=PROMPT, edits=edits, metrics=METRICS, **more))


def test_an_edit_from_the_same_prompt_changes_nothing(model):
    for site in (report.site for report in model.info.sites if report.certified):
        result = run(model, [Edit(Target(site), Patch(PROMPT))])
        assert result.metrics["kl"].edited == 0.0
        assert result.edited == result.clean
        assert [note.code for note in result.warnings] == ["no-op"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_in_half_precision_no_rounding_passes_for_an_effect(dtype, mode):
    """An edit far below the dtype's resolution: what it does is roundings, and is so told."""
    whole, half = (load(hf_model=build("llama").to(kind), tokenizer=tokenizer())
                   for kind in (torch.float32, dtype))
    metrics = [KL(), JS(), LogitDiff("w5", "w9"), Prob("w5"), LogProb("w5")]
    spec = Sweep(prompt=PROMPT, op=Add(Random(1), scale=1e-3 if dtype == torch.bfloat16 else 1e-4,
                                       unit="site_norm"),
                 over=Over(sites=["resid_pre"], layers=[0, 1]), metrics=metrics, mode=mode)
    real, found = whole.sweep(spec).data, half.sweep(spec).data
    moved = 0
    for key, info in found.metrics.items():
        assert info.floor > 0 and real.metrics[key].floor < info.floor
        for mine in found.values[key]:
            assert abs(mine - info.clean) <= info.floor
            moved += mine != info.clean
    assert moved
    run = half.run(Run(prompt=PROMPT, metrics=metrics))
    assert all(run.noise_floor[key] > 0 for key in run.metrics)


def test_the_noise_floor_of_a_recovery_is_a_fraction():
    """What the metric's own floor is of the way from this prompt's value to the source's."""
    half = load(hf_model=build("llama").to(torch.bfloat16), tokenizer=tokenizer())
    inner = LogitDiff("w5", "w9")
    metrics = half.run(Run(prompt=PROMPT, metrics=[inner, Recovered(inner)], edits=[
        Edit(Target("resid_pre", layer=1), Patch(SOURCE))])).metrics
    source = half.run(Run(prompt=SOURCE, metrics=[inner])).metrics
    (own, fraction), (there,) = metrics.values(), source.values()
    assert fraction.floor == own.floor / abs(there.clean - own.clean) and own.floor > 0
    assert own.floor != fraction.floor


def test_the_noise_floor_of_one_prompt_alone_is_zero(model):
    result = run(model, [Edit(Target(site), Zero()) for site in ("attn_out", "mlp_out", "z")])
    assert result.noise_floor == dict.fromkeys(result.metrics, 0.0)


def test_zero_is_idempotent_and_disjoint_edits_commute(model):
    first = Edit(Target("z", layer=1, head=0), Zero())
    second = Edit(Target("z", layer=1, head=2), Patch(SOURCE))
    assert run(model, [first, second]).metrics == run(model, [second, first]).metrics
    both = Edit(Target("z", layer=1, head=[0, 1]), Zero())
    apart = [first, Edit(Target("z", layer=1, head=1), Zero())]
    assert run(model, [both]).metrics == run(model, apart).metrics


def test_a_full_patch_recovers_the_source(model):
    op = Patch(SOURCE)
    result = model.run(Run(prompt=PROMPT, edits=[Edit(Target("embed"), op)],
                           metrics=[Recovered(LogitDiff("w17", "w40")), KL()]))
    assert result.metrics["recovered"].edited == pytest.approx(1.0, abs=1e-4)
    assert result.metrics["kl"].edited > 0


def test_recovery_over_no_gap_is_undefined_not_zero(llama):
    result = llama.run(Run(prompt=PROMPT, edits=[Edit(Target("embed"), Patch(PROMPT))],
                           metrics=[Recovered(Prob("w17"))]))
    assert (result.metrics["recovered"].edited, result.metrics["recovered"].status) == (
        None, "undefined")


@pytest.mark.parametrize("op", [Zero(), Patch(SOURCE), Add(Random(seed=3), scale=9.0)])
def test_a_cell_is_the_same_alone_and_in_a_sweep(model, op):
    over = Over(sites=["resid_pre", "attn_out", "mlp_out"], layers="all", positions=[-1, 2])
    grid = model.sweep(Sweep(prompt=PROMPT, op=op, over=over, metrics=METRICS, mode="exact"))
    assert grid.dims == ("site", "layer", "position")
    assert grid.coords["position"] == (5, 2)
    assert grid.complete and grid.shape == (3, 3, 2)
    for s, site in enumerate(over.sites):
        for layer in range(3):
            for p, position in enumerate((5, 2)):
                alone = run(model, [Edit(Target(site, layer=layer, position=position), op)])
                for key, value in alone.metrics.items():
                    assert grid.values[key][s, layer, p] == value.edited


def test_axes_left_out_are_edited_all_at_once(llama):
    grid = llama.sweep(Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["z"], heads="all")))
    assert grid.data.execution.startswith("fast: at most")
    assert grid.dims == ("site", "head")
    for head in range(4):
        alone = run(llama, [Edit(Target("z", head=head), Zero())])
        assert grid.values["kl"][0, head] == pytest.approx(alone.metrics["kl"].edited, abs=1e-6)


def test_a_sweep_under_a_position_map_covers_the_mapped_positions(llama):
    op = Patch(LONGER, positions=[(-1, -1), (2, 3)])
    grid = llama.sweep(Sweep(prompt=PROMPT, op=op, over=Over(sites=["resid_pre"], layers=[1],
                                                             positions="all")))
    assert grid.coords["position"] == (5, 2)
    joint = llama.sweep(Sweep(prompt=PROMPT, op=op, over=Over(sites=["resid_pre"], layers=[1])))
    alone = run(llama, [Edit(Target("resid_pre", layer=1), op)])
    assert joint.values["kl"].item() == pytest.approx(alone.metrics["kl"].edited, abs=1e-6)
    assert alone.metrics["kl"].edited > 0.01


def test_cells_stream_as_they_finish_and_a_resumed_grid_is_the_same(llama):
    spec = Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["mlp_act"], layers=[1], neurons="all"),
                 mode="exact")
    heads, streamed = [], []
    whole = llama.sweep(spec, on_head=heads.append, on_cells=streamed.extend)
    assert [cell.index for cell in streamed] == list(range(48))
    assert heads[0].status["kl"] == ["pending"] * 48
    part = llama.sweep(spec, cancelled=iter([False] * 20 + [True] * 99).__next__)
    assert not part.complete
    assert part.data.reasons == ("cancelled", "28 of 48 cells have not run")
    assert np.isnan(part.values["kl"]).sum() == 28
    kept = {cell.index: cell for cell in streamed[:20]}
    again = []
    resumed = llama.sweep(spec, done=kept, on_cells=again.extend)
    assert len(again) == 28
    assert resumed.data.values == whole.data.values and resumed.complete


def test_metrics_equal_their_formulas(model):
    result = run(model, [Edit(Target("resid_post", layer=1, position=3), Zero())], top_k=VOCAB)

    def probabilities(readout):
        logits = np.empty(VOCAB)
        for each in readout.top:
            logits[each.id] = each.logit
        weights = np.exp(logits - logits.max())
        return logits, weights / weights.sum()

    (_clean_logits, p), (logits, q) = probabilities(result.clean), probabilities(result.edited)
    middle = (p + q) / 2
    a, b = (llama_id + 0 for llama_id in (17, 40))
    expected = {
        "kl": (p * np.log(p / q)).sum(),
        "js": ((p * np.log(p / middle)).sum() + (q * np.log(q / middle)).sum()) / 2,
        "prob": q[a], "log_prob": np.log(q[a]), "logit_diff": logits[a] - logits[b],
        "rank": (logits > logits[a]).sum(),
    }
    for kind, value in expected.items():
        assert result.metrics[kind].edited == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert result.metrics["prob"].clean == pytest.approx(p[a])
    assert result.metrics["prob"].change == pytest.approx(q[a] - p[a])


def test_the_same_spec_twice_is_bit_identical(model):
    edits = [Edit(Target("z", layer=1, head=2), Zero()), Edit(Target("mlp_out", layer=0), Zero())]
    one, two = run(model, edits), run(model, edits)
    timeless = {"started_at", "duration_s"}
    assert one.model_dump(exclude=timeless) == two.model_dump(exclude=timeless)
    json.loads(one.model_dump_json())


@settings(max_examples=40, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_resolved_spec_resolves_to_itself(llama, data):
    site = data.draw(st.sampled_from(sorted(SITES)))
    sizes = {"layer": 3, "head": llama.info.heads_of(site), "neuron": 48, "position": 6, "key": 6}
    where = {axis: data.draw(st.none() | st.integers(-size, size - 1)
                             | st.lists(st.integers(0, size - 1), min_size=1, unique=True))
             for axis, size in sizes.items() if axis in SITES[site].axes}
    ops = [Zero(), Patch(SOURCE)]
    if site != "pattern":  # which has no directions, and keys that a map says nothing of
        ops += [Add(Random(seed=1), unit="site_norm"),
                Patch(LONGER, positions=[(i, i) for i in range(6)])]
    op = data.draw(st.sampled_from(ops))
    spec = Run(prompt=PROMPT, edits=[Edit(Target(site, **where), op)], metrics=METRICS)
    once = llama.resolve(spec)
    again = llama.resolve(once.spec)
    assert again.spec == once.spec
    assert again.spec_hash == once.spec_hash
    from_json = Run.model_validate(json.loads(spec.model_dump_json()))
    assert llama.resolve(from_json).spec_hash == once.spec_hash


def test_no_hook_is_left_after_success_error_and_cancel(llama):
    def census():
        return sum(len(m._forward_hooks) + len(m._forward_pre_hooks)
                   for m in llama.host.model.modules())

    before = census()
    canary = run(llama, [])
    boom = llama.host.model.get_submodule("model.layers.2").register_forward_pre_hook(_explode)
    with pytest.raises(ZeroDivisionError):
        run(llama, [Edit(Target("z", layer=1), Zero())])
    boom.remove()
    llama.sweep(Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["z"], layers="all")),
                cancelled=lambda: True)
    assert census() == before
    assert run(llama, []).clean == canary.clean
    assert not torch.is_inference_mode_enabled()


def _explode(module, args):
    raise ZeroDivisionError


def test_a_random_direction_does_not_depend_on_what_else_a_sweep_visits(llama):
    op = Add(Random(seed=5), scale=3.0)
    grid = llama.sweep(Sweep(prompt=PROMPT, op=op, mode="exact", over=Over(
        sites=["resid_pre", "mlp_act"], layers=[1])))
    for index, site in enumerate(("resid_pre", "mlp_act")):
        alone = run(llama, [Edit(Target(site, layer=1), op)])
        assert grid.values["kl"][index, 0] == alone.metrics["kl"].edited


def test_recovery_needs_position_maps_that_agree_on_the_read_position(llama):
    def recovered(*sources):
        sites = ("resid_pre", "mlp_out")
        return llama.run(Run(prompt=PROMPT, metrics=[Recovered(Prob("w17"))], edits=[
            Edit(Target(site, layer=1, position=at), Patch(SOURCE, positions=[(at, there)]))
            for site, (at, there) in zip(sites, sources, strict=True)])).metrics["recovered"].status

    assert recovered((5, 5), (2, 2)) == recovered((2, 2), (5, 5)) == "ok"
    with pytest.raises(MissingSource, match=r"the position maps name \[3, 5\]"):
        recovered((5, 5), (5, 3))
