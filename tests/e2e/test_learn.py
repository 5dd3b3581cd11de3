"""The four tasks, each done by hand in the real views; and the words."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.steps import EXPERIMENT, finished, operation, overflow, prompt, ready


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Learn")


def model_map(page: Page) -> Locator:
    return page.get_by_role("group", name="Model map")


def begin(page: Page, task: str) -> None:
    page.get_by_role("button", name=f"Begin: {task}").click()
    page.wait_for_url(re.compile(f"/learn/{task.lower()}/1"))
    expect(panel(page).get_by_role("heading", name=task)).to_be_visible()


def go_on(page: Page, word: str = "Next") -> None:
    panel(page).get_by_role("button", name=word, exact=True).click()


def waits(page: Page) -> None:
    """Nothing but the person's own action leads on."""
    expect(panel(page).get_by_role("button", name=re.compile("^(Next|Finish)$"))).to_be_disabled()


def run(page: Page) -> None:
    ready(page).click()
    page.wait_for_url(EXPERIMENT)


def test_predict_waits_for_a_guess_and_a_run(open_page):
    page = open_page("/learn")
    begin(page, "Predict")
    waits(page)
    panel(page).get_by_label("Your guess").fill("paris")
    panel(page).get_by_role("button", name="That is my guess").click()
    go_on(page)
    waits(page)
    run(page)
    expect(panel(page)).to_contain_text("The model’s first choice is ␣Paris")
    expect(panel(page)).to_contain_text("That was your guess, too.")
    go_on(page, "Finish")
    expect(panel(page)).to_contain_text("next-token distribution")
    page.reload()
    expect(panel(page)).to_contain_text("Done")


def test_break_waits_for_a_part_that_matters(open_page):
    page = open_page("/learn")
    begin(page, "Break")
    expect(model_map(page).get_by_role("button").first).to_be_in_viewport()
    page.get_by_role("button", name="Add an edit").click()
    expect(panel(page)).to_contain_text("Choose the part itself on the map")
    waits(page)
    page.get_by_role("button", name="layer 1, attention", exact=True).click()
    expect(panel(page)).to_contain_text("the attention of layer 1")
    go_on(page)
    waits(page)
    run(page)
    expect(panel(page)).to_contain_text(re.compile("␣Paris went from .* to "))
    go_on(page)
    expect(panel(page)).to_contain_text("it still says ␣Paris")
    waits(page)
    page.get_by_role("button", name="layer 3, attention", exact=True).click()
    ready(page).click()
    expect(panel(page)).to_contain_text("calls a part needed")
    go_on(page, "Finish")
    page.get_by_role("link", name="Learn").click()
    expect(page.get_by_role("listitem").filter(has_text="Take one part away")).to_contain_text(
        "done")


def test_restore_waits_for_a_patch_that_brings_the_other_answer(open_page):
    page = open_page("/learn")
    begin(page, "Restore")
    run(page)
    expect(panel(page)).to_contain_text("To this prompt the model says ␣Rome")
    go_on(page)
    waits(page)
    page.get_by_role("button", name="layer 0, stream out", exact=False).first.click()
    operation(page, "Patch")
    page.get_by_role("textbox", name=re.compile("^Source prompt")).fill("The Eiffel Tower is in")
    expect(panel(page)).to_contain_text("It will take")
    go_on(page)
    ready(page).click()
    expect(panel(page)).to_contain_text("It now says ␣Paris.")
    go_on(page, "Finish")
    expect(panel(page)).to_contain_text("enough to bring the other answer")


def test_locate_waits_for_the_cell_where_the_answer_arrives(open_page):
    page = open_page("/learn")
    begin(page, "Locate")
    waits(page)
    page.get_by_role("button", name="Which layer, at which word?").click()
    go_on(page)
    waits(page)
    page.get_by_role("button", name="Run sweep").click()
    finished(page)
    expect(panel(page)).to_contain_text("in each, one place took over")
    go_on(page)
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("End")
    said = panel(page).get_by_role("status")
    page.keyboard.press("Space")
    expect(said).to_contain_text("Too early")
    for _ in range(6):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        expect(said).to_contain_text(re.compile("Too early|has reached"))
        if "has reached" in said.inner_text():
            break
    go_on(page)
    waits(page)
    expect(grid).to_be_focused()
    expect(page.get_by_role("button", name="Open as its own experiment")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?&]run=\w+"))
    expect(panel(page)).to_contain_text("The cell as an experiment of its own")
    go_on(page, "Finish")
    expect(panel(page)).to_contain_text(re.compile(
        r"entering layer \d, at ␣in, the last word. Before that it sat at .*entering layers"))
    panel(page).get_by_role("button", name="Try your own pair").click()
    expect(panel(page)).to_have_count(0)
    expect(prompt(page)).to_be_focused()


def test_a_task_that_is_done_makes_room_and_one_under_way_says_where_it_goes_on(open_page):
    page = open_page("/learn/predict/2")
    expect(panel(page)).to_contain_text("Step 2 of 2")
    page.get_by_role("link", name="Explorer").click()
    panel(page).get_by_role("button", name="Go to the Workbench").click()
    run(page)
    go_on(page, "Finish")
    expect(panel(page)).to_contain_text("Done")
    page.get_by_role("link", name="History").click()
    expect(panel(page)).to_have_count(0)


def test_a_task_has_an_address_and_can_be_left(open_page):
    page = open_page("/learn/break/2")
    expect(panel(page)).to_contain_text("Step 2 of 3")
    expect(page.get_by_role("textbox", name=re.compile("^Prompt"))).to_have_value(
        "The Eiffel Tower is in")
    panel(page).get_by_role("button", name="Leave the task").click()
    expect(panel(page)).to_have_count(0)


def test_a_term_is_explained_beside_the_view_and_on_a_page_of_its_own(open_page):
    page = open_page("/learn/predict/1")
    panel(page).get_by_role("link", name="language model").click()
    words = page.get_by_role("complementary", name="Glossary")
    expect(words).to_contain_text("how likely each possible continuation is")
    words.get_by_role("button", name="Close").click()
    expect(panel(page)).to_be_visible()
    panel(page).get_by_role("link", name="prompt").click()
    words.get_by_role("link", name="All words").click()
    page.wait_for_url(re.compile("/learn/words/prompt"))
    expect(page.get_by_role("region", name="Words")).to_contain_text("noise floor")


def test_the_panel_leaves_the_view_usable_in_a_narrow_window(open_page):
    page = open_page("/learn/break/1", width=400, height=820)
    expect(panel(page)).to_be_visible()
    expect(model_map(page).get_by_role("button").first).to_be_in_viewport()
    assert overflow(page) <= 0
