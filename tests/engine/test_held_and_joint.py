"""Several edits at once, held edits, other read positions: against raw hooks, fast and exact."""

from __future__ import annotations

import pytest
import torch

from neuronscope.engine.replay import largest_deviation
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, LogitDiff, Prob, Recovered
from neuronscope.spec.ops import Noise, Patch, Scale, Zero
from neuronscope.spec.target import Target
from tests.engine.test_edits_equal_one_hook import ids_of
from tests.engine.test_fast_sweeps import both_ways, one_pass
from tests.naive import hooked_logits, value_at
from tests.tiny import PROMPT, SOURCE, site_module

ALL = "all"
HELD = {
    "before": [Edit(Target("mlp_out", layer=0), Zero())],
    "stream": [Edit(Target("resid_pre", layer=1, position=3), Patch(SOURCE))],
    "same layer": [Edit(Target("attn_out", layer=1, position=[1, 4]), Scale(0.5))],
    "after": [Edit(Target("z", layer=2, head=1), Zero()), Edit(Target("final_norm"), Scale(1.5))],
    "noise": [Edit(Target("resid_pre", layer=0, position=[1, 2]), Noise(2.0, seed=3))],
}
GRIDS = [
    (["resid_pre", "mlp_act"], {"layers": [1, 2], "positions": [2, 5]}),
    (["z"], {"layers": ALL, "heads": ALL}),
    (["resid_post", "mlp_out"], {"positions": [0, 4]}),
]


def zeroed(value: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(value)


@pytest.mark.parametrize("held", sorted(HELD))
def test_fast_cells_under_held_edits_equal_a_forward_each(model, held):
    for sites, axes in GRIDS:
        found = both_ways(model, Sweep(
            prompt=PROMPT, op=Zero(), held=HELD[held], ordered=True,
            over=Over(sites=sites, **axes), metrics=[KL(), KL(position=2)]))
        assert max(largest_deviation(*pair) for pair in found.values()) <= 1e-4
        assert len({float(alone.sum()) for _, alone in found.values()}) > len(found) / 3


def test_held_edits_apply_in_the_clean_run_too(model, family):
    hf, ids = model.host.model, ids_of(model, PROMPT)
    held = (*site_module(hf, family, "mlp_out", 0), zeroed)
    edit = (*site_module(hf, family, "attn_out", 2), zeroed)
    clean, both = (hooked_logits(hf, ids, hooks)[-1].double() for hooks in ([held], [held, edit]))
    found = model.run(Run(prompt=PROMPT, held=HELD["before"], metrics=[KL(), Prob("w17")],
                          edits=[Edit(Target("attn_out", layer=2), Zero())]))
    p, q = clean.log_softmax(-1), both.log_softmax(-1)
    assert found.metrics["kl"].edited == pytest.approx(float((p.exp() * (p - q)).sum()), abs=1e-9)
    assert found.metrics["prob"].clean == pytest.approx(float(p[17].exp()), abs=1e-12)
    assert found.metrics["prob"].edited == pytest.approx(float(q[17].exp()), abs=1e-12)


def test_causal_tracing_recovers_the_clean_answer(llama):
    """Noise on the subject, then the clean stream put back: all of it gives the clean run."""
    grid = llama.sweep(Sweep(
        prompt=PROMPT, op=Patch(PROMPT), held=HELD["noise"], ordered=True,
        over=Over(sites=["resid_pre"], layers=ALL, positions=ALL),
        metrics=[Recovered(Prob("w17")), Prob("w17")]))
    whole = llama.sweep(Sweep(
        prompt=PROMPT, op=Patch(PROMPT), held=HELD["noise"], ordered=True,
        over=Over(sites=["resid_pre"], layers=ALL), metrics=[Recovered(Prob("w17"))]))
    assert whole.values["recovered"].flatten() == pytest.approx([1.0] * 3, abs=1e-5)
    unchanged = grid.values["recovered"][0, 0]  # the noise is on positions 1 and 2 alone
    assert unchanged[3:] == pytest.approx([0.0] * 3, abs=1e-6) and abs(unchanged[1]) > 1e-3


def test_edits_of_one_site_apply_in_the_order_given(llama):
    hf, ids = llama.host.model, ids_of(llama, PROMPT)
    source = value_at(hf, "llama", ids_of(llama, SOURCE), "resid_pre", 1)
    halve = Edit(Target("resid_pre", layer=1, position=[3, 5]), Scale(0.5))
    patch = Edit(Target("resid_pre", layer=1, position=5), Patch(SOURCE))

    def by_hand(value, factor):
        value[0, 3] *= 0.5
        value[0, 5] = source[5] * factor
        return value

    module = site_module(hf, "llama", "resid_pre", 1)
    for edits, factor in (([halve, patch], 1.0), ([patch, halve], 0.5)):
        found = llama.run(Run(prompt=PROMPT, edits=edits, ordered=True, metrics=[Prob("w17")]))
        naive = hooked_logits(hf, ids, [(*module, lambda value, f=factor: by_hand(value, f))])
        assert found.metrics["prob"].edited == pytest.approx(
            float(naive[-1].double().softmax(-1)[17]), abs=1e-14)


@pytest.mark.parametrize("positions", [(0, 5), (2, 4), (1, 2, 3)])
def test_metrics_are_read_where_they_say(llama, positions):
    hf, ids = llama.host.model, ids_of(llama, PROMPT)
    clean = hooked_logits(hf, ids).double()
    metrics = [LogitDiff("w17", "w40", position=at) for at in positions]
    sweep = Sweep(prompt=PROMPT, op=Zero(), metrics=metrics, read_position=positions[0],
                  over=Over(sites=["mlp_out", "attn_out"], layers=ALL, positions=ALL))
    grids = [llama.sweep(sweep.model_copy(update={"mode": mode})) for mode in ("fast", "exact")]
    assert grids[0].data.execution.startswith("fast")
    for s, site in enumerate(("mlp_out", "attn_out")):
        for layer in range(3):
            for position in range(6):
                def by_hand(value, position=position):
                    value[0, position] = 0
                    return value

                naive = hooked_logits(
                    hf, ids, [(*site_module(hf, "llama", site, layer), by_hand)]).double()
                for at in positions:
                    key = "logit_diff:17:40" + (f"@{at}" if at != positions[0] else "")
                    for grid in grids:
                        assert grid.values[key][s, layer, position] == pytest.approx(
                            float(naive[at, 17] - naive[at, 40]), abs=1e-4)
                        assert grid.data.metrics[key].clean == pytest.approx(
                            float(clean[at, 17] - clean[at, 40]), abs=1e-5)


def test_a_pass_says_which_cells_have_a_faster_way(llama):
    one = one_pass(llama, Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["final_norm", "embed"])))
    assert one.fast is not None and all(one.fast.covers(edit) for _, edit in one.plan)


@pytest.mark.parametrize("read", [0, 2])
def test_cells_behind_the_last_read_position_are_the_clean_run(llama, read):
    """Under held edits, over several layers and at the last norm alike."""
    for sites, axes, held in ((["resid_pre", "z"], {"layers": ALL, "positions": ALL}, "after"),
                              (["mlp_out"], {"positions": ALL}, "before"),
                              (["final_norm"], {"positions": ALL}, "stream")):
        grid = llama.sweep(Sweep(
            prompt=PROMPT, op=Zero(), held=HELD[held], ordered=True, read_position=read,
            over=Over(sites=sites, **axes)))
        assert grid.complete and grid.data.execution.startswith("fast")
        assert (abs(grid.values["kl"][..., read + 1:]) < 1e-10).all()
        assert (grid.values["kl"][..., read] > 1e-6).all()


def test_a_held_pattern_that_reaches_beyond_what_is_read_is_run_one_by_one(llama):
    grid = llama.sweep(Sweep(
        prompt=PROMPT, op=Zero(), over=Over(sites=["mlp_out"], layers=ALL), read_position=3,
        held=[Edit(Target("pattern", layer=0, head=1), Scale(0.5))]))
    assert grid.data.execution.startswith("one forward per cell: a held pattern reaches")
    assert grid.complete and grid.data.model.attention == "eager"
    after = llama.sweep(Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["pattern"], layers=ALL)))
    assert after.data.execution.startswith("fast: at most")
