"""A sweep stays within its memory budget, whatever its size, and says so when it cannot."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from neuronscope.engine import running
from neuronscope.engine.budget import EAGER_COPIES, PATTERN_COPIES, plan_budget
from neuronscope.engine.session import load
from neuronscope.errors import OutOfMemory
from neuronscope.hooks import functions
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.ops import Patch, Zero
from neuronscope.spec.target import Target
from tests.house.files import ROOT
from tests.tiny import PROMPT, SOURCE, build, tokenizer


@pytest.mark.skipif(sys.platform != "linux", reason="reads the resident set from /proc")
def test_the_peak_of_a_deep_long_grid_stays_within_the_budget():
    """32 layers × 512 tokens, every 128th position, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.memory", "--layers", "32",
         "--tokens", "512", "--width", "32", "--step", "128", "--budget", "48"],
        cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["cells"] == 128
    assert 1 < found["peak_mib"] <= found["budget_mib"]


def test_a_smaller_budget_makes_smaller_steps_and_the_same_numbers(llama):
    host = llama.host
    spec = Sweep(prompt=PROMPT, op=Patch(SOURCE), over=Over(
        sites=["resid_pre", "mlp_out"], layers="all", positions="all"))
    least = 2**20
    narrow, wide = plan_budget(host, 6, 1, least), plan_budget(host, 6, 1, 2**30)
    assert narrow.rows(6) < wide.rows(6)
    assert narrow.held_positions < wide.held_positions
    few, many = (llama.sweep(spec, memory=limit) for limit in (least, 2**30))
    assert few.complete and few.data.execution.startswith("fast")
    assert abs(few.values["kl"] - many.values["kl"]).max() < 1e-6


def test_a_budget_in_which_nothing_fits_is_refused_with_both_numbers(llama):
    spec = Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["z"], layers="all"))
    with pytest.raises(OutOfMemory, match=r"needs at least 0\.\d MiB .* its budget is 0\.0 MiB"):
        llama.sweep(spec, memory=1000)


def test_rows_that_do_not_fit_into_the_head_go_in_halves(monkeypatch):
    tried = []

    def little_memory(stream, chunks, ends):
        tried.append(sum(map(len, chunks)))
        if tried[-1] > 4:
            raise MemoryError
        return list(ends)

    monkeypatch.setattr(running, "logits_of", little_memory)
    rows = [SimpleNamespace(index=index) for index in range(32)]
    found = list(running.Runner(None, {})._heads([(rows, torch.arange(32)[:, None, None])]))
    assert [index for indices, _ in found for index in indices] == list(range(32))
    assert torch.cat([logits for _, logits in found]).flatten().tolist() == list(range(32))
    assert sorted(tried) == [4] * 8 + [8] * 4 + [16] * 2 + [32]


@pytest.mark.parametrize("n_tokens", [1, 6, 60])
def test_rows_never_take_more_than_a_step_may(llama, n_tokens):
    budget = dataclasses.replace(plan_budget(llama.host, 60, 2, 2**22), tokens=10**9)
    rows = budget.rows(n_tokens)
    assert rows == 1 or rows * (
        budget.row_bytes + n_tokens * budget.token_bytes) <= budget.step_bytes


@pytest.mark.parametrize("family", ["gptj", "gpt_neo", "bloom", "llama"])
def test_what_is_kept_of_a_pattern_that_is_edited_is_in_the_budget(family, monkeypatch):
    """Also in families whose own code is followed: its scores are kept until a layer ends."""
    model = load(hf_model=build(family), tokenizer=tokenizer())
    kept, pattern, own = [], (1, model.info.n_heads, 6, 6), functions._Run.note

    def note(self, value, origin):
        own(self, value, origin)
        kept.append(sum(each.numel() == math.prod(pattern) for each, _ in self.known.values()))

    monkeypatch.setattr(functions._Run, "note", note)
    model.run(Run(prompt=PROMPT, edits=[Edit(Target("pattern", layer=1, head=0), Zero())]))
    beside = 4  # its value, the edited one, which entries differ, and the weights that they give
    assert max(kept, default=0) + beside <= PATTERN_COPIES
    plain, edited = (plan_budget(model.host, 6, 1, 2**22, "eager", patterns)
                     for patterns in (False, True))
    more = (PATTERN_COPIES - EAGER_COPIES) * model.info.n_heads * 6 * 4
    assert edited.token_bytes - plain.token_bytes == more
    assert edited.packed(6) <= plain.packed(6)
    sweep = Sweep(prompt=PROMPT, op=Zero(), over=Over(
        sites=["pattern"], layers="all", heads="all", positions="all"))
    few, many = (model.sweep(sweep, memory=limit) for limit in (2**20, 2**30))
    assert few.complete and abs(few.values["kl"] - many.values["kl"]).max() < 1e-6
