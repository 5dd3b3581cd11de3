"""Results of another model than the loaded one say so, and nothing is run on it unawares."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import STARTS_WITHIN_S, Server, free_port, start_server, stop_server
from tests.e2e.steps import ask, overflow, ready, stored
from tests.e2e.test_access import violations
from tests.tiny import PROMPT, save

SAYS = "not of the loaded model"


def loaded(server: Server, name: str) -> str:
    """The digest of a model, once it is the loaded one."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        info = ask(server, "GET", "model")["info"]
        if info and info["id"] == name:
            return info["model_digest"]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A server with results of `tiny` and of `other`, which is loaded; ids and digests by name."""
    models = tmp_path_factory.mktemp("models")
    save("llama", models / "tiny")
    save("gpt2", models / "other")
    server = start_server(tmp_path_factory.mktemp("data"), free_port(), "tiny", models)
    edit = {"target": {"site": "mlp_out", "layer": 0}, "op": {"kind": "zero"}}
    over = {"sites": ["attn_out", "mlp_out"], "layers": "all"}

    def run() -> str:
        return stored(server, "experiments", prompt=PROMPT, edits=[edit])

    made = {"tiny": loaded(server, "tiny"), "run": run()}
    made["second"] = stored(server, "experiments", prompt=PROMPT)
    made["sweep"] = stored(server, "sweeps", prompt=PROMPT, op={"kind": "zero"}, over=over)
    made["partial"] = partial(server)
    made["capture"] = ask(server, "POST", "captures", prompt=PROMPT,
                          targets=[{"site": "resid_pre", "layer": 1}])["id"]
    ask(server, "POST", "models/other/load")
    made["other"] = loaded(server, "other")
    made["own"] = run()
    yield server, made
    stop_server(server)


def partial(server: Server) -> str:
    """The id of a sweep of the loaded model that was cancelled after its first cells."""
    made = ask(server, "POST", "sweeps", prompt=PROMPT, op={"kind": "zero"}, mode="exact", over={
        "sites": ["mlp_act"], "layers": "all", "positions": "all", "neurons": "all"})["id"]
    deadline = time.monotonic() + STARTS_WITHIN_S
    while ask(server, "GET", f"sweeps/{made}")["done"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    ask(server, "POST", f"sweeps/{made}/cancel")
    while (state := ask(server, "GET", f"sweeps/{made}"))["job"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert 0 < state["done"] < state["total"]
    return made


def notice(page: Page):
    return page.get_by_role("note").filter(has_text=SAYS)


@pytest.mark.parametrize(("path", "says"), [
    ("/e/{run}", "This result is"), ("/s/{sweep}", "This grid is"),
    ("/a/{capture}", "This capture is"), ("/c?a={run}&b={second}", "A and B are"),
    ("/c?a={own}&b={run}", "B is")])
def test_both_models_are_named_with_a_link_to_all(open_page, two, path, says):
    server, made = two
    page = open_page(path.format(**made), at=server, width=380, height=900, theme="dark")
    expect(notice(page)).to_have_count(1)
    expect(notice(page)).to_contain_text(says)
    for name in ("tiny", "other"):
        expect(notice(page)).to_contain_text(f"{name} ({made[name][:8]})")
    assert overflow(page) <= 0
    assert violations(page) == []
    notice(page).get_by_role("link", name="Models").click()
    page.wait_for_url(re.compile("/m$"))


def test_nothing_is_said_of_results_of_the_loaded_model_or_without_one(open_page, two):
    server, made = two
    page = open_page(f"/e/{made['own']}", at=server)
    ready(page)
    expect(page.get_by_role("region", name="Result", exact=True)).to_be_visible()
    expect(notice(page)).to_have_count(0)
    page.route("**/api/model", lambda route: route.fulfill(json={"info": None, "loading": None}))
    page.goto(f"{server.url}/e/{made['run']}")
    expect(page.get_by_role("region", name="Result", exact=True)).to_contain_text("KL")
    expect(page.get_by_text("No model is loaded")).to_be_visible()
    expect(notice(page)).to_have_count(0)


def test_a_cell_of_another_models_grid_is_pinned_not_run(open_page, two):
    server, made = two
    before = len(ask(server, "GET", "experiments")["items"])
    page = open_page(f"/s/{made['sweep']}", at=server)
    expect(notice(page)).to_be_visible()
    page.get_by_role("grid").focus()
    page.keyboard.press("Enter")
    cell = page.get_by_role("region", name="Cell", exact=True)
    expect(cell).to_contain_text("Pinned cell")
    expect(cell.get_by_role("button", name="Open as its own experiment")).to_be_disabled()
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^Open ")).first).to_be_disabled()
    assert len(ask(server, "GET", "experiments")["items"]) == before


def test_a_partial_sweep_of_another_model_is_not_resumed_on_this_one(open_page, two):
    server, made = two
    before = ask(server, "GET", f"sweeps/{made['partial']}")
    page = open_page(f"/s/{made['partial']}", at=server)
    note = page.get_by_role("note").filter(has_text="Cancelled")
    note.get_by_role("button", name=re.compile("^Run the .* missing cells$")).click()
    expect(note).to_contain_text(made["tiny"][:8])
    expect(note).to_contain_text(made["other"][:8])
    assert ask(server, "GET", f"sweeps/{made['partial']}") == before
