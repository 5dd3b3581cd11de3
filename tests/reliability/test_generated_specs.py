"""Specs by the thousand, right and wrong: none breaks the server, and each error says where.

What is right keeps its hash whatever the order of its fields, through JSON and back; what a
dry run accepts, the run accepts.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from neuronscope.errors import catalogue
from neuronscope.service.strict_json import pointer_to
from neuronscope.settings import Settings
from tests.api.bad_input import CANARY
from tests.reliability.specs import ANY, Sent, turned
from tests.served import served, wait_for, write_models

HOME = {"run": "/api/experiments", "sweep": "/api/sweeps", "capture": "/api/captures"}
SMALL = 3
"""So many cells are run; of larger sweeps, only that they are taken."""
ENDED = ("complete", "cancelled", "completed_with_errors")
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("specs")
    chosen = Settings(data=folder / "data", models=write_models(folder / "models"),
                      max_cells=60, max_capture=2**20)
    with served(chosen) as running:
        yield running


def test_no_spec_breaks_the_server(server, amount, soaking, figures):
    told: Counter[tuple[str, str, str]] = Counter()

    @settings(max_examples=amount(800, 21_000), deadline=None, database=None,
              derandomize=not soaking, suppress_health_check=list(HealthCheck))
    @given(ANY)
    def send(sent: Sent) -> None:
        answer = send_one(server, sent)
        told[sent.kind, sent.made, outcome(answer)] += 1

    send()
    for kind in HOME:
        kept, n_right = (sum(count for (of, made, how), count in told.items()
                             if (of, made) == (kind, "right") and how in wanted)
                         for wanted in (("kept",), {how for _, _, how in told}))
        assert kept > n_right / 2, (kind, told)
    figures("specs", "Generated specs", {
        "specs sent": sum(told.values()),
        **{f"made {made}": sum(count for (_, how, _), count in told.items() if how == made)
           for made in ("right", "near", "wreck")},
        "run, planned or kept": sum(count for (_, _, how), count in told.items()
                                    if how == "kept"),
        "kinds of refusal": len({how for _, _, how in told} - {"kept"}),
        "answers 5xx, but 503": 0})


def send_one(server, sent: Sent) -> httpx.Response:
    """Sends a spec and holds the answer to the laws."""
    post = server.client.post
    if sent.kind != "sweep":
        answer = post(HOME[sent.kind], content=sent.body, headers=JSON)
        check(answer, sent)
        if sent.kind == "run":
            planned = post(HOME["run"], params={"dry_run": True}, content=sent.body, headers=JSON)
            check(planned, sent)
            assert answer.is_success <= planned.is_success, (planned.text, answer.text)
        if answer.status_code in (200, 201):
            same_again(server, sent, answer.json())
        return answer
    planned = post("/api/sweeps", params={"dry_run": True}, content=sent.body, headers=JSON)
    check(planned, sent)
    answer = post("/api/sweeps", content=sent.body, headers=JSON)
    check(answer, sent)
    assert answer.is_success == planned.is_success, (planned.text, answer.text)
    if planned.is_success:
        ends_well(server, answer.json(), planned.json())
        again = post("/api/sweeps", params={"dry_run": True}, headers=JSON,
                     content=json.dumps(turned(json.loads(sent.body)), indent=1))
        assert again.json()["spec_hash"] == planned.json()["spec_hash"]
    return answer


def ends_well(server, accepted: dict[str, Any], planned: dict[str, Any]) -> None:
    """A small sweep runs to its end; a larger one is cancelled, to save time."""
    key = accepted["id"]
    if planned["n_cells"] > SMALL:
        server.client.post(f"/api/sweeps/{key}/cancel")
    wait_for(lambda: server.lab.sweep_state(key).job is None)
    summary = server.client.get(f"/api/sweeps/{key}").json()["summary"]
    assert summary["spec_hash"] == planned["spec_hash"]
    assert summary["state"] in ENDED, summary


def same_again(server, sent: Sent, kept: dict[str, Any]) -> None:
    """The same spec in another order of fields, and as it came back, is found by its hash."""
    spec = (kept.get("result") or kept["data"])["spec"]
    for data in (turned(json.loads(sent.body)), turned(spec)):
        again = server.client.post(HOME[sent.kind], content=json.dumps(data, indent=1),
                                   headers=JSON)
        assert (again.status_code, again.json()["id"]) == (200, kept["id"]), again.text


def check(answer: httpx.Response, sent: Sent) -> None:
    """No failure of the server; a refusal names its code and a place in what was sent."""
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"]) > 0
    assert answer.status_code < 500 or answer.status_code == 503, (sent, answer.text)
    assert CANARY not in answer.text or answer.is_success, (sent, answer.text)
    if answer.is_success:
        return
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert catalogue()[told["code"]].status == told["status"] == answer.status_code
    assert told["detail"]
    if answer.status_code == 422:
        leads_somewhere(told.get("pointer", ""), sent)


def leads_somewhere(pointer: str, sent: Sent) -> None:
    """A pointer leads to a value that was sent, or to one that is lacking where it points."""
    here: Any = lenient(sent.body)
    parts = pointer.split("/")[1:]
    named = isinstance(here, dict) and all(pointer_to("", key) for key in here)
    assert parts or not named, (sent, pointer)  # no free text is repeated in a pointer
    for depth, part in enumerate(parts):
        key: Any = int(part) if isinstance(here, list) else part
        last = depth == len(parts) - 1
        if isinstance(here, dict) and key not in here and last:
            return
        here = here[key]


def lenient(body: bytes) -> Any:
    """What Python makes of JSON, however it is written."""
    return json.loads(body)


def outcome(answer: httpx.Response) -> str:
    return "kept" if answer.is_success else answer.json()["code"]
