"""Sweeps and their events, over a real server; and the model's process dying under them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
from collections.abc import Iterator

import pytest

from neuronscope.engine.session import Model
from neuronscope.models.load import load
from neuronscope.service.child import ChildProcess
from neuronscope.settings import Settings
from neuronscope.spec.experiments import Sweep
from neuronscope.spec.gridfile import unpacked
from neuronscope.spec.results import GridData
from tests.served import LONG, RUN_JSON, SWEEP, served, wait_for

JSON = {"Content-Type": "application/json"}


def submit(client, spec: Sweep, **params) -> dict:
    answer = client.post("/api/sweeps", params=params, content=spec.model_dump_json(),
                         headers=JSON)
    assert answer.status_code == 202, answer.text
    return answer.json()


def events(client, job_id: str, after: str | None = None) -> Iterator[tuple[str, str, dict]]:
    """(id, type, data) of a job's events, until the server ends the stream."""
    headers = {"Last-Event-ID": after} if after is not None else {}
    with client.stream("GET", f"/api/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event:
                if "event" in event:
                    yield event["id"], event["event"], json.loads(event["data"])
                event = {}


def cells_of(told) -> list[dict]:
    return [cell for _, kind, data in told if kind == "cells" for cell in data["cells"]]


def test_a_sweep_streams_its_cells_and_equals_the_engines(client, models):
    accepted = submit(client, SWEEP, rerun=True)
    told = list(events(client, accepted["job"]["id"]))
    assert [kind for _, kind, _ in told][-1] == "end"
    assert told[-1][2]["job"]["state"] == "done"
    assert {"done", "total", "elapsed_s", "eta_s", "phase"} <= set(
        next(data for _, kind, data in told if kind == "progress"))
    grid = client.get(f"/api/sweeps/{accepted['id']}/grid").json()
    engine = Model(load(models / "tiny", model_id="tiny")).sweep(SWEEP).data
    times = {"started_at", "duration_s"}
    assert GridData.model_validate(grid).model_dump(exclude=times) == engine.model_dump(
        exclude=times)
    streamed = {cell["index"]: cell["values"]["kl"] for cell in cells_of(told)}
    assert [streamed[index] for index in range(36)] == grid["values"]["kl"]
    assert len(cells_of(told)) == 36


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 16, "9" * 20, "\u0663"])
def test_what_is_no_id_of_an_event_is_refused(client, after):
    job = submit(client, SWEEP, rerun=True)["job"]["id"]
    answer = client.get(f"/api/jobs/{job}/events", headers={"Last-Event-ID": after.encode()})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-field")
    assert "last-event-id" in answer.json()["detail"]


def test_after_an_event_beyond_the_last_there_is_only_the_end(client):
    told = list(events(client, submit(client, SWEEP, rerun=True)["job"]["id"], "9" * 15))
    assert cells_of(told) == [] and told[-1][1] == "end"


def test_every_address_of_a_deleted_sweep_says_that_it_is_gone(client):
    accepted = submit(client, SWEEP, rerun=True)
    assert list(events(client, accepted["job"]["id"]))[-1][1] == "end"
    assert client.delete(f"/api/experiments/{accepted['id']}").status_code == 204
    for method, rest in (("GET", ""), ("GET", "/grid"), ("POST", "/cancel"), ("POST", "/resume"),
                         ("GET", "/export")):
        answer = client.request(method, f"/api/sweeps/{accepted['id']}{rest}")
        assert (answer.status_code, answer.json()["code"]) == (410, "gone"), rest


def test_a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice(client):
    accepted = submit(client, LONG, rerun=True)
    first = []
    for event in events(client, accepted["job"]["id"]):
        first.append(event)
        if len(cells_of(first)) > 20:
            break
    rest = list(events(client, accepted["job"]["id"], after=first[-1][0]))
    indices = [cell["index"] for cell in cells_of(first) + cells_of(rest)]
    assert sorted(indices) == list(range(864))
    again = list(events(client, accepted["job"]["id"], after=rest[-1][0]))
    assert [kind for _, kind, _ in again] == ["progress", "end"]


def test_the_same_sweep_is_answered_from_the_store(client):
    spec = SWEEP.model_copy(update={"top_k": 3})
    first = submit(client, spec)
    list(events(client, first["job"]["id"]))
    answer = client.post("/api/sweeps", content=spec.model_dump_json(), headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {"id": first["id"], "job": None})


def test_a_dry_run_only_counts(client):
    before = client.get("/api/sweeps").json()
    answer = client.post("/api/sweeps?dry_run=true", content=LONG.model_dump_json(), headers=JSON)
    assert answer.status_code == 200 and answer.json()["n_cells"] == 864
    assert client.get("/api/sweeps").json() == before


def test_a_dry_run_is_answered_while_a_sweep_runs_and_queues_nothing(client):
    running = submit(client, LONG, rerun=True)
    path = f"/api/sweeps/{running['id']}"
    wait_for(lambda: client.get(path).json()["done"] > 0)
    jobs = [job["id"] for job in client.get("/api/jobs").json()]
    stored = client.get("/api/experiments").json()["items"][0]["id"]
    run = client.post("/api/experiments?dry_run=true", json=RUN_JSON | {"top_k": 9})
    sweep = client.post("/api/sweeps?dry_run=true", content=SWEEP.model_dump_json(), headers=JSON)
    assert (run.status_code, sweep.status_code) == (200, 200)
    assert run.json()["n_forwards"] == 3 and sweep.json()["n_cells"] == 36
    assert client.get(path).json()["job"] == running["job"]["id"]
    assert [job["id"] for job in client.get("/api/jobs").json()] == jobs
    assert client.get("/api/experiments").json()["items"][0]["id"] == stored
    client.post(f"{path}/cancel")
    wait_for(lambda: client.get(path).json()["job"] is None)


def test_cancel_keeps_the_finished_cells(client):
    accepted = submit(client, LONG, rerun=True)
    path = f"/api/sweeps/{accepted['id']}"
    wait_for(lambda: client.get(path).json()["done"] > 10)
    assert client.post(f"{path}/cancel").status_code == 200
    wait_for(lambda: client.get(f"/api/jobs/{accepted['job']['id']}").json()["state"]
             == "cancelled", 5)
    state, grid = client.get(path).json(), client.get(f"{path}/grid").json()
    assert state["summary"]["state"] == "cancelled"
    assert 10 < state["done"] == grid["status"]["kl"].count("ok") < state["total"]
    assert not grid["complete"] and "cancelled" in grid["reasons"]


def test_a_cancelled_sweep_is_resumed_and_streams_the_rest_of_its_cells(client):
    accepted = submit(client, LONG, rerun=True)
    path = f"/api/sweeps/{accepted['id']}"
    wait_for(lambda: client.get(path).json()["done"] > 10)
    client.post(f"{path}/cancel")
    wait_for(lambda: client.get(f"/api/jobs/{accepted['job']['id']}").json()["state"]
             == "cancelled", 5)
    before = client.get(path).json()["done"]
    resumed = client.post(f"{path}/resume")
    assert resumed.status_code == 202 and resumed.json()["id"] == accepted["id"]
    told = list(events(client, resumed.json()["job"]["id"], after=str(before)))
    assert told[-1][2]["job"]["state"] == "done"
    assert len(cells_of(told)) == 864 - before
    assert client.get(f"{path}/grid").json()["complete"]
    again = client.post(f"{path}/resume")
    assert again.status_code == 200 and again.json()["job"] is None


def test_a_grid_comes_as_csv_too(client):
    accepted = submit(client, SWEEP, rerun=True)
    list(events(client, accepted["job"]["id"]))
    answer = client.get(f"/api/sweeps/{accepted['id']}/grid", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 36
    assert {"site", "layer", "position", "kl", "kl status", "top token"} == set(rows[0])


def test_a_grid_comes_as_arrays_too_and_exactly(client):
    accepted = submit(client, SWEEP, rerun=True)
    list(events(client, accepted["job"]["id"]))
    path, kind = f"/api/sweeps/{accepted['id']}/grid", "application/x-safetensors"
    exact = client.get(path, headers={"Accept": kind})
    assert exact.headers["content-type"] == kind
    assert unpacked(exact.content) == GridData.model_validate_json(client.get(path).content)
    narrow = client.get(path, headers={"Accept": kind}, params={"dtype": "float32"})
    assert narrow.status_code == 200 and len(narrow.content) < len(exact.content)
    refused = client.get(path, headers={"Accept": kind}, params={"dtype": "int8"})
    assert refused.status_code == 422


def test_sweeps_are_listed_and_read_as_records(client):
    accepted = submit(client, SWEEP, rerun=True)
    list(events(client, accepted["job"]["id"]))
    newest = client.get("/api/sweeps").json()["items"][0]
    assert (newest["id"], newest["kind"], newest["state"]) == (accepted["id"], "sweep", "complete")
    record = client.get(f"/api/experiments/{accepted['id']}").json()
    assert record["result"]["kind"] == "sweep" and record["result"]["complete"]
    assert client.get(f"/api/sweeps/{accepted['id']}").json()["job"] is None


@pytest.fixture(scope="module")
def child():
    return ChildProcess()


@pytest.fixture(scope="module")
def other(tmp_path_factory, models, child):
    """A server whose model lives in a process of its own."""
    settings = Settings(data=tmp_path_factory.mktemp("child"), models=models, max_queue=2)
    with served(settings, child, load=None) as running:
        yield running


def load_job(other, model_id: str) -> dict:
    job = other.client.post(f"/api/models/{model_id}/load")
    assert job.status_code == 202
    return list(events(other.client, job.json()["id"]))[-1][2]["job"]


def test_before_a_model_is_loaded_the_answer_says_so(other):
    answer = other.client.post("/api/experiments", json=RUN_JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "no-model")
    assert other.client.get("/api/model").json() == {"info": None, "loading": None}


def test_while_it_loads_the_answer_says_when_to_come_back(other):
    job = other.client.post("/api/models/tiny/load").json()
    answer = other.client.post("/api/experiments", json=RUN_JSON)
    assert (answer.status_code, answer.json()["code"]) == (503, "model-loading")
    assert int(answer.headers["retry-after"]) > 0
    assert other.client.get("/api/model").json()["loading"] == job["id"]
    phases = [data["phase"] for _, kind, data in events(other.client, job["id"])
              if kind == "progress"]
    assert phases[-1] == "ready" and "certify" in phases
    assert other.client.post("/api/experiments", json=RUN_JSON).status_code == 201


def test_a_failed_load_keeps_the_model(other):
    job = load_job(other, "broken")
    assert (job["state"], job["error"]["code"]) == ("failed", "model-refused")
    assert other.client.get("/api/model").json()["info"]["id"] == "tiny"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_process_killed_twice_fails_the_job_and_the_server_goes_on(other, child):
    accepted = submit(other.client, LONG)
    path = f"/api/sweeps/{accepted['id']}"
    wait_for(lambda: other.client.get(path).json()["done"] > 10)
    pid = child.pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: child.pid not in (pid, None))
    os.kill(child.pid, signal.SIGKILL)
    end = list(events(other.client, accepted["job"]["id"]))[-1][2]["job"]
    assert (end["state"], end["error"]["code"]) == ("failed", "worker-died")
    assert other.client.get("/api/health").json()["worker"] == "stopped"
    assert other.client.get(f"{path}/grid").json()["status"]["kl"].count("ok") > 10
    assert load_job(other, "other")["state"] == "done"
    assert other.client.get("/api/health").json()["model"] == "other"
    assert load_job(other, "tiny")["state"] == "done"


def test_a_full_queue_is_refused_with_retry_after(other):
    running = submit(other.client, LONG, rerun=True)
    wait_for(lambda: other.client.get("/api/health").json()["running"] == running["job"]["id"])
    waiting = [submit(other.client, SWEEP.model_copy(update={"top_k": k})) for k in (4, 5)]
    answer = other.client.post("/api/experiments?rerun=true", json=RUN_JSON)
    assert (answer.status_code, answer.json()["code"]) == (503, "queue-full")
    assert int(answer.headers["retry-after"]) > 0
    for accepted in [*waiting, running]:
        cancelled = other.client.post(f"/api/jobs/{accepted['job']['id']}/cancel")
        assert cancelled.status_code == 200
    states = [other.client.get(f"/api/jobs/{each['job']['id']}").json()["state"]
              for each in waiting]
    assert states == ["cancelled", "cancelled"]
    wait_for(lambda: other.client.get("/api/health").json()["running"] is None, 5)
