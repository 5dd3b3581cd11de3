"""Memory that runs out splits the batch; what does not fit alone fails alone, and is told."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from neuronscope.engine.session import load
from neuronscope.errors import OutOfMemory
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import Noise, Patch, Path, Scale, Zero
from neuronscope.spec.target import Target
from tests.house.files import ROOT
from tests.reliability.starving import holding, more_than, same_but, starving
from tests.served import write_models
from tests.tiny import PROMPT, SOURCE, build, tokenizer

ALL = "all"
METRICS = [KL(), Prob("w5")]


def _sweep(op, mode="fast", **over) -> Sweep:
    return Sweep(prompt=PROMPT, op=op, metrics=METRICS, mode=mode, over=Over(**over))


WAYS = {
    "exact": _sweep(Zero(), "exact", sites=["z"], layers=ALL, heads=ALL),
    "staircase": _sweep(Scale(2.0), sites=["resid_pre"], layers=ALL),
    "suffix": _sweep(Patch(SOURCE), sites=["resid_pre"], layers=[1], positions=ALL),
    "bypass": _sweep(Zero(), sites=["mlp_out", "attn_out"], layers=[0, 1], positions=ALL),
    "attention": _sweep(Scale(2.0), sites=["q", "v"], layers=[0, 1], heads=[0, 1]),
    "pattern": _sweep(Scale(0.5), sites=["pattern"], layers=[0, 1], heads=ALL),
    "held": _sweep(Zero(), sites=["z"], layers=[0, 1], heads=ALL).model_copy(update={
        "held": (Edit(Target("mlp_out", layer=1), Scale(0.5)),)}),
    "path": _sweep(Path(SOURCE, to=[Target("v", layer=1)]), sites=["z"], layers=[0], heads=ALL),
    "draws": _sweep(Noise(1.0, seed=1, draws=3), sites=["resid_pre"], layers=[0, 1],
                    positions=ALL),
}


@pytest.fixture(scope="module")
def model():
    """Its weights fit; every way of its fast path is proven."""
    found = load(hf_model=build("llama"), tokenizer=tokenizer())
    found.stages()
    return found


def last_layer(model):
    return model.host.layout.layers[-1]


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize("rows", [1, 3])
def test_every_way_of_sweeping_goes_in_steps_that_fit(model, way, rows):
    wanted = model.sweep(WAYS[way]).data
    with starving(last_layer(model), more_than(rows)) as seen:
        found = model.sweep(WAYS[way]).data
    assert found.complete
    assert way == "exact" or any(tried > rows for tried in seen.tried)
    same_but(found, wanted, set())


def test_a_batch_is_halved_until_it_fits(model):
    spec = _sweep(Zero(), sites=["mlp_act"], layers=[0], neurons=list(range(32)), positions=[-1])
    wanted = model.sweep(spec).data
    with starving(last_layer(model), more_than(1)) as seen:
        found = model.sweep(spec).data
    same_but(found, wanted, set())
    assert found.execution.startswith("fast:")
    halves = [seen.refused[0]]
    while halves[-1] > 3:
        halves.append(halves[-1] // 2)
    assert seen.refused[:len(halves)] == halves and halves[0] >= 32


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_cell_that_fits_nowhere_fails_alone(model, way):
    spec = WAYS[way]
    wanted = model.sweep(spec)
    failing = wanted.data.values["kl"].index(max(wanted.data.values["kl"]))
    doomed = model.capture(Capture(
        prompt=PROMPT, targets=[Target("resid_pre", layer=2)],
        edits=wanted.run_of(failing).edits)).arrays["resid_pre.2"] if way not in (
            "draws", "held", "path", "pattern") else _entering(model, wanted, failing)
    with starving(last_layer(model), holding(torch.as_tensor(doomed)[-1])):
        found = model.sweep(spec).data
    assert not found.complete
    same_but(found, wanted.data, {failing})


def _entering(model, grid, index: int) -> torch.Tensor:
    """What enters the last layer in the last forward of a cell."""
    seen: list[torch.Tensor] = []
    handle = last_layer(model).register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(args[0] if args else kwargs["hidden_states"]),
        with_kwargs=True)
    try:
        model.run(grid.run_of(index))
    finally:
        handle.remove()
    return seen[-1][0]


def test_a_clean_run_that_does_not_fit_is_told_and_the_model_stays(model):
    run = Run(prompt=PROMPT, edits=[Edit(Target("z", layer=0), Zero())])
    before = model.run(run)
    with starving(last_layer(model), lambda hidden: True):
        for ask in (lambda: model.run(run), lambda: model.sweep(WAYS["bypass"]),
                    lambda: model.sweep(WAYS["exact"]),
                    lambda: model.capture(Capture(prompt=PROMPT, targets=[Target("embed")]))):
            with pytest.raises(OutOfMemory, match=r"do(es)? not fit in memory"):
                ask()
    assert model.run(run).metrics == before.metrics
    assert model.sweep(WAYS["bypass"]).data.execution.startswith("fast:")


def test_a_verdict_that_came_of_short_memory_is_asked_for_again():
    model = load(hf_model=build("llama"), tokenizer=tokenizer())
    with starving(last_layer(model), more_than(2)):
        assert model.sweep(WAYS["bypass"]).complete
    assert model.sweep(WAYS["bypass"]).data.execution.startswith("fast:")
    assert all(not proof.reason for proof in model.host.proofs.values())


@pytest.fixture
def lab(tmp_path):
    with Lab(Settings(data=tmp_path / "data", models=write_models(tmp_path / "models"))) as opened:
        opened.load("tiny")
        yield opened


def test_through_the_service_a_sweep_ends_with_errors_and_is_resumed(lab):
    model = lab._executor._model
    wanted = model.sweep(WAYS["bypass"]).data
    failing = wanted.values["kl"].index(max(wanted.values["kl"]))
    grid = model.sweep(WAYS["bypass"])
    with starving(last_layer(model), holding(_entering(model, grid, failing)[-1])):
        started = lab.start_sweep(WAYS["bypass"])
        lab._jobs.get(started.job.id).ended.wait()
    record = lab.record(started.id)
    assert lab.job(started.job.id).state == record.state == "completed_with_errors"
    same_but(record.result, wanted, {failing})
    again = lab.resume(started.id)
    assert again.state == "complete"
    same_but(again.result, wanted, set())


def test_through_the_service_a_run_and_a_capture_fail_as_out_of_memory(lab):
    model = lab._executor._model
    with starving(last_layer(model), lambda hidden: True):
        for ask in (lambda: lab.run(Run(prompt=PROMPT)), lambda: lab.sweep(WAYS["suffix"]),
                    lambda: lab.capture(Capture(prompt=PROMPT, targets=[Target("embed")]))):
            with pytest.raises(OutOfMemory):
                ask()
    assert lab.run(Run(prompt=PROMPT))[1] and lab.health().worker == "ready"


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_a_real_limit_on_the_process_splits_real_allocations():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.reliability.limited"],
        cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["alone"] == "out of memory"  # what was to be allocated does not fit
    assert told["complete"] and told["refused"] > 0
    assert told["worst"] < 1e-4
