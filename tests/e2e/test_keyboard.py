"""Whole flows without a pointer: what is done here is done by keys alone."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.steps import EXPERIMENT, SWEEP, finished, ready, result, stored

PROMPT = "Big Ben is found by keys"


@pytest.fixture(scope="module")
def made(server) -> list[str]:
    """Two stored runs, the newer first, as the history lists them."""
    def zero(layer: int) -> str:
        return stored(server, "experiments", prompt=PROMPT, edits=[
            {"target": {"site": "mlp_out", "layer": layer}, "op": {"kind": "zero"}}])

    older = zero(1)
    return [zero(2), older]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def focus(page: Page) -> Locator:
    return page.locator(":focus")


def tab_to(page: Page, element: Locator, most: int = 80) -> None:
    """Presses Tab until the element has the focus; how a reader of the page gets there."""
    expect(element).to_be_visible()
    for _ in range(most):
        if element.evaluate("(each) => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{most} times Tab do not lead to {element}")


def save_by_keys(page: Page) -> Path:
    """The key e, and Enter on the first of the forms, which is SVG."""
    page.keyboard.press("e")
    expect(focus(page)).to_contain_text("SVG")
    with page.expect_download() as saving:
        page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Save the chart as")).to_have_count(0)
    return saving.value.path()


def find(page: Page) -> Locator:
    """Searches the history by keys, down to the first row; returns the rows."""
    press(page, "/")
    expect(page.get_by_role("searchbox", name="Search the history")).to_be_focused()
    press(page, "Control+a")
    page.keyboard.type("ben found keys")
    rows = page.get_by_role("list", name="Experiments").locator("> li")
    expect(rows).to_have_count(2)
    press(page, "ArrowDown")
    return rows


def test_the_history_is_searched_opened_starred_noted_and_compared(open_page, made):
    page = open_page("/w")
    ready(page)
    rows = find(page)
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    press(page, "ArrowDown", "Enter")
    page.wait_for_url(re.compile(f"/e/{made[1]}"))
    expect(result(page)).to_contain_text("the MLP of layer 1")
    page.go_back()

    rows = find(page)
    first = rows.nth(0)
    press(page, "Shift+Tab", "Space")
    star = first.get_by_role("button", name=re.compile("^Star"))
    expect(star).to_be_focused()
    expect(star).to_have_attribute("aria-pressed", "true")
    press(page, "Tab", "Tab", "Enter", "Tab")
    expect(first.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Struck at noon")
    press(page, "Tab", "Tab")
    expect(first.get_by_role("textbox", name=re.compile("^Notes"))).to_be_focused()
    page.keyboard.type("rings r and c")
    tab_to(page, first.get_by_role("button", name="Save"))
    press(page, "Enter")
    expect(first.get_by_text("rings r and c")).to_be_visible()
    expect(first.get_by_role("button", name="More about Struck at noon")).to_be_focused()

    press(page, "ArrowUp")
    expect(page.get_by_role("searchbox", name="Search the history")).to_be_focused()
    press(page, "ArrowDown", "Shift+Tab", "Shift+Tab", "Space", "ArrowDown", "Space")
    expect(page.get_by_role("region", name="Selected")).to_contain_text("2 selected")
    press(page, "c")
    page.wait_for_url(re.compile(f"a={made[0]}&b={made[1]}"))
    expect(page.get_by_role("region", name="Change of each metric")).to_be_visible()
    words = "".join(ElementTree.parse(save_by_keys(page)).getroot().itertext())
    assert "change of each metric by the edit" in words
    press(page, "g", "h")
    expect(page.get_by_role("searchbox", name="Search the history")).to_be_visible()


def test_a_search_that_is_open_keeps_its_words_and_filters(open_page, made):
    page = open_page("/h?q=ben+found+keys&kind=run")
    expect(page.get_by_role("list", name="Experiments").locator("> li")).to_have_count(2)
    press(page, "/")
    expect(page.get_by_role("searchbox", name="Search the history")).to_be_focused()
    expect(focus(page)).to_have_value("ben found keys")
    assert "kind=run" in page.url


def test_a_preset_is_chosen_run_walked_opened_and_saved(open_page):
    page = open_page("/s")
    preset = page.get_by_role("button", name="Which layers?")
    tab_to(page, preset)
    press(page, "Enter")
    expect(preset).to_have_attribute("aria-pressed", "true")
    press(page, "r")
    page.wait_for_url(SWEEP)
    finished(page)
    press(page, "g", "g")
    grid = page.get_by_role("grid")
    expect(grid).to_be_focused()
    press(page, "ArrowDown", "ArrowRight", "ArrowRight")
    expect(page.get_by_role("gridcell")).to_contain_text("MLP of layer 2")
    press(page, "Enter")
    own = page.get_by_role("region", name="Experiment")
    expect(own).to_contain_text("MLP of layer 2")
    tab_to(page, own.get_by_role("link", name="Open it in the workbench"))
    press(page, "Enter")
    page.wait_for_url(EXPERIMENT)
    expect(result(page)).to_contain_text("the MLP of layer 2")
    page.go_back()
    finished(page)
    press(page, "g", "g", "Home")
    expect(page.get_by_role("gridcell")).to_contain_text("layer 0")
    picture = ElementTree.parse(save_by_keys(page)).getroot()
    assert "noise floor" in "".join(picture.itertext())
    expect(page.get_by_role("button", name=re.compile("^Export")).first).to_be_focused()
