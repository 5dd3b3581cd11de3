"""What the page offers for reproduction is run as it is shown, and gives the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT, Server
from tests.e2e.steps import ask, operation, ready, result, run, stored


def shown(page: Page, kind: str) -> str:
    page.get_by_role("button", name=kind, exact=True).click()
    return page.get_by_role("region", name=re.compile("^Reproduce with")).inner_text()


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Path:
    """A folder as the one in which the server was started."""
    arguments = server.process.args
    (tmp_path / "LLM").symlink_to(ROOT / "LLM")
    (tmp_path / ".neuronscope").symlink_to(arguments[arguments.index("--data") + 1])
    return tmp_path


def told(command: list[str], place: Path) -> str:
    """What a command prints; `neuronscope` and `python` are those of these tests."""
    programs = place / "bin"
    programs.mkdir(exist_ok=True)
    script = programs / "neuronscope"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neuronscope "$@"\n')
    script.chmod(0o755)
    env = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    made = subprocess.run(command, cwd=place, env=env, text=True, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    return made.stdout


def again(page: Page, place: Path) -> tuple[str, str, str]:
    """What the three forms print, run as the page shows them."""
    page.get_by_role("button", name="Reproduce", exact=True).click()
    script = place / "again.py"
    script.write_text(shown(page, "Python"), encoding="utf-8")
    return (told([sys.executable, str(script)], place),
            told(["sh", "-c", shown(page, "curl")], place),
            told(["sh", "-c", shown(page, "Command line")], place))


def holds(found: dict[str, Any], python: str, curl: str, shell: str) -> None:
    """The three printed what a run's result has."""
    edited = {key: value["edited"] for key, value in found["metrics"].items()}
    assert python.splitlines() == [found["spec_hash"], str(edited)]
    answer = json.loads(curl)["result"]
    assert answer["spec_hash"] == found["spec_hash"]
    assert {key: value["edited"] for key, value in answer["metrics"].items()} == edited
    assert found["spec_hash"] in shell
    assert f"{edited['kl']:.3f}" in shell


def test_python_curl_and_the_command_line_give_the_same(open_page, place):
    page = open_page("/")
    ready(page)
    page.get_by_role("textbox", name="Prompt", exact=True).fill("It's \"the\" Eiffel\\ Tower is in")
    operation(page, "Add")
    run(page)
    page.get_by_role("button", name="JSON", exact=True).click()
    record = json.loads(page.get_by_role("region", name="The stored result").inner_text())
    printed = again(page, place)
    expect(result(page)).to_contain_text(record["result"]["spec_hash"][:12])
    holds(record["result"], *printed)


EIFFEL, COLOSSEUM = "The Eiffel Tower is in", "The Colosseum is in"
OTHERS = {"prompts": [COLOSSEUM, "The Parthenon is in", EIFFEL]}
LAST = {"site": "resid_post", "layer": 4, "position": -1}


def edit(target: dict[str, Any], kind: str, **op: Any) -> dict[str, Any]:
    return {"target": target, "op": {"kind": kind, **op}}


def at(site: str, layer: int, **more: Any) -> dict[str, Any]:
    return {"site": site, "layer": layer, **more}


RUNS: dict[str, dict[str, Any]] = {
    "several in order, in draws, others held": {
        "held": [edit(at("mlp_out", 0), "zero"),
                 edit(at("z", 1, head=[0, 2]), "noise", sigma=0.5, seed=9007199254740991, draws=3)],
        "edits": [edit(at("resid_pre", 2, position=[2, 3]), "scale", factor=0.5),
                  edit(at("resid_pre", 2, position=3), "patch", source_prompt=COLOSSEUM),
                  edit(at("mlp_act", 3, neuron=[17, 18]), "set", value=1.5),
                  edit(at("attn_out", 3), "resample", reference=OTHERS, seed=11, draws=3),
                  edit(at("attn_out", 2), "mean", reference=OTHERS, pool="per_position"),
                  edit(at("pattern", 3, head=0, position=[-1], key=[1, 2]), "zero"),
                  edit(at("resid_pre", 4), "add", scale=-0.1, unit="site_norm", direction={
                      "kind": "prompts", "positive": [COLOSSEUM], "negative": [EIFFEL]}),
                  edit(LAST, "add", direction={"kind": "random", "seed": 5})],
        "ordered": True, "read_position": -2, "top_k": 3},
    "a patch by a position map": {
        "edits": [edit(at("resid_pre", 1), "patch", positions=[[2, 9], [-1, -1]],
                       source_prompt="People say that \"the\" Colosseum is in")],
        "metrics": [{"kind": "kl"}, {"kind": "recovered", "of": {"kind": "prob", "token": " Rome"}},
                    {"kind": "logit_diff", "answer": " Rome", "foil": " Paris", "position": -1}]},
    "a path": {
        "edits": [edit(at("z", 2, head=1), "path", source_prompt=COLOSSEUM, through="mlps",
                       to=[at("q", 4), LAST])]},
}


@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_run_is_reproduced(open_page, server, place, name):
    spec = {"prompt": EIFFEL, "metrics": [{"kind": "kl"}, {"kind": "js"}]} | RUNS[name]
    record = ask(server, "POST", "experiments", **spec)
    page = open_page(f"/e/{record['id']}")
    printed = again(page, place)
    expect(page.get_by_text("The draft differs")).to_have_count(0)
    holds(record["result"], *printed)


@pytest.fixture
def kept(server: Server) -> tuple[str, str]:
    """The hashes of a vector and of a matrix that the server keeps."""
    width = ask(server, "GET", "model")["info"]["d_model"]
    rows = [[((7 * row + place) % 11 - 5) / 3 for place in range(width)] for row in range(3)]
    return tuple(ask(server, "POST", "vectors", values=values, name=name)["sha256"]
                 for values, name in ((rows[0], "a vector"), (rows, "a matrix")))


def steered(sha: str, **more: Any) -> dict[str, Any]:
    return {"scale": 2, "direction": {"kind": "stored", "sha256": sha, **more}}


def test_a_run_with_stored_vectors_is_reproduced(open_page, server, place, kept):
    vector, matrix = kept
    record = ask(server, "POST", "experiments", prompt=EIFFEL, edits=[
        edit(at("resid_post", 2, position=3), "add", **steered(vector)),
        edit(LAST, "add", **steered(matrix, row=2))], held=[
        edit(at("mlp_out", 0), "add", **steered(matrix, row=0))])
    page = open_page(f"/e/{record['id']}")
    holds(record["result"], *again(page, place))


def test_a_sweep_with_a_stored_vector_is_reproduced(open_page, server, place, kept):
    key = stored(server, "sweeps", prompt=EIFFEL, op={"kind": "add", **steered(kept[1], row=1)},
                 over={"sites": ["resid_pre"], "layers": "all", "positions": [2, -1]},
                 held=[edit(at("attn_out", 1), "add", **steered(kept[0]))])
    grid = ask(server, "GET", f"sweeps/{key}/grid")
    python, curl, shell = again(open_page(f"/s/{key}"), place)
    first, table = python.split("\n", 1)
    accepted, cells = curl.split("\n", 1)
    assert first == grid["spec_hash"] and grid["spec_hash"] in shell
    assert json.loads(accepted) == {"id": key, "job": None}
    ours, theirs = ([line.strip() for line in text.splitlines() if line.strip()]
                    for text in (table, cells))
    assert ours == theirs and len(ours) == 1 + 12
    assert f"{grid['values']['kl'][0]:.3f}" in shell


def test_values_that_are_no_numbers_are_explained(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Scale")
    page.get_by_label("Factor").fill("1e38")
    page.get_by_role("spinbutton", name=re.compile("^Factor")).press("Tab")
    ready(page).click()
    expect(result(page)).to_contain_text("not a number")
    expect(result(page)).to_contain_text("Try a smaller factor")
