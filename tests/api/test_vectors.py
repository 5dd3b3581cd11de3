"""Stored vectors over a real server: sent, listed, named by a spec."""

from __future__ import annotations

import numpy as np
import pytest

from neuronscope.models.vectors import Vectors
from tests.served import RUN_JSON

MATRIX = np.random.default_rng(0).normal(size=(3, 32)).astype(np.float32)


@pytest.fixture
def stored(client):
    body = {"values": MATRIX.tolist(), "name": "three", "dtype": "float32"}
    answer = client.post("/api/vectors", json=body)
    assert answer.status_code == 201
    return answer.json()


def test_what_is_sent_has_the_hash_of_its_content(client, stored):
    assert stored == {"sha256": Vectors().add(MATRIX).sha256, "name": "three",
                      "dtype": "float32", "shape": [3, 32]}
    assert stored in client.get("/api/vectors").json()
    assert client.get(f"/api/vectors/{stored['sha256']}").json() == stored


def test_a_row_of_a_matrix_is_the_same_direction_as_its_numbers(client, stored):
    def metrics(direction):
        op = {"kind": "add", "direction": direction, "scale": 5.0}
        spec = RUN_JSON | {"edits": [{"target": {"site": "resid_pre", "layer": 1}, "op": op}]}
        return client.post("/api/experiments", json=spec).json()["result"]["metrics"]

    named = metrics({"kind": "stored", "sha256": stored["sha256"], "row": 1})
    assert named == metrics({"kind": "values", "values": MATRIX[1].astype(float).tolist()})
    assert named["kl"]["edited"] > 0
    other = metrics({"kind": "stored", "sha256": stored["sha256"], "row": 2})
    assert other != named


def stored_direction(sha, **more):
    op = {"kind": "add", "direction": {"kind": "stored", "sha256": sha, **more}}
    return RUN_JSON | {"edits": [{"target": {"site": "resid_pre", "layer": 1}, "op": op}]}


@pytest.mark.parametrize("row, code, at", [
    (None, "bad-direction", "/row"), (3, "out-of-range", "/row")])
def test_a_row_is_named_where_there_are_several_and_exists(client, stored, row, code, at):
    answer = client.post("/api/experiments", json=stored_direction(stored["sha256"], row=row))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["pointer"] == f"/edits/0/op/direction{at}"


def test_a_vector_has_no_rows_and_must_fit_the_site(client):
    sha = client.post("/api/vectors", json={"values": [1, 2, 3]}).json()["sha256"]
    told = client.post("/api/experiments", json=stored_direction(sha)).json()
    assert (told["code"], "3 numbers" in told["detail"]) == ("bad-direction", True)
    told = client.post("/api/experiments", json=stored_direction(sha, row=0)).json()
    assert (told["code"], told["pointer"]) == ("bad-direction", "/edits/0/op/direction/row")
