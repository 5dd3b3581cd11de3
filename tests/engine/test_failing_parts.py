"""What fails on the way of a sweep is told, fails alone, and leaves the others right."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronscope.engine import controls, fast, running, sweeping
from neuronscope.engine.prepare import Prepared
from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.metrics import KL, Recovered
from neuronscope.spec.metrics import Prob as P
from neuronscope.spec.ops import Add, Noise, Patch, Random, Zero
from neuronscope.spec.results import Cell
from tests.tiny import PROMPT, SOURCE

ALL = "all"
PATCH = Sweep(prompt=PROMPT, op=Patch(SOURCE), metrics=[KL(), Recovered(P("w17"))],
              over=Over(sites=["resid_pre"], layers=ALL, positions=ALL))
NOISE = Sweep(prompt=PROMPT, op=Noise(2.0, seed=1, draws=3),
              over=Over(sites=["resid_pre"], layers=ALL, positions=ALL))


def failing(monkeypatch, where, name: str, fails, error: BaseException) -> None:
    """`where.name` raises when `fails(arguments)`."""
    own = getattr(where, name)

    def instead(*args, **kwargs):
        if fails(*args):
            raise error
        return own(*args, **kwargs)

    monkeypatch.setattr(where, name, instead)


def test_a_row_beside_the_cells_that_does_not_fit_fails_no_cell(llama, monkeypatch):
    good = llama.sweep(PATCH)
    failing(monkeypatch, running, "ends_of", lambda stream, rows: fast.FULL in {
        row.index for row in rows}, torch.OutOfMemoryError())
    grid = llama.sweep(PATCH)
    assert grid.complete and grid.data.errors == {}
    np.testing.assert_allclose(grid.values["kl"], good.values["kl"], atol=1e-6)
    full = next(each for each in grid.data.controls if each.kind == "full_patch")
    assert full.passed  # by a forward of its own


def test_a_fast_path_that_breaks_late_says_so(llama, monkeypatch):
    good, heads, calls = llama.sweep(PATCH), [], []

    def late(stream, rows):
        calls.append(rows)
        return len(calls) == 12

    monkeypatch.setattr(fast, "chunks", lambda rows, *rest: [[row] for row in rows])
    monkeypatch.setattr(fast, "groups", lambda parts, *rest: [[part] for part in parts])
    failing(monkeypatch, running, "ends_of", late, RuntimeError())
    grid = llama.sweep(PATCH, on_head=heads.append)
    assert len(heads) == 1 and grid.complete
    assert grid.data.execution.startswith("fast: at most")
    assert "; the rest one forward per cell: the model's layers cannot" in grid.data.execution
    np.testing.assert_allclose(grid.values["kl"], good.values["kl"], atol=1e-6)


def test_one_by_one_has_the_noise_floor_of_its_own_shape(llama, monkeypatch):
    seen = []
    own = Prepared.edited

    def note(self, edits):
        seen.append(self.scale)
        return own(self, edits)

    failing(monkeypatch, running, "ends_of", lambda *args: True, RuntimeError())
    monkeypatch.setattr(Prepared, "edited", note)
    grid = llama.sweep(PATCH)
    assert grid.data.execution.startswith("one forward per cell") and grid.complete
    assert all(scale.unchanged is not scale.clean for scale in seen)


def test_a_sampled_cell_that_does_not_fit_alone_ends_the_fast_path(llama, monkeypatch):
    calls = []
    failing(monkeypatch, Prepared, "edited", lambda *args: calls.append(args) or len(calls) == 1,
            torch.OutOfMemoryError())
    grid = llama.sweep(PATCH)
    assert grid.complete and grid.data.deviation is None
    assert grid.data.execution == (
        "one forward per cell: out of memory in one that was to be compared")


@pytest.mark.parametrize(("spec", "kind"), [
    (PATCH, "_full_patch"),
    (PATCH.model_copy(update={"op": Add(Random(1)), "metrics": (KL(),)}), "_random_direction")])
def test_a_control_that_does_not_fit_says_so(llama, monkeypatch, spec, kind):
    failing(monkeypatch, controls, kind, lambda *args: True, torch.OutOfMemoryError())
    grid = llama.sweep(spec)
    assert grid.complete
    assert (grid.data.controls[-1].passed, grid.data.controls[-1].reason) == (
        None, "out of memory")


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_sweep_that_is_cancelled_in_any_draw_tells_its_head_once(llama, after):
    heads, calls = [], []
    grid = llama.sweep(NOISE, on_head=heads.append,
                       cancelled=lambda: calls.append(1) or len(calls) > after)
    assert len(heads) == 1 and not grid.complete
    assert heads[0].execution == grid.data.execution


def test_draws_that_ran_one_by_one_are_told(llama, monkeypatch):
    calls = []
    failing(monkeypatch, Prepared, "edited", lambda *args: calls.append(args) or len(calls) == 1,
            torch.OutOfMemoryError())
    grid = llama.sweep(NOISE)
    assert grid.complete and grid.data.execution.endswith(
        "; 1 of 3 draws one forward per cell: out of memory in one that was to be compared")


def test_a_sampled_cell_is_one_that_changes_something(llama):
    spec = Sweep(prompt=PROMPT, op=Patch("w3 w14 w15 w9 w79"), over=Over(
        sites=["resid_post"], layers=ALL, positions=ALL), metrics=[KL()])
    assert llama.sweep(spec).complete
    compared = []
    own = fast.Fast.compare

    def note(self, quick, alone):
        compared.append(torch.equal(alone, self.stream.logits.double()))
        own(self, quick, alone)

    for length in range(2, 6):
        prompt = " ".join(PROMPT.split()[:length])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fast.Fast, "compare", note)
            source = [*llama.host.tokenizer.encode(prompt)[:-1], 79]
            llama.sweep(Sweep(prompt=prompt, op=Patch(source), over=spec.over))
            llama.sweep(Sweep(prompt=prompt, op=Zero(), over=Over(
                sites=["mlp_out"], layers=[2], positions=ALL)))
    assert compared == [False] * 8


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_draws_are_made_for_some_cells_at_a_time_and_these_are_kept(llama, monkeypatch, mode):
    spec = NOISE.model_copy(update={"mode": mode})
    together = llama.sweep(spec)
    monkeypatch.setattr(sweeping, "DRAWN_TOGETHER", 5)
    whole, kept = llama.sweep(spec), {}
    np.testing.assert_allclose(whole.values["kl"], together.values["kl"], atol=1e-6)
    np.testing.assert_allclose(whole.data.spread["kl"], together.data.spread["kl"], atol=1e-6)
    assert whole.complete and whole.data.controls[0].passed

    def keep(cells):
        kept.update((cell.index, cell) for cell in cells)

    heads = []
    monkeypatch.setattr(sweeping, "BATCH_S", 0.0)
    part = llama.sweep(spec, on_cells=keep, on_head=heads.append,
                       cancelled=lambda: len(kept) >= 5)
    assert not part.complete and 5 <= len(kept) < 18 and len(heads) == 1
    again = llama.sweep(spec, done=dict(kept))
    assert again.complete
    assert again.data.values == whole.data.values and again.data.spread == whole.data.spread
    assert llama.sweep(spec, done={**kept, **_cells(again)}).data.values == whole.data.values


def _cells(grid):
    return {index: Cell(index=index, values={"kl": grid.data.values["kl"][index]},
                        status={"kl": "ok"}, spread={"kl": grid.data.spread["kl"][index]},
                        top=None) for index in range(len(grid.data.top))}
