"""The lab with the engine in this process, on tiny random models."""

from __future__ import annotations

import itertools
import json
import os
import stat

import pytest
from sqlalchemy import text

from neuronscope.engine import prepare
from neuronscope.engine.session import Model
from neuronscope.errors import (
    Cancelled,
    DataFolderLocked,
    Gone,
    InvalidField,
    NoModel,
    StorageError,
)
from neuronscope.models.load import load
from neuronscope.service.lab import Lab
from neuronscope.service.opening import open_lab
from neuronscope.service.views import Annotation
from neuronscope.settings import Settings
from neuronscope.spec.experiments import Run, Sweep
from neuronscope.spec.grid import Grid
from neuronscope.store.history import Filter
from tests.served import LONG, OVERFLOW, RUN, SWEEP, wait_for

TIMES = {"started_at", "duration_s"}


def without_times(result) -> dict:
    return result.model_dump(mode="json", exclude=TIMES)


def test_the_same_run_is_answered_from_the_store(lab):
    first, created = lab.run(RUN)
    second, again = lab.run(Run.model_validate(RUN.model_dump()))
    assert (created, again) == (True, False)
    assert second.model_dump_json() == first.model_dump_json()
    assert lab.record(first.result.spec_hash) == first


def test_rerun_makes_a_new_record_with_the_same_result(lab):
    first, _ = lab.run(RUN)
    second, created = lab.run(RUN, rerun=True)
    assert created and second.id != first.id
    assert without_times(second.result) == without_times(first.result)


def test_a_stored_run_equals_the_engines(lab, models):
    record, _ = lab.run(RUN)
    engine = Model(load(models / "tiny", model_id="tiny")).run(RUN)
    assert without_times(record.result) == without_times(engine)


def test_a_stored_sweep_equals_the_engines(lab, models):
    record, created = lab.sweep(SWEEP)
    engine = Model(load(models / "tiny", model_id="tiny")).sweep(SWEEP)
    assert created and record.state == "complete"
    assert without_times(record.result) == without_times(engine.data)
    assert lab.sweep(SWEEP) == (record, False)
    state = lab.sweep_state(record.id)
    assert (state.done, state.total, state.job) == (36, 36, None)
    assert "most at" in state.summary.headline


def test_a_plan_runs_nothing(lab):
    plan = lab.plan(SWEEP)
    assert plan.n_cells == 36
    assert lab.plan(RUN).n_forwards == 3
    assert lab.history().items == ()


def test_a_plan_estimates_from_what_was_run_before_on_this_model(lab):
    assert lab.plan(RUN).estimate_s is lab.plan(SWEEP).estimate_s is None
    lab.run(RUN)
    assert lab.plan(RUN).estimate_s > 0 and lab.plan(SWEEP).estimate_s is None
    grid = lab.sweep(SWEEP)[0].result
    assert lab.plan(SWEEP).estimate_s == pytest.approx(grid.duration_s)
    assert lab.plan(LONG).estimate_s is None  # its cells are run another way
    lab.load("other")
    assert lab.plan(RUN).estimate_s is lab.plan(SWEEP).estimate_s is None


def test_a_sweep_that_was_stopped_tells_nothing_of_its_pace(lab):
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    lab.cancel(accepted.job.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    lab.resume(accepted.id)
    assert lab.plan(LONG).estimate_s is None


def test_cancel_keeps_the_finished_cells(lab):
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    lab.cancel(accepted.job.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    assert lab.job(accepted.job.id).state == "cancelled"
    state, grid = lab.sweep_state(accepted.id), Grid(lab.grid(accepted.id))
    assert state.summary.state == "cancelled"
    assert 10 < state.done < state.total == 864
    assert (grid.status["kl"] == "ok").sum() == state.done
    assert not grid.complete and grid.data.reasons[0] == "cancelled"
    record = lab.record(accepted.id)
    assert record.result == grid.data


def test_a_cell_that_fails_is_told_and_the_sweep_is_not_called_complete(lab, monkeypatch):
    forward, calls = prepare.run_forward, itertools.count()

    def short_of_memory(*args, **kwargs):
        if next(calls) == 12:
            raise MemoryError
        return forward(*args, **kwargs)

    monkeypatch.setattr(prepare, "run_forward", short_of_memory)
    exact = SWEEP.model_copy(update={"mode": "exact"})
    accepted = lab.start_sweep(exact)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    assert lab.job(accepted.job.id).state == "completed_with_errors"
    record = lab.record(accepted.id)
    assert record.state == "completed_with_errors" and not record.result.complete
    assert list(record.result.errors.values()) == ["out of memory"]
    assert lab.start_sweep(exact).job is not None  # not taken for an answer


def test_a_full_disk_fails_the_job_and_keeps_what_is_stored(lab):
    record, _ = lab.run(RUN)
    with lab._store.database.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageError):
        for _ in range(50):
            lab.run(RUN, rerun=True)
    assert lab.record(record.id) == record
    assert lab.jobs()[0].error["code"] == "storage-full"


def test_an_equal_sweep_joins_the_running_one(lab):
    first = lab.start_sweep(LONG)
    second = lab.start_sweep(LONG)
    assert (second.id, second.job.id) == (first.id, first.job.id)
    lab.cancel_sweep(first.id)
    wait_for(lambda: lab.events.has_ended(first.job.id))


def test_a_waiting_sweep_that_is_cancelled_says_so(lab):
    lab.start_sweep(LONG)
    waiting = lab.start_sweep(SWEEP)
    assert lab.cancel_sweep(waiting.id).summary.state == "cancelled"
    assert lab.job(waiting.job.id).state == "cancelled"


def test_a_run_that_is_not_finite_can_be_read_for_ever(lab, settings):
    record, _ = lab.run(OVERFLOW)
    value = record.result.metrics["kl"]
    assert (value.status, value.edited) == ("non_finite", None)
    lab.close()
    with Lab(settings) as later:
        assert later.record(record.id) == record
        assert "non-finite" in later.history().items[0].headline


def test_a_new_lab_on_the_folder_finds_everything(lab, settings):
    run, _ = lab.run(RUN)
    sweep, _ = lab.sweep(SWEEP)
    lab.annotate(run.id, Annotation(name="first", tags=("a",), starred=True))
    lab.close()
    with Lab(settings) as later:
        assert [line.id for line in later.history().items] == [sweep.id, run.id]
        assert later.record(sweep.id) == sweep
        assert later.record(run.id).name == "first"
        assert later.history(Filter(tag="a")).items[0].starred
        with pytest.raises(NoModel):
            later.run(RUN)
        later.load("tiny")
        assert later.run(RUN)[1] is False


def test_a_sweep_that_a_killed_server_left_says_so(lab, settings):
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 0)
    lab.cancel_sweep(accepted.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    lab._store.experiments.set_state(accepted.id, "running")  # as a kill would leave it
    stored = lab._store.experiments.get(accepted.id)
    body = json.loads(stored.body) | {"reasons": []}
    lab._store.experiments.finish(accepted.id, state="running", headline="",
                                  body=json.dumps(body))
    lab.close()
    with Lab(settings) as later:
        state = later.sweep_state(accepted.id)
        assert state.summary.state == "failed"
        assert state.reasons == ("the server ended while the sweep ran",)
        assert later.grid(accepted.id).reasons[0] == state.reasons[0]


def test_a_second_instance_is_refused_and_names_the_first(lab, settings):
    lab.announce("http://localhost:8123")
    with pytest.raises(DataFolderLocked) as caught:
        Lab(settings)
    assert f"process {os.getpid()} at http://localhost:8123" in caught.value.detail
    lab.close()
    Lab(settings).close()


def test_a_deleted_experiment_is_gone(lab):
    record, _ = lab.run(RUN)
    lab.delete(record.id)
    with pytest.raises(Gone):
        lab.record(record.id)
    again, created = lab.run(RUN)
    assert created and again.id != record.id


def test_deleting_a_running_sweep_stops_it(lab):
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 0)
    lab.delete(accepted.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    assert lab.job(accepted.job.id).state == "cancelled"
    with pytest.raises(Gone):
        lab.sweep_state(accepted.id)


def test_progress_tells_of_stored_cells(lab):
    seen = []
    lab.sweep(SWEEP, progress=lambda job: seen.append((job.done, job.total)))
    assert seen[-1] == (36, 36)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_closing_stops_a_running_sweep_and_keeps_its_cells(lab, settings):
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 0)
    lab.close()
    with Lab(settings) as later:
        state = later.sweep_state(accepted.id)
        assert state.summary.state == "cancelled" and state.done > 0


def test_a_failing_job_raises_for_the_one_who_waits(lab):
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 0)
    waiting = lab.start_run(RUN)
    lab.cancel(waiting.id)
    with pytest.raises(Cancelled):
        lab.outcome(waiting.id)
    lab.cancel_sweep(accepted.id)


def test_the_token_file_is_the_owners_alone(tmp_path, models):
    from neuronscope.service.token import access_token

    with open_lab(tmp_path / "d", models) as lab:
        token = access_token(lab.settings)
        file = tmp_path / "d" / "token"
        assert file.read_text().strip() == token == access_token(lab.settings)
        file.write_text("\n \n")
        assert len(access_token(lab.settings)) >= 32  # never an empty one
        assert len(token) >= 32 and stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_job_of_a_later_version_does_not_keep_the_folder_closed(tmp_path, models, caplog):
    settings = Settings(data=tmp_path / "data", models=models)
    with Lab(settings) as lab:
        kept = lab.start_load("tiny").id
        wait_for(lambda: lab.events.has_ended(kept))
        with lab._store.database.write() as connection:
            connection.exec_driver_sql("INSERT INTO jobs (id, ended, body) "
                                       "VALUES ('later', 1, '{\"kind\": \"dream\"}')")
    with Lab(settings) as lab:
        assert [job.id for job in lab.jobs()] == [kept]
    assert "job later cannot be read" in caplog.text


def test_a_bad_cursor_is_refused(lab):
    with pytest.raises(InvalidField):
        lab.history(cursor="x")


def test_titles_say_what_was_done(lab):
    lab.run(RUN)
    lab.sweep(SWEEP)
    lab.run(Run(prompt=[3, 4, 5]))
    lines = {line.title: line for line in lab.history().items}
    assert set(lines) == {
        "zero MLP of layer 0", "zero stream in and attention at each layer and position", "no edit"}
    assert lines["no edit"].prompt == "w3w4w5"
    assert isinstance(lab.record(lines["no edit"].id).result.spec, Run)
    assert isinstance(lab.record(next(line.id for line in lines.values()
                                      if line.kind == "sweep")).result.spec, Sweep)
