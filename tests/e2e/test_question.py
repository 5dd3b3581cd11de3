"""Writing a question: prompts side by side, edits in order, and every step back."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.steps import operation, prompt, ready, result, run


def source(page: Page):
    return page.get_by_role("textbox", name=re.compile("^Source prompt"))


def chips(page: Page) -> str:
    return page.get_by_label("Edits", exact=True).inner_text()


def test_patching_between_unequal_prompts_is_blocked_until_a_map_is_given(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Patch")
    source(page).fill("The great and old Louvre is in")
    expect(page.get_by_text("The prompt has 6 tokens and the source prompt of the attention "
                                "of layer 3 has")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Run")).first).to_be_disabled()
    page.get_by_role("button", name="Pair equal tokens").click()
    expect(page.get_by_label("As text")).not_to_have_value("")
    expect(page.get_by_text("Acts on the attention of layer 3 at the paired positions")
           ).to_be_visible()
    run(page)
    expect(result(page)).to_contain_text("Patching the attention of layer 3")


def test_a_position_map_is_made_and_unmade_by_keyboard_alone(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Patch")
    source(page).fill("The great and old Louvre is in")
    here = page.get_by_role("toolbar", name="Tokens of the prompt")
    there = page.get_by_role("toolbar", name="Tokens of the source")
    expect(here).to_be_visible()
    here.get_by_role("button").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(there.get_by_role("button").first).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    text = page.get_by_label("As text")
    expect(text).to_have_value(re.compile(r"^5:\d+$"))
    here.get_by_role("button").last.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(text).to_have_value("")


def test_what_differs_between_two_prompts_is_marked_in_both(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Patch")
    source(page).fill("The Eiffel Tower was in")
    for name in ("Tokens of: Prompt", "Tokens of: Source prompt"):
        marked = page.get_by_role("list", name=name).locator("[class*=differs]")
        expect(marked).to_have_count(1)
        expect(marked).to_contain_text(re.compile("is|was"))
    page.get_by_role("button", name="Token ids of: Prompt").click()
    expect(page.get_by_role("list", name="Tokens of: Prompt")).to_contain_text(
        re.compile(r"␣Eiffel\s*2 #\d+"))


def test_undo_and_redo_walk_the_whole_draft(open_page):
    page = open_page("/")
    ready(page)
    prompt(page).press("End")
    prompt(page).press_sequentially(" the")
    page.wait_for_timeout(1100)
    page.get_by_role("button", name="layer 4, MLP", exact=True).click(modifiers=["Shift"])
    page.get_by_role("button", name="Rank").click()
    assert "L4 MLP" in chips(page)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert "L4 MLP" not in chips(page)
    page.get_by_role("button", name="Undo").click()
    expect(prompt(page)).to_have_value("The Eiffel Tower is in")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    page.keyboard.press("Control+Shift+z")
    expect(prompt(page)).to_have_value("The Eiffel Tower is in the")
    page.keyboard.press("Control+Shift+z")
    page.get_by_role("button", name="Redo").click()
    assert "L4 MLP" in chips(page)
    expect(page.get_by_role("button", name="Rank")).to_have_attribute("aria-pressed", "true")


def test_an_edit_is_held_in_both_runs(open_page):
    page = open_page("/")
    ready(page)
    page.get_by_role("button", name="layer 0, MLP", exact=True).click(modifiers=["Shift"])
    page.get_by_role("button", name="Hold in both runs").click()
    expect(page.get_by_label("Held edits")).to_contain_text("L0 MLP zero")
    run(page)
    expect(result(page)).to_contain_text("1 held edit applied in both runs")
    expect(result(page)).to_contain_text("the attention of layer 3")


def test_edits_of_one_place_are_put_in_order(open_page):
    page = open_page("/")
    ready(page)
    page.get_by_role("button", name="Add", exact=True).first.click()
    operation(page, "Set")
    ready(page).click()
    expect(page.get_by_role("alert").first).to_contain_text("same")
    page.get_by_label("Apply in this order").check()
    run(page)
    row = result(page).get_by_role("row").filter(has_text="KL")
    before = row.inner_text()
    page.get_by_role("button", name="Move the edit forward").click()
    assert chips(page).index("2. L3 attn zero") > 0
    expect(page.get_by_text("The draft differs from this result.")).to_be_visible()
    ready(page).click()
    expect(row).not_to_have_text(before, use_inner_text=True)


def test_a_metric_is_read_after_another_token(open_page):
    page = open_page("/")
    ready(page)
    page.get_by_text("Measure after another token").click()
    page.get_by_role("combobox", name="Probability").select_option(label="2 ␣Eiffel")
    page.get_by_label("Read the prediction after").select_option(label="4 ␣is")
    run(page)
    expect(result(page).get_by_role("row").filter(has_text="Probability")).to_contain_text("@2")
