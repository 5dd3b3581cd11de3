"""The list of captures: searched, filtered and paged, all in the address."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.steps import ask, overflow
from tests.e2e.test_access import violations

MANY = "Big Ben keeps the many values"
PAGE = 30


@pytest.fixture(scope="module", autouse=True)
def made(server) -> str:
    """More captures of one prompt than a page holds, and one of another prompt."""
    for layer in range(6):
        for head in range(6):
            ask(server, "POST", "captures", prompt=MANY, tensors=False,
                targets=[{"site": "z", "layer": layer, "head": head}])
    return ask(server, "POST", "captures", prompt="Big Ben keeps one value", tensors=False,
               targets=[{"site": "mlp_out", "layer": 2}])["id"]


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Stored captures").locator("> li")


def search(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search the captures")


def test_a_search_is_in_the_address_and_stays_while_one_is_opened(open_page, made):
    page = open_page("/a")
    search(page).fill("ben one")
    page.wait_for_url(re.compile(r"/a\?q=ben\+one"))
    expect(rows(page)).to_have_count(1)
    rows(page).get_by_role("link").click()
    page.wait_for_url(re.compile(f"/a/{made}\\?q=ben\\+one"))
    expect(page.get_by_role("region", name="Capture", exact=True)).to_contain_text("MLP of layer 2")
    page.reload()
    expect(search(page)).to_have_value("ben one")
    expect(rows(page)).to_have_count(1)
    search(page).fill("nothing like this")
    expect(page.get_by_text("Nothing matches “nothing like this”.")).to_be_visible()
    page.get_by_role("button", name="Clear the search").click()
    expect(rows(page)).to_have_count(PAGE)


def test_models_and_days_are_filtered(open_page):
    page = open_page("/a?q=ben+many")
    page.get_by_role("button", name="Filters").click()
    for name in ("What an edit does", "Where an edit acts", "Tag"):
        expect(page.get_by_label(name)).to_have_count(0)
    page.get_by_label("Model").select_option("atlas")
    expect(rows(page)).to_have_count(PAGE)
    page.get_by_label("From", exact=True).fill("2001-01-01")
    page.get_by_label("To", exact=True).fill("2001-01-02")
    expect(rows(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Filters (3)")).to_be_visible()
    assert "model=atlas" in page.url and "to=2001-01-02" in page.url
    assert violations(page) == []


def test_pages_are_in_the_address_and_a_search_begins_at_the_first(open_page):
    page = open_page("/a?q=ben+many")
    expect(rows(page)).to_have_count(PAGE)
    page.get_by_role("button", name="Older").click()
    page.wait_for_url(re.compile("after="))
    expect(rows(page)).to_have_count(6)
    page.reload()
    expect(rows(page)).to_have_count(6)
    search(page).fill("ben many values")
    expect(rows(page)).to_have_count(PAGE)
    assert "after=" not in page.url
    page.get_by_role("button", name="Older").click()
    expect(rows(page)).to_have_count(6)
    page.get_by_role("button", name="Newest").click()
    expect(rows(page)).to_have_count(PAGE)


def test_it_is_searched_and_opened_by_keys_in_a_narrow_window(open_page, made):
    page = open_page("/a", width=380, height=800, theme="dark")
    expect(rows(page).first).to_be_visible()
    assert overflow(page) <= 0
    page.keyboard.press("/")
    expect(search(page)).to_be_focused()
    page.keyboard.type("ben one")
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/a/{made}"))
    assert overflow(page) <= 0
    assert violations(page) == []
