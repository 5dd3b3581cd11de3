"""A model's process that died is started again with the model that was loaded, or not at all."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from neuronscope.errors import ModelMismatch, ModelRefused
from neuronscope.service.child import ChildProcess
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from tests.served import LONG, RUN, wait_for, write_models
from tests.tiny import save

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@pytest.fixture(scope="module")
def own_models(tmp_path_factory):
    """Folders that tests here may change."""
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def child():
    return ChildProcess()


@pytest.fixture(scope="module")
def lab(child, tmp_path_factory, own_models):
    with Lab(Settings(data=tmp_path_factory.mktemp("data"), models=own_models), child) as opened:
        opened.load("tiny")
        yield opened


def killed(child) -> None:
    os.kill(child.pid, signal.SIGKILL)
    wait_for(lambda: not child.alive())


def test_a_refused_load_in_a_new_process_does_not_lose_the_model(lab, child):
    killed(child)
    with pytest.raises(ModelRefused):
        lab.load("broken")
    assert (lab.model().info.id, lab.health().worker) == ("tiny", "stopped")
    record, _ = lab.run(RUN, rerun=True)
    assert record.result.model.model_digest == lab.model().info.model_digest
    assert lab.health().worker == "ready"


def test_a_job_that_is_cancelled_while_the_model_is_brought_back_does_not_lose_it(lab, child):
    killed(child)
    dead = child.pid
    sweep = lab.start_sweep(LONG, rerun=True)
    wait_for(lambda: child.pid not in (dead, None))
    lab.cancel(sweep.job.id)  # long before the new process can load
    wait_for(lambda: lab.events.has_ended(sweep.job.id))
    assert lab.job(sweep.job.id).state == "cancelled"
    assert (lab.model().info.id, lab.health().worker) == ("tiny", "stopped")
    assert lab.run(RUN, rerun=True)[1] and lab.health().worker == "ready"


def test_a_model_whose_files_have_changed_does_not_pass_for_the_one_that_was_loaded(
        lab, child, own_models):
    before = lab.model().info.model_digest
    shutil.rmtree(own_models / "tiny")
    save("llama", own_models / "tiny", seed=5)
    assert lab.run(RUN, rerun=True)[0].result.model.model_digest == before  # it is in memory
    killed(child)
    with pytest.raises(ModelMismatch, match=f"model digest was {before}, is ") as caught:
        lab.run(RUN, rerun=True)
    assert (child.pid, lab.health().worker) == (None, "stopped")
    now = lab.load("tiny").model_digest
    assert now != before and now in caught.value.detail
    assert lab.run(RUN, rerun=True)[0].result.model.model_digest == now
