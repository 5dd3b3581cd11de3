"""Every job stops before its next forward when it is asked to, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager

import pytest
from torch.nn.modules.module import register_module_forward_pre_hook

from neuronscope.engine.session import load
from neuronscope.errors import Cancelled
from neuronscope.models.stopping import stoppable
from neuronscope.service.child import ChildProcess
from neuronscope.service.executor import InProcess
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL
from neuronscope.spec.ops import Add, Mean, Noise, Reference, Values
from neuronscope.spec.target import Target
from tests.reliability.census import canary, differing, of_model
from tests.served import LONG, RUN, wait_for
from tests.tiny import PROMPT

MANY = 400
AVERAGE = Mean(Reference([f"w{3 + number % 90} w{3 + number // 90} w7 w8 w9"
                          for number in range(MANY)]))
DRAWN = Run(prompt=PROMPT, metrics=[KL()],
            edits=[Edit(Target("resid_pre", layer=0), Noise(1.0, seed=1, draws=60))])
PREPARED = Sweep(prompt=PROMPT, op=AVERAGE, metrics=[KL()],
                 over=Over(sites=["resid_pre"], layers="all"))
CAPTURED = Capture(prompt=PROMPT, targets=[Target("z")],
                   edits=[Edit(Target("resid_pre", layer=0), AVERAGE)])
TIMES = {"started_at": "", "duration_s": 0.0}
STARTS = {
    "run": lambda lab: lab.start_run(DRAWN, rerun=True),
    "capture": lambda lab: lab.captures.start(CAPTURED, rerun=True),
    "sweep in preparation": lambda lab: lab.start_sweep(PREPARED, rerun=True).job,
    "sweep": lambda lab: lab.start_sweep(LONG, rerun=True).job,
    "verify": lambda lab: lab.start_verify(stored(lab, DRAWN)),
    "check": lambda lab: lab.start_check(),
    "load": lambda lab: lab.start_load("other", anew=True),
}


def stored(lab, spec) -> str:
    """The id of the record of a run, which is made where there is none."""
    return lab.run(spec)[0].id


def counted(lab) -> tuple[int, int]:
    return len(lab.history().items), len(lab.captures.page().items)


@contextmanager
def at_forward(number, act):
    """Calls `act` when so many forwards of a language model have begun; gives what began."""
    begun: list[str] = []

    def count(module, _args):
        if type(module).__name__.endswith(("ForCausalLM", "LMHeadModel")):
            begun.append(type(module).__name__)
            if len(begun) == number:
                act()

    handle = register_module_forward_pre_hook(count)
    try:
        yield begun
    finally:
        handle.remove()


@pytest.mark.parametrize("kind", STARTS)
def test_a_job_in_this_process_stops_before_its_next_forward(kind, settings):
    executor = InProcess()
    with Lab(settings, executor) as lab:
        lab.load("tiny")
        if kind == "verify":
            stored(lab, DRAWN)
        model, before = executor._model.host.model, counted(lab)
        clean, sung = of_model(model), canary(model)
        with at_forward(5, lambda: lab.cancel(lab.health().running)) as begun:
            job = STARTS[kind](lab)
            wait_for(lambda: lab.events.has_ended(job.id))
        assert (lab.job(job.id).state, len(begun)) == ("cancelled", 5)
        assert executor._model.host.model is model
        assert not differing(clean, of_model(model)) and canary(model) == sung
        assert counted(lab) == (before[0] + kind.startswith("sweep"), before[1])
        assert lab.run(RUN, rerun=True)[0].result.model.id == "tiny"


def test_closing_a_lab_stops_a_run_in_this_process(settings):
    lab = Lab(settings)
    lab.load("tiny")
    with at_forward(5, lab.stop) as begun:
        job = lab.start_run(DRAWN)
        wait_for(lambda: lab.events.has_ended(job.id))
        lab.close()
    assert (lab.job(job.id).state, len(begun)) == ("cancelled", 5)


def test_a_sweep_that_is_stopped_in_its_preparation_or_its_controls_is_resumed(settings):
    adding = Sweep(prompt=PROMPT, op=Add(Values([1.0] * 32)), metrics=[KL()], mode="exact",
                   over=Over(sites=["resid_pre"], layers="all"))
    with Lab(settings) as lab:
        lab.load("tiny")
        with at_forward(10**9, lambda: None) as begun:
            whole, _ = lab.sweep(adding)
        for number in (1, 2, len(begun) - 1, len(begun)):
            with at_forward(number, lambda: lab.cancel(lab.health().running)):
                accepted = lab.start_sweep(adding, rerun=True)
                assert lab._jobs.get(accepted.job.id).ended.wait(120)
            last = number == len(begun)  # then nothing is left to be asked before
            assert lab.job(accepted.job.id).state == ("done" if last else "cancelled")
            assert lab.resume(accepted.id).result.model_copy(update=TIMES) == \
                whole.result.model_copy(update=TIMES)


def test_nobody_is_asked_outside_of_a_job(models):
    asked = []
    model = load(models / "tiny")
    with stoppable(lambda: asked.append(1)):
        model.run(RUN)
    inside = len(asked)
    model.run(RUN)
    assert inside > 1 and len(asked) == inside
    with stoppable(lambda: True), pytest.raises(Cancelled):
        model.run(RUN)
    assert model.run(RUN).metrics


@pytest.fixture(scope="module")
def child():
    return ChildProcess()


@pytest.fixture(scope="module")
def lab(child, tmp_path_factory, models):
    with Lab(Settings(data=tmp_path_factory.mktemp("data"), models=models), child) as opened:
        opened.load("tiny")
        stored(opened, DRAWN)
        yield opened


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("kind", STARTS)
def test_a_job_in_the_models_process_stops_and_leaves_it_with_its_model(kind, lab, child):
    """It is not ended by force: it answers, and its model is still there."""
    pid, before = child.pid, counted(lab)
    os.kill(pid, signal.SIGSTOP)
    job = STARTS[kind](lab)
    wait_for(lambda: lab.health().running == job.id)
    lab.cancel(job.id)
    time.sleep(0.2)  # the cancel is in the pipe, behind the order
    os.kill(pid, signal.SIGCONT)
    wait_for(lambda: lab.events.has_ended(job.id))
    assert lab.job(job.id).state == "cancelled"
    assert (child.pid, child.alive(), lab.model().info.id) == (pid, True, "tiny")
    assert counted(lab) == (before[0] + kind.startswith("sweep"), before[1])
    assert lab.run(RUN, rerun=True)[1] and child.pid == pid
