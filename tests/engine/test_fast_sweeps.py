"""The fast path gives what one forward per cell gives, in every logit, on every family."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from neuronscope.engine.draws import concrete
from neuronscope.engine.passes import Pass
from neuronscope.engine.plan import cells
from neuronscope.engine.prepare import attention_for
from neuronscope.engine.replay import largest_deviation
from neuronscope.engine.session import load
from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.metrics import KL, LogitDiff, Recovered
from neuronscope.spec.ops import (
    Add,
    Mean,
    Noise,
    Patch,
    Random,
    Reference,
    Scale,
    Set,
    Values,
    Zero,
)
from tests.tiny import LONGER, PROMPT, SOURCE, build, tokenizer

STREAM = ["resid_pre", "resid_post", "attn_out", "mlp_out"]
ALL = "all"
GRIDS = {
    "layer x position": (STREAM, {"layers": ALL, "positions": ALL}),
    "layers, all positions": (STREAM, {"layers": ALL}),
    "heads": (["z"], {"layers": ALL, "heads": ALL}),
    "heads x position": (["z"], {"layers": [0, 2], "heads": [1, 3], "positions": [1, -1]}),
    "neurons": (["mlp_act"], {"layers": [1, 2], "neurons": [0, 7, 31], "positions": [2, 5]}),
    "embedding": (["embed"], {"positions": ALL}),
    "between": (["resid_mid"], {"layers": ALL, "positions": ALL}),
    "queries": (["q"], {"layers": ALL, "heads": ALL, "positions": [1, 5]}),
    "keys and values": (["k", "v"], {"layers": ALL, "heads": ALL, "positions": [0, 2, 5]}),
    "whole q, k, v": (["q", "k", "v"], {"layers": ALL}),
    "patterns": (["pattern"], {"layers": ALL, "heads": ALL}),
    "pattern entries": (["pattern"], {"layers": [0, 2], "heads": [1, 3], "positions": [3, 5],
                                      "keys": [0, 2]}),
    "last norm": (["final_norm"], {"positions": ALL}),
}
OPS = {
    "zero": Zero(), "patch": Patch(SOURCE), "mapped": Patch(LONGER, positions=[(i, i + 1)
                                                            for i in range(6)]),
    "mean": Mean(Reference([SOURCE, "w40 w41"])),
    "add": Add(Random(seed=5), scale=2.0, unit="site_norm"),
    "scale": Scale(-0.5), "set": Set(0.25), "noise": Noise(1.5, seed=2),
}
NOT_ON_PATTERNS = ("mapped", "mean", "add", "noise")


def both_ways(model, spec: Sweep) -> dict[int, tuple[torch.Tensor, torch.Tensor]]:
    """Cell → its logits by the fast path and by a forward of its own."""
    with attention_for(model.host, model.resolve(spec)):
        return both_ways_of(one_pass(model, spec))


def both_ways_of(one: Pass) -> dict[int, tuple[torch.Tensor, torch.Tensor]]:
    """As `both_ways`, of a pass that is ready."""
    assert one.fast is not None, one.reason
    assert all(one.fast.covers(edit) for _, edit in one.plan)
    quick = {index: row for indices, logits in one.fast.logits(one.plan)
             for index, row in zip(indices, logits, strict=True)}
    reads = one.prepared.reads
    return {index: (quick[index].double(), torch.cat(
                [alone[read].logits for read in reads]))
            for index, edit in one.plan for alone in [one.prepared.edited((edit,))]}


def one_pass(model, spec: Sweep) -> Pass:
    """A sweep made ready, before it runs."""
    resolved = model.resolve(spec)
    plan = [(index, concrete(edit, 0)) for index, edit in enumerate(cells(resolved.spec))]
    held = tuple(concrete(edit, 0) for edit in resolved.spec.held)
    return Pass(model.host, resolved, plan, held, frozenset(), lambda: False, None)


@pytest.mark.parametrize("grid", sorted(GRIDS))
def test_every_logit_of_every_cell(model, grid):
    sites, axes = GRIDS[grid]
    certified = {each.site for each in model.info.sites if each.certified}
    for name, op in OPS.items():
        if not certified.issuperset(sites) or (sites == ["pattern"] and name in NOT_ON_PATTERNS):
            continue
        found = both_ways(model, Sweep(prompt=PROMPT, op=op, over=Over(sites=sites, **axes)))
        worst = max(largest_deviation(quick, alone) for quick, alone in found.values())
        assert worst <= 1e-4
        moved = {float(alone.sum()) for _, alone in found.values()}
        # the cells differ: the comparison is not vacuous
        assert len(moved) >= (2 if grid == "last norm" else len(found) / 3)


@pytest.mark.parametrize("read", [0, 2, 4])
def test_other_read_positions(llama, read):
    for sites, axes in GRIDS.values():
        if sites == ["pattern"]:  # its keys reach to the last position: run one by one
            continue
        found = both_ways(llama, Sweep(prompt=PROMPT, op=Patch(SOURCE), read_position=read,
                                       over=Over(sites=sites, **axes)))
        assert max(largest_deviation(*pair) for pair in found.values()) <= 1e-4


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_under_either_attention(attention):
    hf_model = build("gemma3_text", _attn_implementation=attention)
    model = load(hf_model=hf_model, tokenizer=tokenizer())
    found = both_ways(model, Sweep(prompt=PROMPT, op=Zero(), over=Over(
        sites=STREAM, layers=ALL, positions=ALL)))
    assert max(largest_deviation(*pair) for pair in found.values()) <= 1e-4


def test_a_grid_tells_how_it_was_run_and_equals_the_exact_one(model):
    spec = {"prompt": PROMPT, "op": Patch(SOURCE), "over": Over(
        sites=STREAM, layers=ALL, positions=ALL), "metrics": [
            KL(), Recovered(LogitDiff("w17", "w40"))]}
    quick, exact = (model.sweep(Sweep(**spec, mode=mode)) for mode in ("fast", "exact"))
    assert quick.data.execution.startswith("fast: at most")
    assert 0 <= quick.data.deviation <= 1e-4
    assert exact.data.deviation is None and exact.data.execution == "exact: one forward per cell"
    for key in quick.values:
        np.testing.assert_allclose(quick.values[key], exact.values[key], rtol=1e-4, atol=1e-4)
    assert quick.data.metrics["kl"].floor < 1e-9
    assert quick.spec_hash != exact.spec_hash


def test_cells_that_the_read_position_cannot_see_are_exactly_the_clean_run(llama):
    grid = llama.sweep(Sweep(prompt=PROMPT, op=Patch(SOURCE), over=Over(
        sites=["attn_out", "mlp_out", "resid_post"], layers=[2], positions=ALL)))
    assert (grid.values["kl"][:, 0, :5] == 0).all() and (grid.values["kl"][:, 0, 5] > 0).all()
    same_start = llama.sweep(Sweep(prompt="w3 w14 w15", op=Patch("w3 w14 w79"), over=Over(
        sites=["resid_pre"], layers=ALL, positions=ALL)))
    assert (same_start.values["kl"][..., :3] == 0).all()


def test_grouping_changes_nothing_beyond_tolerance(llama):
    spec = Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["z"], layers=ALL, heads=ALL))
    one = one_pass(llama, spec)
    plan = one.plan
    results = []
    for tokens, order in itertools.product((1, 17, 4096), (plan, plan[::-1])):
        narrow = dataclasses.replace(
            one.fast, budget=dataclasses.replace(one.fast.budget, tokens=tokens))
        rows = {index: row for indices, logits in narrow.logits(order)
                for index, row in zip(indices, logits, strict=True)}
        results.append(torch.stack([rows[index] for index in range(len(plan))]))
    assert max(largest_deviation(results[0], other) for other in results) < 1e-4


def test_a_resumed_sweep_has_the_same_bits(llama):
    spec = Sweep(prompt=PROMPT, op=Patch(SOURCE), over=Over(
        sites=STREAM, layers=ALL, positions=ALL))
    streamed = []
    memory = 120_000  # so that not all rows go together
    whole = llama.sweep(spec, on_cells=streamed.extend, memory=memory)
    assert sorted(cell.index for cell in streamed) == list(range(72))
    kept = {cell.index: cell for cell in streamed[:31]}
    again = []
    resumed = llama.sweep(spec, done=kept, on_cells=again.extend, memory=memory)
    assert sorted(cell.index for cell in again) == sorted(set(range(72)) - set(kept))
    assert resumed.data.values == whole.data.values and resumed.complete
    parts = [llama.sweep(spec, cancelled=iter([False] * n + [True] * 99).__next__, memory=memory)
             for n in (4, 8, 12, 16)]
    done = [list(part.data.status["kl"]).count("ok") for part in parts]
    assert done == sorted(done) and any(0 < count < 72 for count in done)
    assert [part.complete for part in parts] == [count == 72 for count in done]


def test_a_model_whose_layers_do_not_add_up_is_run_one_by_one():
    """A layer that looks at its batch would be wrong in company: the replay must notice."""
    model = load(hf_model=build("llama"), tokenizer=tokenizer())
    norm = model.host.layout.layers[1].input_layernorm
    plain = norm.forward
    norm.forward = lambda hidden: plain(hidden) * (1 + 0.1 * hidden.shape[1])
    grid = model.sweep(Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["z"], layers=ALL)))
    assert "a replay of the clean run differs" in grid.data.execution
    assert grid.complete and grid.data.deviation is None


def test_out_of_memory_splits_the_rows_and_a_lone_one_fails():
    model = load(hf_model=build("llama"), tokenizer=tokenizer())
    spec = Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["z"], layers=[0, 1], heads=ALL))
    good = model.sweep(spec)

    def small(module, args, kwargs):
        if (args[0] if args else kwargs["hidden_states"]).shape[0] > 3:
            raise torch.OutOfMemoryError

    layer = model.host.layout.layers[2]
    handle = layer.register_forward_pre_hook(small, with_kwargs=True)
    split = model.sweep(spec)
    assert split.complete and abs(split.values["kl"] - good.values["kl"]).max() < 1e-6
    handle.remove()


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_a_cell_that_cannot_be_run_fails_alone(llama, mode):
    values = [1.0] * 8 + [0.0] * 8 + [1.0] * 16  # nothing to add at head 1
    grid = llama.sweep(Sweep(prompt=PROMPT, op=Add(Values(values)), mode=mode,
                             over=Over(sites=["z"], layers=[1], heads=ALL)))
    assert grid.status["kl"].flatten().tolist() == ["ok", "failed", "ok", "ok"]
    assert grid.data.errors == {"1": "The direction is zero at the selected entries of z.1."}
    assert not grid.complete


def test_nothing_is_left_on_the_model(model):
    def census():
        return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) + ("forward" in m.__dict__)
                   for m in model.host.model.modules())

    before = census()
    spec = Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=STREAM, layers=ALL, positions=ALL))
    model.sweep(spec)
    model.sweep(spec, cancelled=lambda: True)
    with pytest.raises(ZeroDivisionError):
        model.sweep(spec, on_cells=lambda cells: 1 / 0)
    assert census() == before
