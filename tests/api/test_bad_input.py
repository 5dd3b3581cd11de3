"""Whatever is sent: a 4xx problem that names the place and never repeats the input."""

from __future__ import annotations

import pytest

from tests.api import bad_captures
from tests.api.bad_input import CANARY, CASES, JSON, edit, run


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "pointer"),
                         CASES + bad_captures.CASES)
def test_bad_input_is_answered_with_a_problem(client, method, path, body, status, code, pointer):
    headers = JSON if body is not None else {}
    answer = client.request(method, f"/api{path}", content=body, headers=headers)
    check(answer, status, code)
    assert answer.json().get("pointer") == pointer


def check(answer, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert told["status"] == status and told["type"].endswith(f"/{code}")
    assert told["title"] and told["detail"].endswith((".", "]"))
    assert CANARY not in answer.text
    assert "Traceback" not in answer.text and "pydantic" not in answer.text


@pytest.mark.parametrize("content_type", [
    None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/json; charset=utf-16", "application/jsonx", "text/json", "json",
    'application/json; charset="utf-16"', "application/json; charset=utf-8; charset=latin-1",
    "application/json; charset*=utf-8''utf-16", "application/json, text/plain"])
def test_only_json_is_taken(client, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    answer = client.post("/api/experiments", content=run(), headers=headers)
    check(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("content_type", [
    "Application/JSON; charset=UTF-8", 'application/json; charset="utf-8"',
    "application/json;charset=utf-8; x=y", "application/json ; profile=a"])
def test_json_with_its_charset_is_taken(client, content_type):
    headers = {"Content-Type": content_type}
    assert client.post("/api/experiments", content=run(), headers=headers).status_code in {200, 201}


def test_a_body_over_the_limit_is_refused(client):
    big = run(prompt="w3 " * 500_000)
    check(client.post("/api/experiments", content=big, headers=JSON), 413, "body-too-large")


def test_a_body_over_the_limit_is_refused_in_pieces_too(client):
    pieces = (b" " * 65536 for _ in range(32))
    check(client.post("/api/experiments", content=pieces, headers=JSON), 413, "body-too-large")


def test_a_wrong_method_names_the_right_ones(client):
    answer = client.put("/api/experiments/abc", content=b"{}", headers=JSON)
    check(answer, 405, "method-not-allowed")
    assert {"GET", "PATCH", "DELETE"} == set(answer.headers["allow"].split(", "))


def test_the_sentences_name_limits_and_ways_out(client):
    def told(body):
        return client.post("/api/experiments", content=body, headers=JSON).json()

    assert told(run(top_k=0))["detail"] == "This must be at least 1."
    assert told(run(prompt=3))["detail"] == "This must be a text or a list."
    assert "0–2" in told(edit({"site": "mlp_out", "layer": 3}))["detail"]
    assert "head can be chosen on q, k, v, pattern, z" in told(
        edit({"site": "mlp_out", "layer": 0, "head": 1}))["detail"]
    assert "'zero'" in told(edit(op={"kind": "x"}))["detail"]
