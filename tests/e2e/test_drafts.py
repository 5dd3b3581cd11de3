"""A draft outlives reloads, closed tabs and restarts, and travels in a link, however long."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import free_port, start_server, stop_server
from tests.e2e.steps import prompt, ready, run

LONG = "The Eiffel Tower is in Paris. " * 40 + "Big Ben is in"


def test_a_long_draft_travels_in_a_link_and_is_not_sent_to_the_server(open_page):
    page = open_page("/")
    ready(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    prompt(page).fill(LONG)
    page.wait_for_url(re.compile("/w#spec="))
    page.reload()
    expect(prompt(page)).to_have_value(LONG)
    assert all(len(url) < 500 for url in asked)
    other = open_page("/w")
    ready(other)
    other.goto(page.url)
    expect(prompt(other)).to_have_value(LONG)
    prompt(page).fill("Short is in")
    page.wait_for_url(re.compile(r"/w\?spec="))
    assert "#" not in page.url


def test_a_closed_tab_loses_nothing_and_the_example_is_one_click_away(open_page):
    page = open_page("/")
    ready(page)
    prompt(page).fill("Big Ben is in")
    page.get_by_role("button", name="layer 0, MLP", exact=True).click(modifiers=["Shift"])
    page.wait_for_timeout(600)
    page.goto(page.url.split("/w")[0] + "/")
    expect(prompt(page)).to_have_value("Big Ben is in")
    expect(page.get_by_label("Edits", exact=True)).to_contain_text("L0 MLP zero")
    page.get_by_role("button", name="Start over").click()
    expect(prompt(page)).to_have_value("The Eiffel Tower is in")
    page.get_by_role("button", name="Undo").click()
    expect(prompt(page)).to_have_value("Big Ben is in")


def test_opening_a_result_does_not_lose_the_draft(open_page):
    page = open_page("/")
    run(page)
    stored = page.url
    prompt(page).fill("Big Ben is in")
    page.wait_for_timeout(600)
    page.goto(stored)
    expect(prompt(page)).to_have_value("The Eiffel Tower is in")
    page.get_by_role("button", name="Undo").click()
    expect(prompt(page)).to_have_value("Big Ben is in")


def test_a_draft_outlives_a_restart_of_the_server(open_page, tmp_path):
    port = free_port()
    first = start_server(tmp_path, port)
    page = open_page("/", at=first)
    ready(page)
    prompt(page).fill("Big Ben is in")
    stop_server(first)
    expect(page.get_by_text("Server does not answer")).to_be_visible()
    page.get_by_role("button", name="layer 0, MLP", exact=True).click()
    second = start_server(tmp_path, port)
    try:
        expect(page.get_by_text("Server does not answer")).to_have_count(0)
        expect(prompt(page)).to_have_value("Big Ben is in")
        page.reload()
        expect(prompt(page)).to_have_value("Big Ben is in")
        run(page)
        expect(page.get_by_role("region", name="Result", exact=True)).to_contain_text(
            "the MLP of layer 0")
    finally:
        stop_server(second)
