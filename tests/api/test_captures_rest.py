"""Captures over a real server: as JSON, as safetensors, one array at a time."""

from __future__ import annotations

import io

import numpy as np
import pytest
from safetensors.numpy import load

from neuronscope.spec.captures import CaptureRecord
from tests.served import wait_for
from tests.tiny import PROMPT

SPEC = {"prompt": PROMPT, "targets": [{"site": "z", "position": [0, -1]},
                                      {"site": "resid_post", "layer": 1}]}
TENSORS = {"Accept": "application/x-safetensors"}
ARRAY = {"Accept": "application/x-npy"}


@pytest.fixture
def record(client):
    return client.post("/api/captures", json=SPEC).json()


def test_the_same_capture_twice_is_201_then_200_with_the_same_bytes(client):
    spec = SPEC | {"edits": [{"target": {"site": "mlp_out", "layer": 0}, "op": {"kind": "zero"}}]}
    first, second = (client.post("/api/captures", json=spec) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.content == second.content
    key, by_hash = first.json()["id"], first.json()["data"]["capture_hash"]
    for address in (key, by_hash):
        assert client.get(f"/api/captures/{address}").content == first.content
    again = client.post("/api/captures?rerun=true", json=spec)
    assert again.status_code == 201 and again.json()["id"] != key
    assert again.json()["data"]["entries"] == first.json()["data"]["entries"]


def test_tensors_come_as_safetensors_and_as_npy(client, record, server):
    data = CaptureRecord.model_validate(record).data
    answer = client.get(f"/api/captures/{record['id']}", headers=TENSORS)
    assert answer.headers["content-type"] == "application/x-safetensors"
    tensors = load(answer.content)
    assert set(tensors) == {"z.0", "z.1", "z.2", "resid_post.1"}
    ours = server.lab.captures.open(record["id"]).arrays
    for entry in data.entries:
        one = client.get(f"/api/captures/{record['id']}", params={"entry": entry.name},
                         headers=ARRAY)
        assert one.headers["content-type"] == "application/x-npy"
        array = np.load(io.BytesIO(one.content), allow_pickle=False)
        assert array.shape == entry.shape
        assert np.array_equal(array, tensors[entry.name])
        assert np.array_equal(array, ours[entry.name])
        assert entry.statistics.max == array.max()
    octets = client.get(f"/api/captures/{record['id']}",
                        headers={"Accept": "application/octet-stream"})
    assert octets.content == answer.content


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=abc", "bytes=99999999-", "lines=1-2"])
def test_a_capture_is_sent_whole_whatever_range_is_asked_for(client, record, asked):
    whole = client.get(f"/api/captures/{record['id']}", headers=TENSORS)
    part = client.get(f"/api/captures/{record['id']}", headers=TENSORS | {"Range": asked})
    assert (part.status_code, part.content) == (200, whole.content)
    assert part.headers["accept-ranges"] == "none"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html,*/*;q=0.8",
                                    "application/json, application/x-safetensors"])
def test_json_is_the_default(client, record, accept):
    answer = client.get(f"/api/captures/{record['id']}", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/json" and answer.json() == record


def test_respond_async_gives_the_job(client):
    answer = client.post("/api/captures", json=SPEC | {"prompt": "w3 w80"},
                         headers={"Prefer": "respond-async"})
    assert answer.status_code == 202 and answer.json()["kind"] == "capture"
    address = f"/api/jobs/{answer.json()['id']}"
    wait_for(lambda: client.get(address).json()["state"] == "done")
    key = client.get(address).json()["subject"]
    assert client.get(f"/api/captures/{key}").json()["data"]["spec"]["prompt"] == "w3 w80"


def test_the_list_is_read_page_by_page(client):
    keys = [client.post("/api/captures?rerun=true", json=SPEC).json()["id"] for _ in range(3)]
    first = client.get("/api/captures?limit=2").json()
    assert [line["id"] for line in first["items"]] == keys[:0:-1]
    line = first["items"][0]
    assert line["title"] == "all heads of every layer at <bos>, w26, stream out of layer 1"
    assert line["n_entries"] == 4
    assert line["n_bytes"] == 4 * (3 * 2 * 32 + 6 * 32) and line["prompt"] == PROMPT
    after = client.get("/api/captures", params={"limit": 1, "cursor": first["next"]}).json()
    assert [line["id"] for line in after["items"]] == keys[:1]


def test_a_deleted_capture_is_gone_with_its_file(client, server):
    key = client.post("/api/captures?rerun=true", json=SPEC).json()["id"]
    file = server.lab.captures.file(key)
    assert file.is_file()
    assert client.delete(f"/api/captures/{key}").status_code == 204
    assert not file.exists()
    for method, headers in (("GET", {}), ("GET", TENSORS), ("DELETE", {})):
        assert client.request(method, f"/api/captures/{key}", headers=headers).status_code == 410


def test_statistics_alone_have_no_tensors_to_give(client):
    key = client.post("/api/captures", json=SPEC | {"tensors": False}).json()["id"]
    assert client.get(f"/api/captures/{key}").json()["data"]["n_bytes"] == 0
    for headers in (TENSORS, ARRAY):
        answer = client.get(f"/api/captures/{key}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert "statistics alone" in answer.json()["detail"]


@pytest.mark.parametrize("query, headers, status, said", [
    ("", ARRAY, 404, "z.0, z.1"), ("?entry=q.1", ARRAY, 404, "resid_post.1"),
    ("?entry=z.1", {}, 422, "application/x-npy"), ("?entry=" + "z" * 51, ARRAY, 422, "")])
def test_an_array_is_named_and_asked_for_as_one(client, record, query, headers, status, said):
    answer = client.get(f"/api/captures/{record['id']}{query}", headers=headers)
    assert answer.status_code == status and said in answer.json().get("hint", "")


def test_captures_are_searched(client):
    prompt = "w3 w5 w7"
    key = client.post("/api/captures", json=SPEC | {"prompt": prompt}).json()["id"]
    for params in ({"q": "W5 w7"}, {"model": "tiny"}, {"since": "2020-01-01T00:00:00+05:00"}):
        lines = client.get("/api/captures", params=params).json()["items"]
        assert key in [line["id"] for line in lines], params
    for params in ({"q": "w3 nowhere"}, {"model": "other"}, {"until": "2020-01-01T00:00:00Z"},
                   {"until": "0001-01-01T00:00:00+14:00"}, {"since": "9999-12-31T23:59:59-14:00"}):
        assert client.get("/api/captures", params=params).json()["items"] == [], params
