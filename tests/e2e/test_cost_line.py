"""What a run would take is said before it is run, and follows the draft."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.steps import operation, prompt, ready, run


def line(page: Page) -> Locator:
    return page.get_by_role("region", name="Question").get_by_role("status")


def test_the_cost_follows_the_draft_and_has_a_time_once_something_was_run(open_page):
    page = open_page("/")
    expect(line(page)).to_contain_text("3 forwards")
    expect(line(page)).to_contain_text("clean, noise floor, edited")
    operation(page, "Patch")
    expect(line(page)).to_contain_text("4 forwards")
    expect(line(page)).to_contain_text("on another prompt")
    operation(page, "Noise")
    expect(line(page)).to_contain_text("24 forwards in 8 draws")
    operation(page, "Mean")
    expect(line(page)).to_contain_text("3 on other prompts")
    run(page)
    expect(line(page)).to_contain_text(re.compile(r"6 forwards · about [\d.]+ (ms|s)"))


def test_the_line_is_quiet_on_what_the_fields_say_and_tells_the_rest(open_page):
    page = open_page("/")
    ready(page)
    expect(line(page)).to_contain_text("3 forwards")
    page.get_by_label("Answer").first.fill(" Paris Rome")
    expect(page.get_by_text("is 2 tokens")).to_be_visible()
    expect(line(page)).to_have_text("")
    page.get_by_label("Answer").first.fill(" Paris")
    expect(line(page)).to_contain_text("3 forwards")
    page.get_by_role("button", name="Add", exact=True).first.click()
    expect(line(page)).to_contain_text("As it is, this would be refused")
    expect(line(page)).to_contain_text("select the same entries")
    page.get_by_label("Apply").check()
    expect(line(page)).to_contain_text("3 forwards")
    prompt(page).fill("")
    expect(line(page)).to_have_text("")
