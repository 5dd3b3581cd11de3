"""Runs and the history, over a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from neuronscope.service.bundles import Bundle
from neuronscope.spec.plans import Forwards, RunPlan
from neuronscope.spec.results import Job, Record
from tests.served import OVERFLOW, RUN, RUN_JSON, wait_for

TIMES = ("started_at", "duration_s")


@pytest.fixture
def record(client):
    return client.post("/api/experiments?rerun=true", json=RUN_JSON).json()


def without_times(result: dict) -> dict:
    return {key: value for key, value in result.items() if key not in TIMES}


def test_the_same_spec_twice_is_201_then_200_with_the_same_bytes(client):
    spec = RUN_JSON | {"top_k": 7}
    first, second = (client.post("/api/experiments", json=spec) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.content == second.content
    assert client.get(f"/api/experiments/{first.json()['id']}").content == first.content


def test_a_dry_run_tells_the_forwards_and_stores_nothing(client):
    spec = RUN_JSON | {"top_k": 8}
    before = client.get("/api/experiments").json()
    planned = client.post("/api/experiments?dry_run=true", json=spec,
                          headers={"Prefer": "respond-async"})
    plan = RunPlan.model_validate_json(planned.content)
    assert planned.status_code == 200 and plan.forwards == Forwards(
        clean=1, unchanged=1, edited=1, plain=0, source=0, path=0)
    assert client.get("/api/experiments").json() == before
    made = client.post("/api/experiments", json=spec)
    assert made.status_code == 201
    assert (made.json()["result"]["spec_hash"], made.json()["result"]["resolved"]) == (
        plan.spec_hash, plan.resolved)
    assert client.post("/api/experiments?dry_run=true", json=spec).json()["estimate_s"] > 0


def test_a_dry_run_is_refused_as_the_run_is(client):
    wrong = RUN_JSON | {"edits": [{"target": {"site": "z", "layer": 9}, "op": {"kind": "zero"}}]}
    dry, run = (client.post("/api/experiments", params={"dry_run": dry}, json=wrong)
                for dry in (True, False))
    assert (dry.status_code, run.status_code) == (422, 422)
    assert (dry.json()["detail"], dry.json()["pointer"]) == (
        run.json()["detail"], run.json()["pointer"])


def test_verify_answers_at_once_or_by_its_job(client, record):
    path = f"/api/experiments/{record['id']}/verify"
    found = client.post(path)
    assert found.status_code == 200 and found.json()["verdict"] == "exact"
    queued = client.post(path, headers={"Prefer": "respond-async"})
    assert queued.status_code == 202
    job = f"/api/jobs/{queued.json()['id']}"
    wait_for(lambda: client.get(job).json()["state"] == "done")
    assert client.get(job).json()["verification"] == found.json()
    assert client.post("/api/experiments/nothing/verify").status_code == 404


def test_an_experiment_is_downloaded_as_a_bundle(client, record, tmp_path):
    answer = client.get(f"/api/experiments/{record['id']}/export")
    assert answer.headers["content-type"] == "application/zip"
    file = tmp_path / "one.zip"
    file.write_bytes(answer.content)
    with Bundle(file) as bundle:
        assert bundle.record(record["id"]) == Record.model_validate(record)
    assert client.get("/api/experiments/nothing/export").status_code == 404


def test_rerun_makes_a_new_record_of_the_same_hash_and_values(client, record):
    again = client.post("/api/experiments", params={"rerun": True}, json=RUN_JSON)
    assert again.status_code == 201 and again.json()["id"] != record["id"]
    assert without_times(again.json()["result"]) == without_times(record["result"])
    by_hash = client.get(f"/api/experiments/{record['result']['spec_hash']}").json()
    assert by_hash["id"] == again.json()["id"]


def test_what_is_sent_is_what_the_lab_has(client, server, record):
    assert Record.model_validate(record) == server.lab.record(record["id"])
    assert Record.model_validate(record).result.spec == RUN


def test_many_clients_get_what_one_gets(server):
    specs = [RUN_JSON | {"prompt": f"w3 w{n} w15"} for n in range(20, 28)]

    def ask(spec):
        return server.client.post("/api/experiments", json=spec)

    with ThreadPoolExecutor(16) as threads:
        twice = list(threads.map(ask, specs * 2))
    assert {answer.status_code for answer in twice} == {200, 201}
    for first, second in zip(twice[:8], twice[8:], strict=True):
        assert first.content == second.content
    serial = [server.lab.run(answer_spec(answer), rerun=True)[0] for answer in twice[:8]]
    for answer, alone in zip(twice, serial, strict=False):
        assert without_times(answer.json()["result"]) == without_times(
            alone.result.model_dump(mode="json"))


def answer_spec(answer):
    return Record.model_validate(answer.json()).result.spec


def test_respond_async_answers_with_a_job(client):
    answer = client.post("/api/experiments?rerun=true", json=RUN_JSON,
                         headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    job = Job.model_validate(answer.json())
    wait_for(lambda: client.get(f"/api/jobs/{job.id}").json()["state"] == "done")
    subject = client.get(f"/api/jobs/{job.id}").json()["subject"]
    assert client.get(f"/api/experiments/{subject}").status_code == 200


def test_a_run_that_is_not_finite_is_null_with_a_status(client):
    answer = client.post("/api/experiments", content=OVERFLOW.model_dump_json(),
                         headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    value = client.get(f"/api/experiments/{answer.json()['id']}").json()["result"]["metrics"]["kl"]
    assert (value["edited"], value["status"]) == (None, "non_finite")


def test_an_edit_that_changes_nothing_says_so(client):
    spec = RUN_JSON | {"edits": [{
        "target": {"site": "mlp_out", "layer": 2, "position": 0}, "op": {"kind": "zero"}}]}
    answer = client.post("/api/experiments", json=spec)
    assert answer.status_code == 201
    assert [note["code"] for note in answer.json()["result"]["warnings"]] == ["no-op"]


def test_a_run_without_an_edit_is_not_warned_of_one(client):
    answer = client.post("/api/experiments", json=RUN_JSON | {"edits": []})
    assert answer.json()["result"]["warnings"] == []


def test_annotations_are_found_in_the_history(client, record):
    path = f"/api/experiments/{record['id']}"
    line = client.patch(path, json={"name": "Induction 100%", "tags": ["b", "a"],
                                    "starred": True})
    assert line.status_code == 200 and line.json()["tags"] == ["a", "b"]
    client.patch(path, json={"notes": "see head 3"})
    for params in ({"q": "induction 100%"}, {"q": "HEAD 3"}, {"tag": "a", "starred": True}):
        found = client.get("/api/experiments", params=params).json()
        assert [item["id"] for item in found["items"]] == [record["id"]], params
    assert client.get(path).json()["notes"] == "see head 3"


def test_pages_of_the_history_show_each_record_once(client):
    made = [client.post("/api/experiments?rerun=true", json=RUN_JSON).json()["id"]
            for _ in range(5)]
    seen, cursor = [], None
    while len(seen) < 5:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/api/experiments", params=params).json()
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
    assert seen[:5] == made[::-1]
    assert client.get("/api/experiments", params={"kind": "sweep", "q": "zzz"}).json() == {
        "items": [], "next": None}


def test_deleted_is_gone(client, record):
    path = f"/api/experiments/{record['id']}"
    assert client.delete(path).status_code == 204
    for answer in (client.get(path), client.delete(path), client.patch(path, json={"name": "x"})):
        assert (answer.status_code, answer.json()["code"]) == (410, "gone")


def test_models_and_tokens(client):
    models = {entry["id"]: entry for entry in client.get("/api/models").json()}
    assert models["tiny"]["loaded"] and not models["other"]["loaded"]
    info = client.get("/api/model").json()["info"]
    assert (info["id"], info["n_layers"]) == ("tiny", 3)
    assert {site["site"] for site in info["sites"] if site["certified"]} >= {"resid_pre", "z"}
    tokens = client.post("/api/tokenize", json={"prompt": "w3 w14"}).json()
    assert [token["text"] for token in tokens["tokens"]] == ["<bos>", "w3", "w14"]


def test_health_needs_no_token_but_tells_no_stranger_what_goes_on(server):
    health = server.client.get("/api/health").json()
    assert health["status"] == "ok" and health["model"] == "tiny"
    assert set(health) == {"status", "version", "worker", "model", "queued", "running"}
    for token in ({}, {"Authorization": "Bearer wrong"}):
        assert server.bare.get("/api/health", headers=token).json() == {"status": "ok"}


def test_the_page_answers_its_own_addresses(client):
    for path in ("/", "/w", "/e/" + "0" * 64, "/s/abc", "/h", "/m", "/c", "/learn/one/2"):
        answer = client.get(path)
        assert answer.status_code in {200, 503}
        assert answer.headers["content-type"].startswith(("text/html", "text/plain"))
    assert client.get("/api/w").json()["code"] == "not-found"
    assert client.get("/assets/none.js").status_code in {404, 503}
    assert client.post("/w").status_code == 405
