"""The workbench and the captures by keyboard alone, and before axe in either theme."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import operation, overflow, ready, result, run
from tests.e2e.test_access import violations


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def unequal_patch(page: Page) -> None:
    operation(page, "Patch")
    page.get_by_role("textbox", name="Source prompt").fill("The great and old Louvre is in")
    expect(page.get_by_role("group", name="Position map")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state_of_the_question(open_page, theme):
    page = open_page("/", theme=theme)
    ready(page)
    unequal_patch(page)
    page.get_by_role("toolbar", name="Tokens of the prompt").get_by_role("button").first.click()
    page.get_by_text("Measure after another token").click()
    page.get_by_text("Keep the values of").click()
    page.get_by_role("button", name="Token ids of: Prompt").click()
    assert violations(page) == []
    page.get_by_role("button", name="Pair equal tokens").click()
    page.get_by_role("button", name="layer 1, MLP", exact=True).click(modifiers=["Shift"])
    page.get_by_role("button", name="Hold in both runs").click()
    page.get_by_label("Apply in this order").check()
    assert violations(page) == []
    operation(page, "Add")
    page.get_by_role("button", name="Stored", exact=True).click()
    expect(page.get_by_role("combobox", name=re.compile("^Vector"))).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_results_and_captures(open_page, theme):
    page = open_page("/", theme=theme)
    ready(page)
    operation(page, "Scale")
    page.get_by_label("Factor").fill("1e38")
    ready(page).click()
    expect(result(page)).to_contain_text("Try a smaller factor")
    page.get_by_role("button", name="JSON", exact=True).click()
    assert violations(page) == []
    page.get_by_text("Keep the values of").click()
    page.get_by_role("button", name="Keep values", exact=True).click()
    expect(page.get_by_role("region", name="Capture", exact=True)).to_contain_text("length")
    expect(page.get_by_label("Stored captures").get_by_role("listitem").first).to_be_visible()
    assert violations(page) == []


def test_a_question_is_written_run_and_kept_by_keyboard_alone(open_page):
    page = open_page("/")
    ready(page)
    page.get_by_role("button", name="layer 3, attention", exact=True).focus()
    press(page, "ArrowRight", "ArrowDown", "Shift+Enter")
    expect(page.get_by_label("Edits", exact=True)).to_contain_text("L4.H0 zero")
    press(page, "Delete")
    expect(page.get_by_label("Edits", exact=True)).not_to_contain_text("L4.H0")
    press(page, "Control+z")
    expect(page.get_by_label("Edits", exact=True)).to_contain_text("L4.H0 zero")
    page.get_by_role("button", name="Hold in both runs").focus()
    press(page, "Enter")
    expect(page.get_by_label("Held edits")).to_contain_text("L3 attn")
    press(page, "Control+z", "Control+Enter")
    expect(result(page)).to_contain_text("together with 1 more edit")
    page.get_by_role("button", name="JSON", exact=True).focus()
    press(page, "Enter", "Tab", "Enter")
    expect(page.get_by_role("region", name="Reproduce with python")).to_be_visible()
    page.get_by_text("Keep the values of").focus()
    press(page, "Enter", "Tab", "Tab", "Tab", "Enter")  # past its two words
    page.wait_for_url(re.compile("/a/"))
    page.get_by_role("button", name=re.compile("^head 0 of layer 4")).focus()
    press(page, "Enter")
    position = page.get_by_role("combobox", name="Position")
    position.focus()
    press(page, "ArrowUp")
    expect(position).to_have_value("4")
    page.get_by_role("button", name="Add this vector in the workbench").focus()
    press(page, "Enter")
    expect(page.get_by_label("Edits", exact=True)).to_contain_text("L4.H0 add 1×")


def test_narrow_windows_show_the_whole_question_and_a_capture(open_page):
    page = open_page("/", width=400, height=860)
    ready(page)
    unequal_patch(page)
    page.get_by_role("button", name="Pair equal tokens").click()
    page.get_by_text("Measure after another token").click()
    assert overflow(page) <= 0
    run(page)
    page.get_by_role("button", name="Reproduce", exact=True).click()
    assert overflow(page) <= 0
    page.get_by_text("Keep the values of").click()
    page.get_by_role("button", name="Keep values", exact=True).click()
    expect(page.get_by_role("region", name="Capture", exact=True)).to_be_visible()
    assert overflow(page) <= 0
