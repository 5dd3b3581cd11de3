"""axe finds nothing in the rarer states of each view, in both themes, wide and narrow.

States that are hard to come by are answers of the real server with a few fields changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Route, expect

from neuronscope.spec.gridfile import MEDIA_TYPE, packed, unpacked
from neuronscope.spec.results import GridData
from tests.e2e.conftest import Server
from tests.e2e.steps import ask, overflow, ready, stored
from tests.e2e.test_access import violations

LOOKS = [("light", 1440), ("dark", 1440), ("light", 380), ("dark", 380)]
PROMPT = "The Eiffel Tower is in"
LOAD = {"id": "load1", "kind": "load", "state": "running", "done": 2, "total": 5,
        "phase": "certify", "subject": "atlas", "created_at": "2026-01-01T00:00:00+00:00",
        "elapsed_s": 1.0, "error": None, "verification": None}


def answering(page: Page, path: str, change: Callable[[Any], Any]) -> None:
    """The server's answer to a path, changed."""
    def answer(route: Route) -> None:
        try:
            response = route.fetch()
            if response.headers["content-type"] == MEDIA_TYPE:  # a grid
                body = unpacked(response.body()).model_dump(mode="json")
                grid = GridData.model_validate(change(body) or body)
                route.fulfill(response=response, body=packed(grid))
                return
            body = response.json()
            route.fulfill(response=response, json=change(body) or body)
        except Error:
            return  # the page has gone to another address meanwhile

    page.route(re.compile(rf"/api/{path}(\?|$)"), answer)


def clean(page: Page, what: str) -> None:
    assert violations(page) == [], what
    assert overflow(page) <= 0, what


@pytest.fixture(scope="module")
def found(server: Server) -> dict[str, str]:
    """Ids of a sweep, of one over other axes, and of a capture; one result is tagged and noted."""
    zero = {"kind": "zero"}
    layers = stored(server, "sweeps", prompt=PROMPT, op=zero,
                    over={"sites": ["attn_out"], "layers": "all"})
    heads = stored(server, "sweeps", prompt=PROMPT, op=zero,
                   over={"sites": ["z"], "layers": "all", "heads": "all"})
    ask(server, "PATCH", f"experiments/{heads}", name="a name", notes="a note", tags=["mine"],
        starred=True)
    capture = ask(server, "POST", "captures", prompt=PROMPT,
                  targets=[{"site": "resid_pre", "layer": 3}])["id"]
    return {"layers": layers, "heads": heads, "capture": capture}


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def visit(open_page, request):
    """Opens an address in one theme and width."""
    theme, width = request.param
    return lambda path: open_page(path, theme=theme, width=width, height=820)


def test_models_with_refused_sites_and_stages(visit):
    page = visit("/m")
    expect(page.get_by_role("region", name="Sites of the model")).to_be_visible()

    def refuse(body: dict[str, Any]) -> None:
        sites = body["info"]["sites"]
        sites[2] |= {"certified": False, "layers": [], "reason": "zeroing it moved no logit"}
        sites[3] |= {"refused": [{"reason": "its hook fired twice", "layers": [1]}],
                     "note": "scaled"}
        body["info"]["stages"] = [{"stage": "replay", "what": "the clean run", "certified": False,
                                   "sites": [], "reason": "a logit differed", "deviation": 0.5}]

    answering(page, "model", refuse)
    page.reload()
    expect(page.get_by_text("zeroing it moved no logit")).to_be_visible()
    expect(page.get_by_text("a logit differed")).to_be_visible()
    clean(page, "refused sites and stages")


def test_a_model_that_loads(visit):
    page = visit("/h")
    answering(page, "model", lambda body: body.update(info=None, loading="load1"))
    answering(page, "jobs", lambda _: [LOAD])
    answering(page, "models", lambda body: [
        *body, body[0] | {"id": "bad", "name": "bad", "problem": "config.json cannot be read"}])
    origin = page.url.split("/h")[0]
    for path in ("/m", "/w", "/s", "/learn"):
        page.goto(origin + path)
        expect(page.get_by_role("progressbar", name=re.compile("^Loading")).first).to_be_visible()
        clean(page, f"loading, {path}")


def test_no_model_at_all(visit):
    page = visit("/h")
    answering(page, "model", lambda body: body.update(info=None, loading=None))
    origin = page.url.split("/h")[0]
    for path in ("/w", "/s", "/learn"):
        page.goto(origin + path)
        expect(page.get_by_role("heading", name="No model is loaded").first).to_be_visible()
        clean(page, f"no model, {path}")


def test_history_with_everything_open(visit, found):
    page = visit("/h?site=z")
    expect(page.get_by_role("list", name="Experiments")).to_contain_text("a name")
    page.get_by_role("button", name=re.compile("^More about")).first.click()
    page.get_by_role("checkbox").first.check()
    expect(page.get_by_role("region", name="Selected")).to_be_visible()
    expect(page.get_by_role("combobox", name="Where an edit acts")).to_be_visible()
    clean(page, "filters and a row")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("exact|same")).first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Queue: ")).click()
    clean(page, "verified, queue list")
    page.keyboard.press("Escape")
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()
    clean(page, "keys")


def test_compare_refused_and_captures_and_words(visit, found):
    page = visit(f"/c?a={found['layers']}&b={found['heads']}")
    expect(page.get_by_text("These two cannot be subtracted.")).to_be_visible()
    clean(page, "compare refused")
    origin = page.url.split("/c?")[0]
    page.goto(f"{origin}/a/{found['capture']}")
    expect(page.get_by_role("region", name="Capture", exact=True)).to_contain_text("length")
    clean(page, "a capture")
    page.goto(f"{origin}/learn/words/edit")
    expect(page.locator("#word-edit")).to_be_in_viewport()
    clean(page, "the glossary")
    page.goto(f"{origin}/s/{found['heads']}")
    page.locator('a[href="/learn/words/edit"]').first.click()
    expect(page.get_by_role("complementary", name="Glossary")).to_contain_text("steering")
    clean(page, "a group of words beside a view")


@pytest.mark.parametrize("state", ["cancelled", "completed_with_errors", "failed"])
def test_a_sweep_that_is_not_complete(visit, found, state):
    page = visit("/h")
    key = found["heads"]

    def stop(body: dict[str, Any]) -> None:
        body["summary"]["state"] = state
        body |= {"done": body["total"] - 2, "reasons": ["out of memory"]}

    def empty(body: dict[str, Any]) -> None:
        for name, status in body["status"].items():
            for index, value in ((1, "pending"), (2, "failed"), (3, "non_finite")):
                status[index] = value
                body["values"][name][index] = None
        body["errors"] = {"2": "out of memory"}

    answering(page, f"sweeps/{key}", stop)
    answering(page, f"sweeps/{key}/grid", empty)
    page.goto(f"{page.url.split('/h')[0]}/s/{key}")
    expect(page.get_by_text("kept", exact=False).or_(
        page.get_by_text("Every cell was tried", exact=False)).first).to_be_visible()
    clean(page, state)
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.get_by_text("not run yet").first).to_be_visible()
    clean(page, f"{state}, as a table")


def test_addresses_that_hold_nothing(visit):
    page = visit("/s/0000000000000000")
    expect(page.get_by_role("button", name="Back to the form")).to_be_visible()
    clean(page, "no such sweep")
    origin = page.url.split("/s/")[0]
    for path, says in (("/e/0000000000000000", "Back to the draft"), ("/nowhere", "workbench")):
        page.goto(origin + path)
        expect(page.get_by_role("main").get_by_text(says, exact=False).first).to_be_visible()
        clean(page, path)


def longest_motion(page: Page) -> float:
    """Seconds of the longest transition or animation of any element."""
    return page.evaluate("""() => Math.max(...[...document.querySelectorAll('*')].flatMap(each => {
        const style = getComputedStyle(each);
        return `${style.transitionDuration},${style.animationDuration}`.split(',').map(parseFloat);
    }))""")


def test_nothing_moves_for_those_who_ask_for_that(open_page):
    page = open_page("/")
    ready(page)
    assert longest_motion(page) <= 1e-5
    page.emulate_media(reduced_motion="no-preference")
    assert longest_motion(page) > 0.05  # there is something to switch off


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_chosen_is_seen_in_forced_colours(open_page, found, theme):
    page = open_page(f"/s/{found['layers']}", theme=theme)
    expect(page.get_by_role("grid")).to_be_visible()
    page.emulate_media(forced_colors="active")
    page.reload()
    expect(page.get_by_role("grid")).to_be_visible()
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    group = page.get_by_role("group", name="How to show the grid")
    background = "each => getComputedStyle(each).backgroundColor"
    chosen = group.get_by_role("button", name="Chart").evaluate(background)
    assert chosen != group.get_by_role("button", name="Table").evaluate(background)
    here = page.get_by_role("link", name="Explorer").evaluate(background)
    assert here != page.get_by_role("link", name="History").evaluate(background)
    assert violations(page) == []
