"""Jobs that are still known when the server has been started anew."""

from __future__ import annotations

import shutil
import threading

import pytest
from sqlalchemy import event

from neuronscope.errors import NotFound, StorageError
from neuronscope.service import jobs as queue
from neuronscope.service.joblog import JobLog
from neuronscope.service.jobs import Jobs
from neuronscope.service.lab import Lab
from neuronscope.spec.results import Job
from neuronscope.store.store import Store
from tests.served import LONG, RUN, SWEEP, wait_for


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


def full(store):
    """Lets nothing more be stored."""
    with store.database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def job(number: int, **given) -> Job:
    return Job(**{"id": f"{number:016x}", "kind": "run", "state": "queued", "created_at": "now",
                  **given})


def test_jobs_that_ended_are_as_they_ended_in_the_next_life(lab, settings):
    record, _ = lab.run(RUN)
    lab.sweep(SWEEP)
    lab.verify(record.id)
    with pytest.raises(NotFound):
        lab.load("absent")
    failed = lab.start_load("broken")
    wait_for(lambda: lab.events.has_ended(failed.id))
    before = lab.jobs()
    assert [each.kind for each in before] == ["load", "verify", "sweep", "run", "load"]
    assert (before[0].state, before[0].error["code"]) == ("failed", "model-refused")
    assert before[1].verification and before[3].subject == record.id
    lab.close()
    with Lab(settings) as later:
        after = later.jobs()
        untimed = {"elapsed_s"}
        assert ([each.model_dump(exclude=untimed) for each in after]
                == [each.model_dump(exclude=untimed) for each in before])
        assert later.verification(before[1].id) == before[1].verification
        assert later.outcome(before[3].id)[0] == record
        assert later.cancel(before[3].id).state == "done"


def test_a_job_that_had_not_ended_has_failed_and_its_cells_are_told(lab, settings):
    accepted = lab.start_sweep(LONG)
    waiting = lab.start_run(RUN, rerun=True)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    copy = settings.data.parent / "killed"
    shutil.copytree(settings.data, copy, ignore=shutil.ignore_patterns("lock*"))
    lab.cancel(accepted.job.id)
    with Lab(type(settings)(data=copy, models=settings.models)) as later:
        stopped = later.job(accepted.job.id)
        assert (stopped.state, stopped.error["code"]) == ("failed", "server-stopped")
        assert "resume" in stopped.error["hint"]
        assert "Send it again" in later.job(waiting.id).error["hint"]
        done = later.sweep_state(accepted.id).done
        news = later.events.news(stopped.id, done - 7)
        assert (len(news.cells), news.after, news.ended) == (7, done, stopped)
    with Lab(type(settings)(data=copy, models=settings.models)) as again:
        assert again.job(stopped.id) == stopped


def test_so_many_jobs_are_remembered_and_no_more(store, monkeypatch):
    monkeypatch.setattr(queue, "KEPT", 5)
    working = Jobs(3, JobLog(store.jobs))
    for _ in range(20):
        working.wait(working.submit("run", None, lambda task: None).id)
    working.stop()
    working.join()
    newest = [task.id for task in working.all()]
    assert 5 <= len(newest) <= 6
    assert [each.id for each, _ in reversed(store.jobs.all())] == newest
    before = JobLog(store.jobs).before()
    assert [task.id for task in reversed(before)] == newest
    assert all(task.state == "done" and task.ended.is_set() for task in before)


def test_jobs_that_arrive_together_share_a_commit(store):
    commits = []
    event.listen(store.database._writer, "commit", lambda connection: commits.append(1))
    with store.database.write():
        threads = [threading.Thread(target=store.jobs.add, args=(job(number),))
                   for number in range(20)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(store.jobs._entries) >= 19)
    for thread in threads:
        thread.join()
    assert len(store.jobs.all()) == 20
    assert len(commits) <= 3  # the one that held them up, the first, and all the others


def test_what_cannot_be_written_down_is_not_accepted_but_a_load_is(store, caplog):
    working = Jobs(3, JobLog(store.jobs))
    full(store)
    with pytest.raises(StorageError):
        for _ in range(200):
            working.submit("run", "x" * 1000, lambda task: None)
            wait_for(lambda: working.load() == (0, None))
    known = len(working.all())
    loading = working.submit("load", "x" * 8000, lambda task: 7)
    assert working.wait(loading.id).outcome == 7
    assert "could not be written down" in caplog.text
    working.stop()
    working.join()
    assert len(working.all()) == known + 1


def test_a_result_and_the_end_of_its_job_are_one_commit(store):
    store.jobs.add(job(1))
    with pytest.raises(KeyError), store.database.write():
        store.jobs.end(job(1, state="done"))
        raise KeyError
    assert store.jobs.all() == [(job(1), False)]
    with store.database.write():
        store.jobs.end(job(1, state="done"))
    assert store.jobs.all() == [(job(1, state="done"), True)]
