"""Controls ride with every sweep, and tell what they must."""

from __future__ import annotations

import pytest
import torch

from neuronscope.spec.experiments import Edit, Over, Sweep
from neuronscope.spec.metrics import KL, LogitDiff, Recovered
from neuronscope.spec.ops import Add, Mean, Patch, Random, Reference, Values, Zero
from neuronscope.spec.target import Target
from tests.engine.test_edits_equal_one_hook import ids_of
from tests.naive import hooked_logits
from tests.tiny import LONGER, PROMPT, SOURCE, site_module

OVER = Over(sites=["resid_pre", "z"], layers="all")
METRICS = [LogitDiff("w17", "w40"), KL()]


def controls(model, op, mode="fast", **more):
    grid = model.sweep(Sweep(**{"prompt": PROMPT, "op": op, "over": OVER, "mode": mode,
                                "metrics": METRICS, **more}))
    return {each.kind: each for each in grid.data.controls}, grid


@pytest.mark.parametrize("mode", ["fast", "exact"])
@pytest.mark.parametrize("op", [Zero(), Mean(Reference([SOURCE])), Patch(SOURCE),
                                Add(Random(seed=1))], ids=lambda op: op.kind)
def test_every_sweep_has_a_self_patch_that_changes_nothing(model, op, mode):
    found, grid = controls(model, op, mode)
    assert found["self_patch"].passed is True
    for key, value in found["self_patch"].metrics.items():
        assert value.expected == 0 and value.found == grid.data.metrics[key].floor
        assert value.found <= (0 if mode == "exact" else 1e-4)


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_a_full_patch_gives_the_source_prompts_own_answer(model, mode):
    found, _ = controls(model, Patch(SOURCE), mode,
                        metrics=[*METRICS, Recovered(LogitDiff("w17", "w40"))])
    full = found["full_patch"]
    source = hooked_logits(model.host.model, ids_of(model, SOURCE))[-1].double()
    assert full.passed is True
    assert full.metrics["recovered:logit_diff:17:40"].found == pytest.approx(1, abs=1e-4)
    assert full.metrics["logit_diff:17:40"].found == pytest.approx(
        float(source[17] - source[40]), abs=1e-4)


def test_a_control_that_cannot_be_run_says_why(llama):
    mapped, _ = controls(llama, Patch(LONGER, positions=[(1, 2), (-1, -1)]))
    assert mapped["full_patch"].passed is None and "position map" in mapped["full_patch"].reason
    held, _ = controls(llama, Patch(SOURCE), held=[Edit(Target("mlp_out", layer=0), Zero())])
    assert held["full_patch"].passed is None and "held" in held["full_patch"].reason


def test_random_directions_of_the_same_norm_stand_beside_the_greatest_effect(llama):
    vector = [0.0] * 31 + [3.0]
    found, grid = controls(llama, Add(Values(vector), scale=2.0), over=Over(
        sites=["resid_pre"], layers="all", positions=[2, 5]))
    null, key = found["random_direction"], "logit_diff:17:40"
    effects = abs(grid.values[key] - grid.clean(key)).flatten()
    assert null.cells == (int(effects.argmax()),) and null.draws == 8
    layer, position = divmod(null.cells[0], 2)
    drawn = []
    for seed in range(8):
        noise = torch.randn(32, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        step = (6.0 * noise / noise.norm()).float()

        def by_hand(value, step=step):
            value[0, [2, 5][position]] += step
            return value

        logits = hooked_logits(llama.host.model, ids_of(llama, PROMPT), [
            (*site_module(llama.host.model, "llama", "resid_pre", layer), by_hand)])[-1].double()
        drawn.append(float(logits[17] - logits[40]))
    value = null.metrics[key]
    assert value.found == pytest.approx(torch.tensor(drawn).mean().item(), abs=1e-4)
    assert value.spread == pytest.approx(torch.tensor(drawn).std().item(), abs=1e-4)


def test_a_cancelled_sweep_claims_no_control(llama):
    spec = Sweep(prompt=PROMPT, op=Zero(), over=OVER)
    grid = llama.sweep(spec, cancelled=lambda: True)
    assert not grid.complete and grid.data.controls == ()
