"""A site that did not pass certification is refused everywhere, with what was observed."""

from __future__ import annotations

import pytest

from neuronscope.settings import Settings
from tests.served import served
from tests.tiny import PROMPT, SOURCE, save

ZERO = {"kind": "zero"}
Z = {"site": "z", "layer": 1}
"""In this model layer 0 is attention alone, layer 1 an MLP alone."""
MID = {"site": "resid_mid", "layer": 0}
PATH = {"kind": "path", "source_prompt": SOURCE}


def run(target, op=ZERO):
    return {"prompt": PROMPT, "edits": [{"target": target, "op": op}]}


def sweep(site, layers):
    return {"prompt": PROMPT, "op": ZERO, "over": {"sites": [site], "layers": layers}}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    save("nemotron_h", models / "mixed")
    data = tmp_path_factory.mktemp("data")
    with served(Settings(data=data, models=models), load="mixed") as running:
        yield running.client


def refused(client, site):
    """Layer → reason, of the layers at which the model's own list says what was observed."""
    info = client.get("/api/model").json()["info"]
    found = next(each for each in info["sites"] if each["site"] == site)
    assert set(found["layers"]).isdisjoint(
        layer for each in found["refused"] for layer in each["layers"])
    return {layer: each["reason"] for each in found["refused"] for layer in each["layers"]}


@pytest.mark.parametrize(("path", "body", "pointer"), [
    ("experiments", run(Z), "/edits/0/target/site"),
    ("experiments", run(MID), "/edits/0/target/site"),
    ("experiments?dry_run=true", run(Z), "/edits/0/target/site"),
    ("experiments", run({"site": "attn_out", "layer": 0}, PATH | {"to": [MID]}),
     "/edits/0/op/to/0/site"),
    ("sweeps", sweep("z", [0, 1]), "/over/layers"),
    ("sweeps", sweep("resid_mid", "all"), "/over/sites"),
    ("sweeps?dry_run=true", sweep("resid_mid", "all"), "/over/sites"),
    ("captures", {"prompt": PROMPT, "targets": [Z]}, "/targets/0/site"),
])
def test_it_is_refused_with_what_was_observed(client, path, body, pointer):
    answer = client.post(f"/api/{path}", json=body)
    told = answer.json()
    assert (answer.status_code, told["code"], told["pointer"]) == (
        422, "unsupported-target", pointer), told
    site, layer = ("resid_mid", 0) if "resid_mid" in str(body) else ("z", 1)
    reason = refused(client, site)[layer]
    assert told["detail"].startswith(f"{site} is not offered") and reason in told["detail"], told
    assert "ertified" in told["hint"]


def test_the_same_site_at_a_layer_that_passed_is_edited(client):
    assert set(refused(client, "z")) == {1, 2}
    answer = client.post("/api/experiments", json=run({"site": "z", "layer": 0}))
    assert answer.status_code == 201
    assert answer.json()["result"]["metrics"]["kl"]["edited"] > 0
