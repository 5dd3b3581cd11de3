"""Whatever ends a sweep, and whenever: the model is as it was."""

from __future__ import annotations

import random

import pytest
import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from neuronscope.engine.session import load
from neuronscope.spec.experiments import Edit, Over, Sweep
from neuronscope.spec.grid import Grid
from neuronscope.spec.ops import Noise, Patch, Path, Scale, Zero
from neuronscope.spec.target import Target
from tests.tiny import PROMPT, SOURCE, build, tokenizer

SWEEPS = [
    Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["z", "q"], layers="all", heads="all")),
    Sweep(prompt=PROMPT, op=Patch(SOURCE), over=Over(
        sites=["resid_pre", "mlp_out", "resid_mid"], layers="all", positions="all")),
    Sweep(prompt=PROMPT, op=Scale(0.5), over=Over(sites=["pattern"], layers="all", heads="all"),
          held=[Edit(Target("embed", position=1), Noise(1.0, seed=1, draws=2))]),
    Sweep(prompt=PROMPT, op=Path(SOURCE, to=[Target("v", layer=2)]),
          over=Over(sites=["z"], layers="all", heads="all")),
]


class Boom(Exception):
    """Comes at a random call of a random module."""


def census(model) -> tuple:
    """Everything that an experiment may put on a model or on transformers, for its time."""
    hooks = sum(len(each._forward_hooks) + len(each._forward_pre_hooks)
                + ("forward" in each.__dict__) for each in model.modules())
    settings = {each.config._attn_implementation for each in model.modules()
                if hasattr(each, "config")}
    return hooks, settings, dict(ALL_ATTENTION_FUNCTIONS.items())


@pytest.mark.parametrize("number", range(len(SWEEPS)))
def test_at_random_points(number):
    model = load(hf_model=build("llama"), tokenizer=tokenizer())
    hf, spec, chance = model.host.model, SWEEPS[number], random.Random(number)
    clean = hf(torch.tensor([[1, 5, 9]])).logits
    before = census(hf)
    whole = model.sweep(spec)
    calls = count_calls(hf, lambda: model.sweep(spec))
    for _ in range(6):
        at = chance.randrange(calls)
        with pytest.raises(Boom):
            count_calls(hf, lambda: model.sweep(spec), at)
        assert census(hf) == before
    for _ in range(6):
        left = chance.randrange(12)
        part = model.sweep(spec, cancelled=iter([False] * left + [True] * 999).__next__)
        assert census(hf) == before
        assert part.complete == (list(part.data.status["kl"]).count("pending") == 0)
    assert torch.equal(hf(torch.tensor([[1, 5, 9]])).logits, clean)
    assert model.sweep(spec).data.values == whole.data.values


def count_calls(model, run, fail_at: int | None = None) -> int:
    """How often modules are called in `run`; the call numbered `fail_at` raises Boom."""
    called = 0

    def count(module, args) -> None:
        nonlocal called
        called += 1
        if called - 1 == fail_at:
            raise Boom

    handle = torch.nn.modules.module.register_module_forward_pre_hook(count)
    try:
        run()
    finally:
        handle.remove()
    return called


def test_a_cell_is_the_same_alone_and_in_company():
    model = load(hf_model=build("gpt2"), tokenizer=tokenizer())
    for spec in SWEEPS[:2]:
        grid = model.sweep(spec)
        assert isinstance(grid, Grid)
        flat = grid.values["kl"].ravel()
        for index in random.Random(3).sample(range(flat.size), 6):
            alone = model.run(grid.run_of(index))
            assert alone.metrics["kl"].edited == pytest.approx(flat[index], abs=1e-6)


def test_cells_together_are_a_run_of_their_edits():
    model = load(hf_model=build("gpt2"), tokenizer=tokenizer())
    grid = model.sweep(SWEEPS[0].model_copy(update={
        "over": Over(sites=["z"], layers="all", heads="all")}))
    together = grid.run_of(1, 6, 11)
    assert [str(edit.target) for edit in together.edits] == ["z.0.1", "z.1.2", "z.2.3"]
    assert model.run(together).metrics["kl"].edited > 0
    with pytest.raises(IndexError, match="cells 0 to 11"):
        grid.run_of(12)
