"""A sweep stays within its memory budget, whatever its size, and says so when it cannot."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from neuronscope.engine.budget import plan_budget
from neuronscope.errors import OutOfMemory
from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.ops import Patch, Zero
from tests.house.files import ROOT
from tests.tiny import PROMPT, SOURCE


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


@pytest.mark.parametrize("n_tokens", [1, 6, 60])
def test_rows_never_take_more_than_a_step_may(llama, n_tokens):
    budget = dataclasses.replace(plan_budget(llama.host, 60, 2, 2**22), tokens=10**9)
    rows = budget.rows(n_tokens)
    assert rows == 1 or rows * (
        budget.row_bytes + n_tokens * budget.token_bytes) <= budget.step_bytes
