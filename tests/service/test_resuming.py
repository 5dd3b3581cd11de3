"""Sweeps that were stopped are brought to their end, to the bit as if nothing had happened."""

from __future__ import annotations

import itertools
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from sqlalchemy import text

from neuronscope.engine import prepare
from neuronscope.errors import Conflict, ModelMismatch, NotFound
from neuronscope.service.lab import Lab
from tests.served import LONG, RUN, SWEEP, wait_for


def without_times(result) -> dict:
    return result.model_dump(mode="json", exclude={"started_at", "duration_s"})


def stopped(lab, spec=LONG) -> str:
    """The id of a sweep that was cancelled in its middle."""
    accepted = lab.start_sweep(spec, rerun=True)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    lab.cancel(accepted.job.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    state = lab.sweep_state(accepted.id)
    assert state.summary.state == "cancelled" and state.done < state.total
    return accepted.id


def test_a_sweep_whose_disk_fills_up_is_failed_once_that_can_be_said(lab):
    accepted = lab.start_sweep(LONG, rerun=True)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    with lab._store.database.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    job = lab.job(accepted.job.id)
    assert (job.state, job.error["code"]) == ("failed", "storage-full")
    assert lab.sweep_state(accepted.id).done > 10
    with lab._store.database.write() as connection:
        connection.execute(text("PRAGMA max_page_count = 1000000"))
    assert lab.sweep_state(accepted.id).summary.state == "failed"
    assert lab.resume(accepted.id).state == "complete"


def test_an_exception_that_nobody_foresaw_fails_the_sweep_too(lab, monkeypatch):
    class Strange(Exception):
        pass

    logged = []
    monkeypatch.setattr(threading, "excepthook", lambda args: logged.append(args.exc_type))
    own = lab._executor.sweep

    def strange(order, listener):
        def cells(batch):
            listener.on_cells(batch)
            raise Strange

        return own(order, replace(listener, on_cells=cells))

    monkeypatch.setattr(lab._executor, "sweep", strange)
    accepted = lab.start_sweep(LONG, rerun=True)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    state = lab.sweep_state(accepted.id)
    assert state.summary.state == "failed" and 0 < state.done < state.total
    assert lab.job(accepted.job.id).error["code"] == "run-failed"
    wait_for(lambda: logged == [Strange])  # the thread ends after its job has
    monkeypatch.undo()
    assert lab.resume(accepted.id).state == "complete"


def test_a_resumed_sweep_is_the_uninterrupted_one(lab):
    key = stopped(lab)
    before = lab._store.cells.of(key)
    record = lab.resume(key)
    assert record.state == "complete" and record.id == key
    whole, _ = lab.sweep(LONG, rerun=True)
    assert whole.id != key
    assert without_times(record.result) == without_times(whole.result)
    after = lab._store.cells.of(key)
    assert {index: after[index] for index in before} == before
    assert lab._store.cells.count(key) == (864, 0)


def test_a_sweep_that_was_interrupted_by_the_end_of_the_server_resumes_in_the_next(lab, settings):
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    copy = settings.data.parent / "killed"
    shutil.copytree(settings.data, copy, ignore=shutil.ignore_patterns("lock*"))
    lab.cancel(accepted.job.id)
    with Lab(type(settings)(data=copy, models=settings.models)) as later:
        assert later.sweep_state(accepted.id).summary.state == "failed"
        later.load("tiny")
        record = later.resume(accepted.id)
        assert record.state == "complete"
        whole, _ = later.sweep(LONG, rerun=True)
        assert without_times(record.result) == without_times(whole.result)


def test_cells_that_failed_are_run_again(lab, monkeypatch):
    forward, calls = prepare.run_forward, itertools.count()

    def short_of_memory(*args, **kwargs):
        if next(calls) == 12:
            raise MemoryError
        return forward(*args, **kwargs)

    exact = SWEEP.model_copy(update={"mode": "exact"})
    with monkeypatch.context() as patched:
        patched.setattr(prepare, "run_forward", short_of_memory)
        accepted = lab.start_sweep(exact)
        wait_for(lambda: lab.events.has_ended(accepted.job.id))
    assert lab.record(accepted.id).result.errors
    record = lab.resume(accepted.id)
    assert record.state == "complete" and not record.result.errors
    whole, _ = lab.sweep(exact, rerun=True)
    assert without_times(record.result) == without_times(whole.result)


def test_what_is_complete_needs_no_job_and_what_runs_is_not_run_twice(lab):
    record, _ = lab.sweep(SWEEP)
    assert lab.start_resume(record.id).job is None
    running = lab.start_sweep(LONG)
    assert lab.start_resume(running.id).job.id == running.job.id
    lab.cancel_sweep(running.id)


def test_another_model_or_environment_is_refused_and_nothing_is_changed(lab, monkeypatch):
    key, threads = stopped(lab), torch.get_num_threads()
    before = lab.sweep_state(key)
    with monkeypatch.context() as patched:
        patched.setattr(torch, "get_num_threads", lambda: 77)
        lab.load("tiny")
        with pytest.raises(Conflict, match=f"threads was {threads}, is 77"):
            lab.resume(key)
    lab.load("other")
    with pytest.raises(ModelMismatch, match="loaded is sha256:"):
        lab.resume(key)
    assert lab.sweep_state(key) == before


def test_a_run_cannot_be_resumed(lab):
    record, _ = lab.run(RUN)
    with pytest.raises(NotFound, match="There is no sweep"):
        lab.resume(record.id)


def test_what_several_ask_for_at_once_gets_one_job(lab):
    key = stopped(lab)
    with ThreadPoolExecutor(4) as pool:
        resumed = list(pool.map(lab.start_resume, [key] * 4))
        jobs = {accepted.job.id for accepted in resumed}
        assert len(jobs) == 1
        wait_for(lambda: lab.events.has_ended(*jobs))
        started = list(pool.map(lab.start_sweep, [SWEEP] * 4))
    assert len({accepted.id for accepted in started}) == 1
    assert lab.sweep_state(key).summary.state == "complete"
