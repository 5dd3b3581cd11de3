"""The server answers others while one request takes long, whatever that request sends."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
from pydantic import ValidationError

from neuronscope.api import body
from neuronscope.service import strict_json
from neuronscope.spec.experiments import Run
from neuronscope.spec.vectors import NewVector
from tests.api.bad_input import JSON
from tests.served import wait_for

WAIT_S = 60


@pytest.fixture
def another(server):
    """A client with connections of its own."""
    with closing(httpx.Client(base_url=server.url, headers=server.client.headers,
                              timeout=WAIT_S)) as client:
        yield client


def test_health_is_answered_while_a_large_body_is_checked(server, another, monkeypatch):
    """On the event loop the check would keep everybody waiting, and this test for ever."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(raw: bytes):
        begun.set()
        assert go_on.wait(WAIT_S)
        return strict_json.parse(raw)

    monkeypatch.setattr(body, "parse", slow)
    large = b'{"values": [[' + b" " * body.LARGE + b"]]}"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(another.post, "/api/vectors", content=large, headers=JSON)
        try:
            assert begun.wait(WAIT_S)
            assert server.bare.get("/api/health", timeout=20).status_code == 200
        finally:
            go_on.set()
        assert answer.result().status_code == 422


def test_health_is_answered_while_every_thread_is_taken(server, monkeypatch):
    lock, waiting, go_on = threading.Lock(), [], threading.Event()

    def slow():
        with lock:
            waiting.append(1)
        assert go_on.wait(WAIT_S)
        return []

    monkeypatch.setattr(server.lab, "models", slow)
    limits = httpx.Limits(max_connections=200)
    with (closing(httpx.Client(base_url=server.url, headers=server.client.headers,
                               timeout=WAIT_S, limits=limits)) as many,
          ThreadPoolExecutor(60) as pool):
        answers = [pool.submit(many.get, "/api/models") for _ in range(60)]
        try:
            wait_for(lambda: len(waiting) >= 40)
            assert server.bare.get("/api/health", timeout=20).status_code == 200
        finally:
            go_on.set()
        assert {answer.result().status_code for answer in answers} == {200}


@pytest.mark.parametrize(("spec", "data"), [
    (NewVector, {"values": [[]] * 10_000}), (NewVector, {"values": ["x"] * 10_000}),
    (NewVector, {"values": [[{}] * 100] * 100}), (Run, {"prompt": [{}] * 10_000}),
    (Run, {"prompt": "w3", "edits": [{}] * 10_000})])
def test_a_list_that_is_wrong_throughout_is_refused_at_its_first_item(spec, data):
    with pytest.raises(ValidationError) as refused:
        spec.model_validate(data)
    assert refused.value.error_count() < 20


def test_an_object_with_more_fields_than_any_spec_is_refused(server):
    fields = {f"f{number}": 0 for number in range(strict_json.MAX_MEMBERS + 1)}
    for data, pointer in ((fields, None), ({"prompt": "w3", "edits": [fields]}, "/edits/0")):
        answer = server.client.post("/api/experiments", content=json.dumps(data), headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-field")
        assert answer.json().get("pointer") == pointer
        assert str(strict_json.MAX_MEMBERS) in answer.json()["detail"]
