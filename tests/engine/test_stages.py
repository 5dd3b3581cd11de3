"""Stages of fast sweeps prove themselves on the model; a wrong one is left out, and only that."""

from __future__ import annotations

import numpy as np
import pytest

import neuronscope as ns
from neuronscope.engine import attended, entries
from tests.families import FAMILIES
from tests.tiny import PROMPT, build, tokenizer

NONE = "no certified site takes it"
WHOLE_ATTENTION = {"bypass", "attention", "routes"}
"""Stages that need attention to give what it adds, by itself."""
SLOW = {"bloom": WHOLE_ATTENTION, "bert": WHOLE_ATTENTION, "gemma4_text": WHOLE_ATTENTION}
UNREPLAYED = {"bamba", "falcon_h1", "nemotron_h", "longcat_flash"}
"""Families whose layers keep a state, or two, that a cache of keys and values does not hold."""


def loaded(family: str) -> ns.Model:
    return ns.load(hf_model=build(family), tokenizer=tokenizer(), model_id=family)


def sweep(site: str, mode: str = "fast") -> ns.Sweep:
    heads = {"heads": "all"} if site in ("q", "k", "v", "z") else {}
    return ns.Sweep(prompt=PROMPT, op=ns.Zero(), mode=mode, metrics=[ns.KL()],
                    over=ns.Over(sites=[site], layers="all", positions="all", **heads))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_proves_the_stages_that_its_structure_allows(family):
    model = loaded(family)
    certified = {site.site for site in model.info.sites if site.certified}
    stages = model.stages()
    assert stages[0].stage == "replay" and stages[0].certified == (family not in UNREPLAYED)
    for stage in stages:
        assert stage.deviation is None or stage.deviation <= 1e-4
        if family in UNREPLAYED or stage.stage in SLOW.get(family, ()):
            assert not stage.certified and stage.reason
        elif (family, stage.stage) == ("doge", "attention"):  # its mask is made of values
            assert stage.sites and "v" not in stage.sites
        elif stage.certified:
            assert not stage.reason and set(stage.sites) <= certified
        else:
            assert stage.reason == NONE


def test_a_wrong_stage_is_left_out_by_itself_and_its_cells_are_right(monkeypatch):
    model = loaded("llama")
    monkeypatch.setattr(attended, "_readers", lambda stream, site, heads: heads)
    stages = {stage.stage: stage for stage in model.stages()}
    inside = stages["attention"]
    assert set(inside.sites) == {"q", "pattern"} and "k" in inside.reason
    assert "in a logit from a forward of its own" in inside.reason
    assert all(stage.certified and not stage.reason for name, stage in stages.items()
               if name != "attention")
    found, exact = model.sweep(sweep("k")), model.sweep(sweep("k", "exact"))
    assert found.data.execution.startswith("one forward per cell: k.")
    assert np.array_equal(found.values["kl"], exact.values["kl"])
    assert model.sweep(sweep("q")).data.execution.startswith("fast:")


def test_a_stage_that_raises_is_left_out_before_any_cell_is_run(monkeypatch):
    def broken(*_):
        raise IndexError("no such row")

    model = loaded("llama")
    monkeypatch.setattr(entries, "_through", broken)
    grid = model.sweep(sweep("mlp_out"))
    assert "cannot be called one by one (IndexError)" in grid.data.execution
    assert grid.complete and grid.data.deviation is None
    assert model.sweep(sweep("resid_pre")).data.execution.startswith("fast:")


def test_a_sweep_proves_the_ways_that_it_takes_and_no_others():
    model = loaded("llama")
    model.sweep(sweep("resid_pre"))
    assert set(model.host.proofs) == {("sdpa", "resid_pre")}
    model.sweep(sweep("z"))
    assert set(model.host.proofs) == {("sdpa", "resid_pre"), ("sdpa", "z")}
