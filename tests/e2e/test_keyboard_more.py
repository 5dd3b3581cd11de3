"""More flows by keys alone: Learn's tasks, choosing sides to compare, taking in a bundle."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.steps import EXPERIMENT, SWEEP, finished, ready, stored
from tests.e2e.test_keyboard import focus, press, tab_to
from tests.e2e.test_learn import model_map, panel

PROMPT = "Big Ben is compared by keys"


def begin(page: Page, task: str) -> None:
    tab_to(page, page.get_by_role("button", name=f"Begin: {task}"))
    press(page, "Enter")
    page.wait_for_url(re.compile(f"/learn/{task.lower()}/1"))
    # Keys go on in the panel, not at the top of the page.
    expect(panel(page).get_by_text("Step 1 of")).to_be_focused()


def go_on(page: Page, word: str = "Next") -> None:
    button = panel(page).get_by_role("button", name=word, exact=True)
    expect(button).to_be_enabled()
    tab_to(page, button)
    press(page, "Enter")


def choose_on_map(page: Page, *keys: str) -> None:
    tab_to(page, model_map(page).locator("[data-key][tabindex='0']"))
    press(page, *keys, "Enter")


def test_predict_and_break_are_done_by_keys(open_page):
    page = open_page("/learn")
    begin(page, "Predict")
    tab_to(page, panel(page).get_by_label("Your guess"))
    page.keyboard.type("paris")
    press(page, "Enter")
    go_on(page)
    ready(page)
    press(page, "r")
    page.wait_for_url(EXPERIMENT)
    expect(panel(page)).to_contain_text("That was your guess, too.")
    go_on(page, "Finish")
    tab_to(page, panel(page).get_by_role("button", name="Next: Break"))
    press(page, "Enter")
    expect(panel(page)).to_contain_text("Step 1 of")
    choose_on_map(page)
    go_on(page)
    ready(page)
    press(page, "r")
    page.wait_for_url(EXPERIMENT)
    expect(panel(page)).to_contain_text(re.compile("␣Paris went from .* to "))
    go_on(page)
    expect(panel(page)).to_contain_text("Step 3 of")


def test_locate_is_done_by_keys(open_page):
    page = open_page("/learn")
    begin(page, "Locate")
    tab_to(page, page.get_by_role("button", name="Which layer, at which word?"))
    press(page, "Enter")
    go_on(page)
    press(page, "r")
    page.wait_for_url(SWEEP)
    finished(page)
    go_on(page)
    press(page, "g", "g", "End", "Space")
    said = panel(page).get_by_role("status")
    for _ in range(7):
        expect(said).to_contain_text(re.compile("Too early|has reached"))
        if "has reached" in said.inner_text():
            break
        press(page, "ArrowDown", "Space")
    go_on(page)
    expect(page.get_by_role("grid")).to_be_focused()
    press(page, "Enter")
    go_on(page, "Finish")
    tab_to(page, panel(page).get_by_role("button", name="Try your own pair"))
    press(page, "Enter")
    page.wait_for_url(re.compile(r"/s(\?|#|$)"))
    expect(page.get_by_role("textbox", name=re.compile("^Prompt"))).to_be_focused()


def test_both_sides_of_a_comparison_are_chosen_by_keys(open_page, server):
    for layer in (1, 2):
        stored(server, "experiments", prompt=PROMPT, edits=[
            {"target": {"site": "mlp_out", "layer": layer}, "op": {"kind": "zero"}}])
    page = open_page("/c")
    search = page.get_by_role("searchbox", name="Search")
    tab_to(page, search)
    page.keyboard.type("ben compared by keys")
    choices = page.get_by_role("list", name="Stored results").get_by_role("button")
    expect(choices).to_have_count(2)
    press(page, "Tab", "Enter")
    expect(page.get_by_role("region", name="Side A")).to_be_visible()
    expect(search).to_be_focused()
    expect(choices).to_have_count(1)
    press(page, "Tab", "Enter")
    expect(page.get_by_role("region", name="Side B")).to_be_visible()
    expect(page.get_by_role("region", name="Change of each metric")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Change A"))
    press(page, "Enter")
    expect(search).to_be_visible()
    tab_to(page, search)


def test_a_bundle_is_taken_in_by_keys(open_page, server, tmp_path):
    made = stored(server, "experiments", prompt="Taken in by keys", metrics=[{"kind": "kl"}])
    headers = {"Authorization": f"Bearer {server.token}", "X-NeuronScope": "1"}
    kept = tmp_path / "kept.neuronscope.zip"
    kept.write_bytes(httpx.get(f"{server.url}/api/export?id={made}", headers=headers).content)
    httpx.delete(f"{server.url}/api/experiments/{made}", headers=headers).raise_for_status()
    page = open_page("/h")
    button = page.get_by_role("button", name="Import…")
    tab_to(page, button)
    with page.expect_file_chooser() as chooser:
        press(page, "Enter")
    chooser.value.set_files(kept)
    expect(page.get_by_text("Imported 1 experiment.")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Taken in by keys")).to_be_visible()
    expect(focus(page)).to_have_text("Import…")
