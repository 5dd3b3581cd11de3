"""A run's plan tells the forwards that the run then makes, for every kind of edit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from neuronscope.engine.cost import run_plan
from neuronscope.engine.session import Model
from neuronscope.models.vectors import Vectors
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.metrics import Prob, Recovered
from neuronscope.spec.ops import (
    OP_KINDS,
    Add,
    Embed,
    Mean,
    Noise,
    Patch,
    Path,
    PromptDifference,
    Random,
    Reference,
    Resample,
    Scale,
    Set,
    Stored,
    Unembed,
    Values,
    Zero,
)
from neuronscope.spec.plans import Forwards
from neuronscope.spec.target import Target
from tests.tiny import LONGER, PROMPT, SOURCE

OTHERS = ["w40 w41 w42 w43 w44", "w50 w51 w52 w53 w54", "w60 w61 w62 w63 w64"]
STREAM, HEADS = Target("resid_pre", layer=1, position=2), Target("z", layer=1)
MLP, LAST = Target("mlp_out", layer=0), Target("resid_post", layer=2, position=-1)
KEPT = [0.25] * 32
SHA = Vectors().add(KEPT).sha256


def edits(*ops, at=(STREAM, MLP, HEADS)) -> list[Edit]:
    return [Edit(target, op) for target, op in zip(at, ops, strict=False)]


def mean(pool="all_positions") -> Mean:
    return Mean(Reference(OTHERS), pool=pool)


def resample(seed: int, draws: int) -> Resample:
    return Resample(Reference(OTHERS), seed=seed, draws=draws)


def added(*directions) -> list[Edit]:
    return edits(*(Add(each) for each in directions), at=[STREAM, LAST, MLP])


MAPPED = Patch(LONGER, positions=[[2, 3]])
BETWEEN = PromptDifference(positive=[SOURCE, LONGER], negative=OTHERS[:1])

CASES = {
    "nothing": ({}, {}),
    "zero, scale and set": ({"edits": edits(Zero(), Scale(0.5), Set(1.0))}, {}),
    "a pattern": ({"edits": [Edit(Target("pattern", layer=1, head=0), Zero())]}, {}),
    "noise": ({"edits": edits(Noise(1.0, seed=1, draws=4))}, {"draws": 4}),
    "a mean": ({"edits": edits(mean())}, {"source": 3}),
    "one mean at two places": ({"edits": edits(mean(), mean())}, {"source": 3}),
    "two means": ({"edits": edits(mean(), mean("per_position"))}, {"source": 6}),
    "a patch": ({"edits": edits(Patch(SOURCE)), "metrics": [Recovered(Prob("w17"))]},
                {"source": 1}),
    "a patch by a map": ({"edits": edits(MAPPED)}, {"source": 1}),
    "patches from one prompt": ({"edits": edits(Patch(SOURCE), Patch(SOURCE))}, {"source": 1}),
    "one prompt with and without a map": (
        {"edits": edits(Patch(SOURCE), Patch(SOURCE, positions=[[1, 2]]),
                        at=[STREAM, Target("mlp_out", layer=0, position=1)])}, {"source": 2}),
    "patches from two prompts": ({"edits": edits(Patch(SOURCE), Patch(OTHERS[0]))},
                                 {"source": 2}),
    "directions that need no run": ({"edits": added(Unembed("w5"), Embed("w5"), Random(3))}, {}),
    "values and a stored vector": ({"edits": added(Values(KEPT), Stored(SHA))}, {}),
    "a difference of prompts": ({"edits": added(BETWEEN)}, {"source": 3}),
    "a resampling": ({"edits": edits(resample(0, 3))}, {"source": 3, "draws": 3}),
    "one resampling at two places": ({"edits": edits(resample(0, 3), resample(0, 3))},
                                     {"source": 3, "draws": 3}),
    "two resamplings": ({"edits": edits(resample(0, 2), resample(1, 2))}, None),
    "a resampling and its only draw": (
        {"edits": edits(resample(4, 1), Noise(1.0, seed=0, draws=3))}, {"source": 3, "draws": 3}),
    "a resampling beside a patch": (
        {"edits": edits(resample(0, 3), Patch(OTHERS[0]))}, {"source": 5, "draws": 3}),
    "a path to the logits": ({"edits": [Edit(HEADS, Path(SOURCE))]},
                             {"source": 1, "path": 1, "edited": 0}),
    "a path to receivers": ({"edits": [Edit(HEADS, Path(SOURCE, to=[LAST], through="mlps"))]},
                            {"source": 1, "path": 1}),
    "paths to two receivers": (
        {"edits": [Edit(HEADS, Path(SOURCE, to=[LAST])),
                   Edit(MLP, Path(SOURCE, to=[Target("q", layer=2)]))]},
        {"source": 2, "path": 2}),
    "a path under held edits": (
        {"edits": [Edit(HEADS, Path(SOURCE))], "held": edits(Zero(), at=[MLP])},
        {"source": 1, "path": 1, "edited": 0, "plain": 1}),
    "held edits alone": ({"held": edits(Zero(), Patch(SOURCE))}, {"source": 1, "plain": 1}),
    "held noise in several draws": (
        {"held": edits(Noise(1.0, seed=1, draws=2)), "edits": edits(mean(), at=[MLP])},
        {"source": 6, "plain": 2, "draws": 2}),
    "in order": ({"edits": edits(Scale(0.5), Patch(SOURCE), at=[STREAM, STREAM]),
                  "ordered": True}, {"source": 1}),
}
"""A run's fields, and its forwards beside three for each draw; None: not told by hand."""


@contextmanager
def counted(model: Model) -> Iterator[list[int]]:
    """The number of tokens of each forward that is made meanwhile."""
    seen: list[int] = []
    hook = model.host.model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["input_ids"].numel()), with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


def expected(draws: int = 1, **other: int) -> Forwards:
    return Forwards(**{"clean": draws, "unchanged": draws, "edited": draws, "plain": 0,
                       "source": 0, "path": 0} | other)


@pytest.mark.parametrize("name", CASES)
def test_a_plan_counts_the_forwards_of_the_run(llama, name):
    fields, told = CASES[name]
    llama.add_vector(KEPT)
    spec = Run(prompt=PROMPT, **fields)
    plan = run_plan(llama.resolve(spec))
    with counted(llama) as seen:
        result = llama.run(spec)
    assert (plan.n_forwards, plan.n_tokens) == (len(seen), sum(seen))
    assert (plan.spec_hash, plan.draws) == (result.spec_hash, result.draws)
    assert plan.n_forwards == plan.forwards.total
    if told is not None:
        assert plan.forwards == expected(**told)


def test_every_kind_of_edit_is_among_them():
    assert {edit.op.kind for fields, _ in CASES.values()
            for edit in (*fields.get("edits", ()), *fields.get("held", ()))} == set(OP_KINDS)
