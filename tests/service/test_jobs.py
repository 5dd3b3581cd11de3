from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from neuronscope.errors import BadDirection, NotFound, QueueFull
from neuronscope.service.jobs import Jobs
from tests.served import wait_for


@pytest.fixture
def jobs():
    queue = Jobs(max_waiting=3)
    yield queue
    queue.stop()
    queue.join()


def blocked(jobs):
    """A running job, and the event that lets it end."""
    begun, let = threading.Event(), threading.Event()

    def work(_task):
        begun.set()
        let.wait()

    task = jobs.submit("run", None, work)
    assert begun.wait(5)
    return task, let


def test_jobs_run_one_at_a_time_in_order(jobs):
    seen = []
    _, let = blocked(jobs)
    tasks = [jobs.submit("run", None, lambda task, n=n: seen.append(n)) for n in range(3)]
    let.set()
    for task in tasks:
        task.ended.wait(5)
    assert seen == [0, 1, 2]
    assert [task.view().state for task in tasks] == ["done"] * 3


def test_a_full_queue_refuses_and_says_when_to_come_back(jobs):
    _, let = blocked(jobs)
    for _ in range(3):
        jobs.submit("run", None, lambda task: None)
    with pytest.raises(QueueFull) as caught:
        jobs.submit("run", None, lambda task: None)
    assert caught.value.retry_after_s > 0
    assert jobs.load()[0] == 3
    let.set()


def test_a_job_is_known_to_its_kind_before_it_can_begin(jobs):
    known, seen = [], []
    for _ in range(50):
        jobs.submit("run", None, lambda task: seen.append(task in known), accepted=known.append)
        wait_for(lambda: jobs.load() == (0, None))
    assert seen == [True] * 50


def test_a_waiting_job_that_is_cancelled_never_runs(jobs):
    ran, dropped = [], []
    _, let = blocked(jobs)
    task = jobs.submit("run", None, ran.append, dropped=lambda: dropped.append(1))
    assert jobs.cancel(task.id).view().state == "cancelled"
    let.set()
    jobs.stop()
    jobs.join()
    assert (ran, dropped) == ([], [1])


def test_a_failure_is_told_without_the_exceptions_text(jobs, caplog):
    def fails(_task):
        raise KeyError("/home/someone/secret")

    task = jobs.submit("run", None, fails)
    task.ended.wait(5)
    told = task.view()
    assert told.state == "failed"
    assert told.error["code"] == "run-failed"
    assert "secret" not in str(told.error)
    assert "secret" in caplog.text  # but in the log


def test_an_exception_that_nobody_foresaw_fails_its_job_and_not_the_queue(jobs, monkeypatch):
    logged, told = [], threading.Event()

    def note(args):
        logged.append(args.exc_type)
        told.set()

    monkeypatch.setattr(threading, "excepthook", note)

    class Strange(Exception):
        pass

    def fails(_task):
        raise Strange

    first, second = jobs.submit("run", None, fails), jobs.submit("run", None, lambda task: 7)
    assert first.ended.wait(5) and second.ended.wait(5)
    assert (first.view().error["code"], second.outcome) == ("run-failed", 7)
    assert told.wait(5)  # the thread ends after its job has
    assert logged == [Strange]


def test_an_own_error_is_told_as_it_is(jobs):
    def refuses(_task):
        raise BadDirection("no length", pointer="/op")

    task = jobs.submit("run", None, refuses)
    task.ended.wait(5)
    assert task.view().error == {
        "type": "/problems/bad-direction", "code": "bad-direction", "status": 422,
        "title": BadDirection.title, "detail": "no length", "pointer": "/op"}


def test_a_job_that_failed_holds_nothing_of_its_work(jobs):
    class Tensor:
        pass

    kept = []

    def fails(_task):
        tensor = Tensor()
        kept.append(weakref.ref(tensor))
        try:
            raise MemoryError
        except MemoryError as error:
            raise BadDirection("no length", pointer="/op") from error

    task = jobs.submit("run", None, fails)
    assert task.ended.wait(5)
    for _ in range(2):
        with pytest.raises(BadDirection, match="no length") as caught:
            task.result()
        assert caught.value.pointer == "/op"
    jobs.submit("run", None, lambda task: None).ended.wait(5)  # the thread has gone on
    gc.collect()
    assert kept[0]() is None


def test_the_estimate_appears_with_the_first_progress(jobs):
    task, let = blocked(jobs)
    assert task.progress().eta_s is None and task.view().eta_s is None
    task.report(1, 2, "cells")
    assert task.progress().eta_s == pytest.approx(task.elapsed_s, abs=0.5)
    assert task.view().eta_s == pytest.approx(task.elapsed_s, abs=0.5)
    let.set()
    task.ended.wait(5)
    assert task.progress().eta_s is None and task.view().eta_s is None


def test_watchers_hear_of_changes_only_while_they_watch(jobs):
    heard = []
    task, let = blocked(jobs)
    with task.watched(lambda: heard.append(task.done)):
        task.report(1, 2)
    task.report(2, 2)
    let.set()
    assert heard == [1]


def test_a_progress_callback_that_raises_cancels_its_job_and_is_heard_by_its_caller(jobs):
    told, threads = [], set()

    def work(task):
        task.report(1, 3)
        assert task.cancelling.wait(60)
        task.stop_if_cancelled()

    def progress(job):
        told.append(job.done)
        threads.add(threading.get_ident())
        raise ZeroDivisionError

    _, let = blocked(jobs)
    second = jobs.submit("sweep", None, work)
    let.set()
    with pytest.raises(ZeroDivisionError):
        jobs.wait(second.id, progress)
    assert second.ended.wait(60) and second.view().state == "cancelled"
    assert (len(told), threads) == (1, {threading.get_ident()})
    assert jobs.wait(jobs.submit("run", None, lambda task: 7).id).outcome == 7


def test_progress_is_told_last_when_the_job_has_ended(jobs):
    told, (_, let) = [], blocked(jobs)
    task = jobs.submit("run", None, lambda task: task.report(1, 1))

    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(jobs.wait, task.id, lambda job: told.append((job.done, job.state)))
        wait_for(lambda: task._watchers)
        let.set()
        waiting.result(60)
    assert told[-1] == (1, "done")


def test_a_watcher_that_raises_is_logged_and_the_job_goes_on(jobs, caplog):
    heard = []
    _, let = blocked(jobs)
    task = jobs.submit("run", None, lambda task: task.report(1, 1))
    with task.watched(lambda: 1 / 0), task.watched(lambda: heard.append(task.state)):
        let.set()
        assert task.ended.wait(60)
    assert task.state == "done" and heard[:2] == ["running", "running"]
    assert "could not be told" in caplog.text


def test_those_that_wait_or_run_are_shown_however_many_have_ended(jobs):
    ended = [jobs.wait(jobs.submit("run", None, lambda task: None).id) for _ in range(4)]
    running, let = blocked(jobs)
    waiting = [jobs.submit("run", None, lambda task: None) for _ in range(2)]
    assert jobs.all() == [*waiting[::-1], running, *ended[::-1]]
    assert jobs.all(5) == [*waiting[::-1], running, *ended[:1:-1]]
    assert jobs.all(1) == [*waiting[::-1], running]
    let.set()


def test_an_unknown_job_is_not_found(jobs):
    with pytest.raises(NotFound):
        jobs.cancel("nothing")
