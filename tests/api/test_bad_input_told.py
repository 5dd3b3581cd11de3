"""What the refusals say: what was wrong, what is allowed, and the counts on both sides."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from neuronscope.settings import Settings
from tests.api.bad_input import JSON, add, edit, path, run, sweep
from tests.served import served
from tests.tiny import LONGER


@pytest.mark.parametrize(("body", "status", "code", "words"), [
    (edit({"site": "z", "layer": 0, "head": 99}), 422, "out-of-range", ["head 99", "0–3"]),
    (edit({"site": "mlp_act", "layer": 0, "neuron": 48}), 422, "out-of-range",
     ["neuron 48", "0–47"]),
    (edit({"site": "mlp_out", "layer": 0, "position": -7}), 422, "out-of-range",
     ["position -7", "0–5", "−1"]),
    (edit(op={"kind": "patch", "source_prompt": LONGER}), 422, "length-mismatch", ["6", "7"]),
    (path(source_prompt=LONGER), 422, "length-mismatch", ["6", "7"]),
    (run(prompt=" ".join(["w3"] * 65)), 422, "prompt-length", ["66", "64"]),
    (run(prompt=[]), 422, "prompt-length", ["no tokens", "at least one"]),
    (run(metrics=[{"kind": "prob", "token": "w3 w4"}]), 422, "not-one-token", ["'w3'", "'w4'"]),
    (run(model="sha256:" + "0" * 64), 409, "model-mismatch", ["0" * 64]),
    (add({"kind": "values", "values": [0.0] * 32}), 422, "bad-direction", ["all zeros"]),
    (add({"kind": "values", "values": [1.0] * 31}), 422, "bad-direction", ["31", "32"]),
])
def test_a_refusal_names_what_is_there_and_what_is_allowed(client, body, status, code, words):
    answer = client.post("/api/experiments", content=body, headers=JSON)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    said = f"{told['detail']} {told.get('hint', '')}"
    for word in words:
        assert word in said, said


def test_a_mismatch_names_both_digests(client):
    there = client.get("/api/model").json()["info"]["model_digest"]
    told = client.post("/api/experiments", content=run(model="sha256:" + "0" * 64),
                       headers=JSON).json()
    assert there in told["detail"] and "0" * 64 in told["detail"]


def test_a_sweep_over_the_cap_is_refused_and_one_below_it_is_counted(tmp_path, models):
    with served(replace(Settings(data=tmp_path, models=models), max_cells=17)) as running:
        def planned(**over):
            return running.client.post(
                "/api/sweeps", params={"dry_run": True}, headers=JSON,
                content=sweep(over={"sites": ["mlp_out"], "layers": "all", **over}))

        told = planned(positions="all").json()
        assert (told["status"], told["code"], told["pointer"]) == (422, "sweep-size", "/over")
        assert "18 cells" in told["detail"] and "1 to 17" in told["detail"]
        counted = planned(positions=[0, 1]).json()
        assert counted["n_cells"] == 6
        assert running.client.get("/api/sweeps").json()["items"] == []


def test_a_cell_that_is_not_finite_is_null_with_a_status_and_read_for_ever(client):
    huge = {"kind": "add", "scale": 1e9,
            "direction": {"kind": "values", "values": [1e30] * 32}}
    body = sweep(op=huge, over={"sites": ["resid_pre"], "layers": [1]})
    accepted = client.post("/api/sweeps", content=body, headers=JSON).json()
    with client.stream("GET", f"/api/jobs/{accepted['job']['id']}/events") as events:
        assert events.read()
    for _ in range(2):
        answer = client.get(f"/api/sweeps/{accepted['id']}/grid")
        grid = json.loads(answer.content, parse_constant=pytest.fail)
        assert grid["status"]["kl"] == ["non_finite"] and grid["values"]["kl"] == [None]
        assert grid["complete"]
