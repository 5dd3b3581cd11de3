"""The address of a page that shows a result, with `.json` or `.csv` behind it, gives its data."""

from __future__ import annotations

import pytest

from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.metrics import KL
from neuronscope.spec.ops import Zero
from tests.tiny import PROMPT

SWEEP = Sweep(prompt=PROMPT, op=Zero(), metrics=[KL()],
              over=Over(sites=["attn_out"], layers="all", positions="all"))


@pytest.fixture(scope="module")
def keys(server):
    client = server.client
    run = client.post("/api/experiments", json={"prompt": PROMPT}).json()["id"]
    capture = client.post("/api/captures", json={
        "prompt": PROMPT, "targets": [{"site": "z", "layer": 0}]}).json()["id"]
    return {"run": run, "capture": capture, "sweep": server.lab.sweep(SWEEP)[0].id}


@pytest.mark.parametrize(("page", "kind", "same"), [
    ("/e/{}.json", "run", "/api/experiments/{}"), ("/s/{}.json", "sweep", "/api/experiments/{}"),
    ("/a/{}.json", "capture", "/api/captures/{}")])
def test_it_is_what_the_interface_gives(client, keys, page, kind, same):
    found, wanted = (client.get(address.format(keys[kind])) for address in (page, same))
    assert found.status_code == 200 and found.json() == wanted.json()
    assert found.headers["content-type"] == "application/json"


def test_a_grids_cells_are_csv(client, keys):
    found = client.get(f"/s/{keys['sweep']}.csv")
    wanted = client.get(f"/api/sweeps/{keys['sweep']}/grid", headers={"Accept": "text/csv"})
    assert found.text == wanted.text and found.text.count("\n") > 2
    assert found.headers["content-type"].startswith("text/csv")


def test_the_page_itself_needs_no_token_and_its_data_do(server, keys):
    assert server.bare.get(f"/e/{keys['run']}").status_code == 200
    for address in (f"/e/{keys['run']}.json", f"/s/{keys['sweep']}.csv", "/anything.json"):
        assert server.bare.get(address).status_code == 401


@pytest.mark.parametrize("address", ["/e/0.json", "/s/nothing.csv", "/a/0.json", "/x/y.json"])
def test_what_is_not_there_is_a_problem(client, address):
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
