"""The shell: keys, the queue, and what the page does while the server is away, busy or new."""

import json
import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import EXPERIMENT, SWEEP, ask, finished, overflow, prompt, ready, result, run

LONG = {"op": {"kind": "zero"}, "mode": "exact", "over": {
    "sites": ["resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post"],
    "layers": "all", "positions": "all"}}


@contextmanager
def busy(server, word: str):
    """A sweep that takes long enough to be looked at; cancelled at the end."""
    made = ask(server, "POST", "sweeps", **LONG, prompt=f"It is {word} the tower. " * 15)
    try:
        yield made["id"]
    finally:
        ask(server, "POST", f"sweeps/{made['id']}/cancel")


def queue(page: Page):
    return page.get_by_role("region", name="Queue")


def open_queue(page: Page, says: str) -> None:
    page.get_by_role("button", name=re.compile(f"^Queue: {says}")).click()


def test_keys_lead_to_every_view_and_are_off_while_typing(open_page):
    page = open_page("/")
    ready(page)
    for key, path in (("s", "/s"), ("h", "/h"), ("c", "/c"), ("a", "/a"), ("l", "/learn"),
                      ("m", "/m"), ("w", "/w")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(re.compile(f"{path}(\\?|#|$)"))
    prompt(page).fill("")
    prompt(page).press_sequentially("g h ? / r")
    expect(prompt(page)).to_have_value("g h ? / r")
    assert "/w" in page.url
    page.keyboard.press("Escape")
    page.get_by_role("main").focus()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search the history")).to_be_focused()


def test_help_opens_by_key_and_by_button_and_leads_to_learn(open_page):
    page = open_page("/")
    ready(page)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Help")
    expect(sheet).to_contain_text("search the history")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.get_by_role("button", name="Help", exact=True).click()
    sheet.get_by_role("link", name="Learn").click()
    expect(sheet).to_have_count(0)
    page.wait_for_url(re.compile("/learn$"))


def test_brackets_move_the_edit_between_layers(open_page):
    page = open_page("/")
    ready(page)
    page.keyboard.press("]")
    expect(page.get_by_role("button", name="layer 4, attention", exact=True)).to_have_attribute(
        "aria-pressed", "true")
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(page.get_by_role("button", name="layer 2, attention", exact=True)).to_have_attribute(
        "aria-pressed", "true")


def test_single_jobs_of_the_queue_are_cancelled(open_page, server):
    with busy(server, "by"), busy(server, "near"):
        page = open_page("/h")
        open_queue(page, "sweep .*1 more queued")
        expect(queue(page).get_by_role("button", name="Cancel the sweep")).to_have_count(2)
        queue(page).get_by_role("listitem").filter(has_text="waits").get_by_role(
            "button", name="Cancel the sweep").click()
        expect(queue(page).get_by_role("button", name="Cancel the sweep")).to_have_count(1)
        expect(queue(page)).to_contain_text("cancelled")
        queue(page).get_by_role("button", name="Cancel the sweep").click()
        expect(queue(page)).to_contain_text("Nothing runs and nothing waits.")
        page.keyboard.press("Escape")
        expect(queue(page)).to_have_count(0)


def test_a_run_that_waits_is_found_again_after_a_reload(open_page, server):
    page = open_page("/w")
    ready(page)
    page.get_by_role("button", name="layer 5, MLP", exact=True).click()
    with busy(server, "far"):
        page.keyboard.press("r")
        expect(page.get_by_role("button", name="Running…")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
        page.reload()
        expect(page.get_by_role("button", name="Running…")).to_be_visible()
    page.wait_for_url(EXPERIMENT)
    expect(result(page)).to_contain_text("the MLP of layer 5")


def test_a_waiting_run_is_cancelled_by_its_key(open_page, server):
    page = open_page("/w")
    ready(page)
    page.get_by_role("button", name="layer 4, MLP", exact=True).click()
    with busy(server, "past"):
        page.keyboard.press("r")
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
        page.keyboard.press(".")
        ready(page)
    expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)


def test_a_sweep_that_waits_says_for_what_and_can_be_cancelled(open_page, server):
    page = open_page("/s")
    page.get_by_role("button", name="Which layers?").click()
    prompt(page).fill("Big Ben stood not far from")
    page.get_by_role("button", name=re.compile("^Keep ")).click()
    grid = page.get_by_role("region", name="Grid", exact=True)
    with busy(server, "near"):
        page.get_by_role("button", name="Run sweep").click()
        page.wait_for_url(SWEEP)
        expect(grid.get_by_role("status")).to_have_text(
            re.compile(r"^Waiting for another sweep, then \d+ cells\.$"))
        page.reload()
        expect(grid.get_by_role("status")).to_contain_text("Waiting for another sweep")
        grid.get_by_role("button", name="Cancel").click()
        expect(grid.get_by_role("note")).to_contain_text("Cancelled")
    grid.get_by_role("button", name=re.compile("^Run the .* missing cells$")).click()
    finished(page)


def test_a_sweep_asks_the_model_once_before_it_starts(open_page):
    """Answers that follow the model are asked for first: the button says so, and waits."""
    page = open_page("/s")
    page.get_by_role("button", name="Which layer, at which word?").click()
    prompt(page).fill("The Big Ben is in")
    asked = []

    def slowly(route):
        asked.append(route.request.post_data)
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/api/experiments", slowly)
    page.get_by_role("button", name="Run sweep").click()
    expect(page.get_by_role("button", name="Starting…")).to_be_disabled()
    page.get_by_role("main").focus()
    page.keyboard.press("r")
    page.wait_for_url(SWEEP)
    assert len(asked) == len(set(asked)) > 0


def test_a_server_that_was_away_comes_back_and_tells_its_new_version(open_page):
    page = open_page("/w")
    prompt(page).fill("Big Ben stood in")
    expect(page.get_by_label("Tokens of: Prompt")).to_be_visible()
    page.route("**/api/**", lambda route: route.abort())
    expect(page.get_by_text("Server does not answer")).to_be_visible()
    expect(prompt(page)).to_have_value("Big Ben stood in")
    page.unroute("**/api/**")
    page.route("**/api/health", lambda route: route.fulfill(json={
        "status": "ok", "version": "99.0", "worker": "ready", "model": "atlas", "queued": 0,
        "running": None}))
    expect(page.get_by_text("The server is version 99.0 now.")).to_be_visible()
    expect(page.get_by_text("Server does not answer")).to_have_count(0)
    page.unroute("**/api/health")
    page.get_by_role("button", name="Reload the page").click()
    expect(prompt(page)).to_have_value("Big Ben stood in")
    run(page)


def test_a_failed_load_is_told_until_it_is_dismissed(open_page):
    """Out of memory: what did not fit, what is kept, and what to do."""
    page = open_page("/m")
    expect(page.get_by_role("listitem").filter(has_text="atlas").first).to_be_visible()
    job = {"id": "0" * 16, "kind": "load", "state": "running", "subject": "big", "done": 1,
           "total": 5, "phase": "weights", "created_at": "2026-01-01T00:00:00.000+00:00"}
    error = {"type": "/problems/out-of-memory", "title": "Out of memory", "status": 507,
             "detail": "big needs 80 GB; 4 GB are free. atlas stays loaded.",
             "hint": "Load it in 4 bits."}
    said = {"job": job}
    page.route("**/api/jobs", lambda route: route.fulfill(
        body=json.dumps([said["job"]]), content_type="application/json"))
    expect(page.get_by_role("button", name=re.compile("^Queue: load 1"))).to_be_visible()
    said["job"] = job | {"state": "failed", "error": error}
    alert = page.get_by_role("alert").filter(has_text="atlas stays loaded")
    expect(alert).to_contain_text("Load it in 4 bits.")
    page.get_by_role("link", name="History").click()
    expect(alert).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(alert).to_have_count(0)
    open_queue(page, "idle")
    expect(queue(page)).to_contain_text("failed: big needs 80 GB")


def test_without_a_model_the_page_says_what_can_be_done(open_page):
    page = open_page("/m")
    page.route("**/api/model", lambda route: route.fulfill(json={"info": None, "loading": None}))
    for path in ("/w", "/s", "/learn"):
        page.goto(page.url.split("/m")[0].split("/w")[0].split("/s")[0] + path)
        expect(page.get_by_text("No model is loaded")).to_be_visible()
        expect(page.get_by_role("main").get_by_role("link", name="Choose a model")).to_be_visible()
    page.get_by_role("link", name="look at the history").click()
    expect(page.get_by_role("region", name="History", exact=True)).to_be_visible()


@pytest.mark.parametrize("path", ["/h", "/c", "/learn", "/learn/predict/1", "/m"])
def test_nothing_is_wider_than_a_narrow_window(open_page, path):
    page = open_page(path, width=400, height=800)
    expect(page.get_by_role("region").first).to_be_visible()
    assert overflow(page) <= 0
