"""axe finds nothing to object to, in either theme."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT
from tests.e2e.steps import operation, run, stored, sweep

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    if not AXE.exists():
        pytest.fail("axe-core is missing. Install it with:\n  cd frontend && npm ci", pytrace=False)
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    page.wait_for_timeout(200)
    # The rule of WCAG 2.2 (2.5.8) is off unless asked for.
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'], "
                          "rules: { 'target-size': { enabled: true } } })")
    return [f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for each in found["violations"] for node in each["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_page, theme):
    page = open_page("/", theme=theme)
    assert page.locator("html").get_attribute("data-theme") == theme
    expect(page.get_by_label("Tokens of: Prompt")).to_be_visible()
    assert violations(page) == []
    run(page)
    assert violations(page) == []
    page.get_by_role("button", name="Reproduce", exact=True).click()
    assert violations(page) == []
    operation(page, "Path")
    page.get_by_role("button", name="To a part").click()
    page.get_by_role("button", name="pattern", exact=True).click()
    page.get_by_role("button", name="layer 2, pattern of head 3", exact=True).click()
    page.get_by_role("button", name=re.compile("^Run")).first.click()
    expect(page.get_by_text("is not a part that adds to the residual stream").first).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Explorer").click()
    sweep(page, "Which layers?")
    page.get_by_text("Inside attention").click()
    expect(page.get_by_role("region", name="Controls")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Table", exact=True).click()
    assert violations(page) == []
    for view in ("History", "Models"):
        page.get_by_role("link", name=view).click()
        expect(page.get_by_role("region", name=view).first).to_be_visible()
        expect(page.get_by_role("listitem").filter(has_text="atlas").first).to_be_visible()
        assert violations(page) == []


def test_the_theme_can_be_chosen_and_is_kept(open_page):
    page = open_page("/", theme="light")
    button = page.get_by_role("button", name="Theme:", exact=False)
    button.click()
    button.click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


@pytest.fixture(scope="module")
def pairs(server) -> list[str]:
    """The address of a comparison of two sweeps, and of two runs."""
    prompts = ("The Eiffel Tower is in", "The Louvre is in")
    over = {"sites": ["attn_out"], "layers": "all"}
    sweeps = [stored(server, "sweeps", prompt=each, op={"kind": "zero"}, over=over)
              for each in prompts]
    runs = [stored(server, "experiments", prompt=each) for each in prompts]
    return [f"/c?a={a}&b={b}" for a, b in (sweeps, runs)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_other_views(open_page, pairs, theme):
    page = open_page("/h?op=zero", theme=theme)
    page.get_by_role("button", name=re.compile("^More about")).first.click()
    page.get_by_role("checkbox").first.check()
    assert violations(page) == []
    page.get_by_role("button", name=re.compile("^Queue: ")).click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()
    assert violations(page) == []
    for address in ("/c", *pairs, "/learn"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + address)
        expect(page.get_by_role("main").get_by_role("listitem").or_(
            page.get_by_role("main").get_by_role("row")).first).to_be_visible()
        assert violations(page) == [], address
    page.get_by_role("button", name="Begin: Predict").click()
    expect(page.get_by_role("complementary", name="Learn")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="language model").click()
    expect(page.get_by_role("complementary", name="Glossary")).to_be_visible()
    assert violations(page) == []
