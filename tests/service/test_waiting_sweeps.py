"""Sweeps that end before they begin: with a full disk, a full queue, or asked to."""

from __future__ import annotations

import itertools
from contextlib import ExitStack, contextmanager

import pytest

from neuronscope.engine import prepare
from neuronscope.errors import Gone, QueueFull, StorageFull
from neuronscope.service.lab import Lab
from tests.served import LONG, SWEEP, wait_for


@pytest.fixture
def running(lab):
    """A sweep that runs, so that what comes after it waits."""
    accepted = lab.start_sweep(LONG, rerun=True)
    wait_for(lambda: lab.health().running == accepted.job.id)
    return accepted


@contextmanager
def full(lab, monkeypatch):
    """Nothing can be stored."""
    def refuses():
        raise StorageFull("The database has no more space.")

    with monkeypatch.context() as patch:
        patch.setattr(lab._store.database, "write", refuses)
        yield


def refused(*args, **kwargs):
    raise QueueFull("Another took the last place.")


def with_failed_cells(lab, monkeypatch) -> str:
    """The id of a finished sweep, one of whose cells failed."""
    forward, calls = prepare.run_forward, itertools.count()

    def short_of_memory(*args, **kwargs):
        if next(calls) == 12:
            raise MemoryError
        return forward(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "run_forward", short_of_memory)
        record, _ = lab.sweep(SWEEP.model_copy(update={"mode": "exact"}), rerun=True)
    assert record.state == "completed_with_errors"
    return record.id


def test_a_waiting_sweep_is_cancelled_also_while_nothing_can_be_stored(lab, running, monkeypatch):
    waiting = lab.start_sweep(SWEEP)
    with full(lab, monkeypatch):
        assert lab.cancel(waiting.job.id).state == "cancelled"
        assert lab.events.has_ended(waiting.job.id) and lab.health().queued == 0
    assert lab.sweep_state(waiting.id).summary.state == "cancelled"
    lab.cancel(running.job.id)


def test_a_lab_is_closed_also_while_nothing_can_be_stored(lab, running, settings, monkeypatch):
    waiting = [lab.start_sweep(SWEEP.model_copy(update={"top_k": k})) for k in (4, 5)]
    with full(lab, monkeypatch):
        lab.close()
    assert [lab.job(each.job.id).state for each in waiting] == ["cancelled"] * 2
    assert lab.events.has_ended(running.job.id)
    with Lab(settings) as later:  # the folder is free, and they are known as ended
        assert later.sweep_state(waiting[0].id).summary.state == "failed"


def test_the_data_folder_is_free_whatever_goes_wrong_on_closing(lab, settings, monkeypatch):
    def fails():
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(lab._executor, "close", fails)
        with pytest.raises(OSError):
            lab.close()
    Lab(settings).close()


def test_a_sweep_that_was_not_queued_leaves_nothing_once_that_can_be_stored(lab, monkeypatch):
    with ExitStack() as filled, monkeypatch.context() as patch:
        def refuses(*args, **kwargs):
            filled.enter_context(full(lab, monkeypatch))
            raise QueueFull("Another took the last place.")

        patch.setattr(lab._jobs, "submit", refuses)
        with pytest.raises(QueueFull):
            lab.start_sweep(SWEEP)
    left, = lab.history().items
    assert left.state == "running"
    with pytest.raises(Gone):
        lab.sweep_state(left.id)
    assert lab.history().items == ()


def test_a_resume_that_was_not_queued_changes_nothing(lab, monkeypatch):
    key = with_failed_cells(lab, monkeypatch)
    before = lab.sweep_state(key), lab.record(key)
    assert before[1].result.errors
    with monkeypatch.context() as patch:
        patch.setattr(lab._jobs, "submit", refused)
        with pytest.raises(QueueFull):
            lab.resume(key)
    assert (lab.sweep_state(key), lab.record(key)) == before


def test_a_resume_that_is_cancelled_while_it_waits_changes_nothing(lab, running, monkeypatch):
    lab.cancel(running.job.id)
    key = with_failed_cells(lab, monkeypatch)
    before = lab.sweep_state(key), lab.record(key)
    long = lab.start_sweep(LONG, rerun=True)
    waiting = lab.start_resume(key)
    assert lab.record(key).result.errors == before[1].result.errors  # also if it ended here
    lab.cancel(waiting.job.id)
    lab.cancel(long.job.id)
    assert (lab.sweep_state(key), lab.record(key)) == before
    assert lab.resume(key).state == "complete"
