"""The model in a process of its own: the same results, and what happens when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager

import pytest
import torch

from neuronscope.errors import ModelRefused, OutOfRange
from neuronscope.service.child import ChildProcess
from neuronscope.service.executor import Listener
from neuronscope.service.lab import Lab
from neuronscope.service.worker import _carry_out
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.grid import Grid
from neuronscope.spec.ops import Add, Stored, Values
from neuronscope.spec.target import Target
from tests.served import LONG, RUN, SWEEP, wait_for
from tests.tiny import PROMPT

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@pytest.fixture(scope="module")
def child():
    return ChildProcess(hard_cancel_s=0.5)


@pytest.fixture(scope="module")
def lab(child, tmp_path_factory, models):
    """One lab over one child process for all tests here: each leaves it usable."""
    with Lab(Settings(data=tmp_path_factory.mktemp("data"), models=models), child) as opened:
        opened.load("tiny")
        yield opened


def test_a_stored_vector_reaches_the_process(lab):
    sha = lab.add_vector([[1.0] * 32, [float(n) for n in range(32)]], "two")
    spec = Run(prompt=PROMPT, edits=[Edit(Target("resid_pre", layer=1), Add(Stored(sha, 1)))])
    values = Add(Values([float(n) for n in range(32)]))
    given = Run(prompt=PROMPT, edits=[Edit(Target("resid_pre", layer=1), values)])
    found, expected = (lab.run(each)[0].result for each in (spec, given))
    assert found.metrics == expected.metrics and found.spec_hash != expected.spec_hash


def running(lab):
    """A long sweep that has stored some cells."""
    accepted = lab.start_sweep(LONG, rerun=True)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    return accepted


def without_times(result) -> dict:
    return result.model_dump(mode="json", exclude={"started_at", "duration_s"})


def test_the_child_gives_what_the_library_gives(lab, models, tmp_path):
    with Lab(Settings(data=tmp_path, models=models)) as library:
        library.load("tiny")
        for ask in (lambda one: one.run(RUN, rerun=True), lambda one: one.sweep(SWEEP, rerun=True)):
            assert without_times(ask(lab)[0].result) == without_times(ask(library)[0].result)


def test_cancel_stops_a_sweep_between_cells_and_keeps_the_process(lab, child):
    pid, accepted = child.pid, running(lab)
    lab.cancel(accepted.job.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id), 5)
    state = lab.sweep_state(accepted.id)
    assert state.summary.state == "cancelled" and 10 < state.done < state.total
    assert (Grid(lab.grid(accepted.id)).status["kl"] == "ok").sum() == state.done
    assert child.pid == pid


def test_a_failed_load_keeps_the_model(lab):
    with pytest.raises(ModelRefused):
        lab.load("broken")
    assert lab.model().info.id == "tiny"
    assert lab.run(RUN, rerun=True)[1]


def test_errors_keep_their_class_and_pointer_across_the_border(lab, child):
    with pytest.raises(OutOfRange) as caught:
        child.run(RUN.model_copy(update={"read_position": 99}), Listener())
    assert caught.value.pointer == "/read_position"


@posix
def test_a_process_that_is_killed_once_costs_a_sweep_nothing(lab, child):
    """Its cells are kept, the rest runs in a new process, and no bit differs."""
    whole, _ = lab.sweep(LONG, rerun=True)
    accepted, pid = running(lab), child.pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    assert lab.job(accepted.job.id).state == "done" and child.pid != pid
    assert without_times(lab.record(accepted.id).result) == without_times(whole.result)


@posix
def test_a_process_that_is_killed_twice_fails_the_job_and_keeps_its_cells(lab, child):
    accepted, pid = running(lab), child.pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: child.pid not in (pid, None))
    os.kill(child.pid, signal.SIGKILL)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    job = lab.job(accepted.job.id)
    assert (job.state, job.error["code"]) == ("failed", "worker-died")
    state = lab.sweep_state(accepted.id)
    assert state.summary.state == "failed" and 10 < state.done < state.total
    assert lab.health().worker == "stopped"
    record = lab.resume(accepted.id)  # starts it again, with the model
    assert record.state == "complete" and child.alive()
    assert lab.health().worker == "ready"


@posix
def test_a_run_whose_process_is_gone_is_begun_once_more(lab, child):
    os.kill(child.pid, signal.SIGKILL)
    record, created = lab.run(RUN, rerun=True)
    assert created and record.state == "complete"


@contextmanager
def held(child):
    """The model's process does nothing while this is entered; then it is killed."""
    os.kill(child.pid, signal.SIGSTOP)
    yield
    os.kill(child.pid, signal.SIGKILL)


def is_running(lab, job) -> bool:
    return lab.health().running == job.id


@posix
def test_a_load_whose_process_is_killed_is_begun_once_more(lab, child):
    with held(child):
        job = lab.start_load("other")
        wait_for(lambda: is_running(lab, job))
    wait_for(lambda: lab.events.has_ended(job.id))
    assert lab.job(job.id).state == "done" and lab.model().info.id == "other"
    lab.load("tiny")


@posix
def test_a_load_whose_process_is_killed_twice_fails_and_the_queue_and_the_model_go_on(lab, child):
    with held(child):
        job, pid = lab.start_load("other"), child.pid
        waiting = lab.start_run(RUN, rerun=True)
        wait_for(lambda: is_running(lab, job))
    wait_for(lambda: child.pid not in (pid, None))
    os.kill(child.pid, signal.SIGKILL)
    wait_for(lambda: lab.events.has_ended(waiting.id))
    failed = lab.job(job.id)
    assert (failed.state, failed.error["code"]) == ("failed", "worker-died")
    assert lab.job(waiting.id).state == "done" and lab.model().info.id == "tiny"


@posix
def test_a_capture_whose_process_is_killed_is_begun_once_more_and_leaves_no_other_file(lab, child):
    with held(child):
        job = lab.captures.start(Capture(prompt=PROMPT, targets=[Target("z")]))
        wait_for(lambda: is_running(lab, job))
    wait_for(lambda: lab.events.has_ended(job.id))
    record, _ = lab.captures.outcome(job.id)
    file = lab.captures.file(record.id)
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@posix
def test_a_load_that_is_cancelled_stops_and_keeps_the_model_and_the_process(lab, child):
    os.kill(child.pid, signal.SIGSTOP)
    pid, job = child.pid, lab.start_load("other")
    wait_for(lambda: is_running(lab, job))
    lab.cancel(job.id)
    time.sleep(0.1)  # the cancel is in the pipe, behind the order
    os.kill(child.pid, signal.SIGCONT)
    wait_for(lambda: lab.events.has_ended(job.id))
    assert lab.job(job.id).state == "cancelled"
    assert lab.model().info.id == "tiny" and child.pid in (pid, None)
    assert lab.run(RUN, rerun=True)[1]


@pytest.mark.parametrize(("error", "told"), [
    (torch.AcceleratorError, "broken"), (ValueError, "error"), (torch.OutOfMemoryError, "error")])
def test_a_device_that_computes_no_more_ends_its_process(error, told, caplog):
    class Fails:
        def run(self, order, listener):
            raise error("device-side assert")

        load = sweep = capture = run

    kind, value = _carry_out(Fails(), "run", None, Listener())
    assert kind == told and value.code == "run-failed"
    assert "device-side" not in value.detail


@posix
def test_a_process_that_does_not_stop_loses_its_life_but_not_its_cells(lab, child):
    accepted, pid = running(lab), child.pid
    os.kill(pid, signal.SIGSTOP)
    lab.cancel(accepted.job.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id), 10)
    assert lab.job(accepted.job.id).state == "cancelled"
    assert lab.sweep_state(accepted.id).done > 10
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@posix
def test_the_process_ends_with_its_parent(models, tmp_path):
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from neuronscope.service.child import ChildProcess
        from neuronscope.service.lab import Lab
        from neuronscope.settings import Settings
        if __name__ == "__main__":
            child = ChildProcess()
            lab = Lab(Settings(data=Path(sys.argv[1]), models=Path(sys.argv[2])), child)
            child._start()
            print(child.pid, flush=True)
            time.sleep(60)
    """)
    file = tmp_path / "parent.py"
    file.write_text(script)
    parent = subprocess.Popen([sys.executable, str(file), str(tmp_path / "d"), str(models)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    with parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_for(lambda: not alive(pid), 10)
    Lab(Settings(data=tmp_path / "d", models=models)).close()  # the lock is free again


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_executor_without_a_process_says_that_nothing_is_loaded(models):
    executor = ChildProcess()
    assert not executor.alive() and executor.pid is None
    executor.close()
