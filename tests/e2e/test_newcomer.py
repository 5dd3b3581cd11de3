"""A first question of one's own: what the page says and does without being asked."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.steps import EXPERIMENT, ask, operation, prompt, ready, result, run

OWN = "My dog likes to eat"


def settled(page: Page, text: str) -> None:
    prompt(page).fill(text)
    expect(page.get_by_text("was chosen for another prompt")).to_be_visible()


def test_the_answer_follows_the_model_to_a_prompt_of_ones_own(open_page, server):
    page = open_page("/")
    ready(page)
    settled(page, OWN)
    run(page)
    answer = page.get_by_label("Answer").first
    expect(answer).not_to_have_value(" Paris")
    said = answer.input_value().strip()
    expect(page.get_by_text(f"Follows the model: ␣{said}")).to_be_visible()
    expect(result(page).locator("[data-headline]")).to_contain_text(f"␣{said}")
    mine = [item for item in ask(server, "GET", "experiments")["items"] if OWN in str(item)]
    assert len(mine) == 1, "asking the model leaves nothing in the history"


def test_an_answer_is_kept_by_hand_and_said_to_be_none(open_page):
    page = open_page("/")
    ready(page)
    settled(page, OWN)
    page.get_by_role("button", name="Keep ␣Paris").click()
    run(page)
    expect(page.get_by_text(re.compile("␣Paris has .* here; the model says"))).to_be_visible()
    expect(result(page).locator("[data-headline]")).not_to_contain_text("␣Paris")
    page.get_by_role("button", name=re.compile("^Follow ␣")).click()
    expect(page.get_by_text("Follows the model")).to_be_visible()
    page.get_by_role("button", name="Pin").click()
    prompt(page).fill("The Colosseum is in")
    expect(page.get_by_text("is kept, whatever the prompt")).to_be_visible()


def test_recovered_waits_for_a_source_prompt(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Patch")
    recovered = page.get_by_role("button", name="Recovered")
    recovered.click()
    run(page)
    expect(result(page).get_by_role("row").filter(has_text="Recovered")).to_be_visible()
    operation(page, "Zero")
    expect(page.get_by_text("Recovered waits")).to_be_visible()
    run_again(page)
    expect(result(page).get_by_role("row").filter(has_text="Recovered")).to_have_count(0)
    expect(recovered).to_have_attribute("aria-pressed", "true")


def run_again(page: Page) -> None:
    before = page.url
    ready(page).click()
    page.wait_for_url(lambda url: url != before and bool(EXPERIMENT.search(url)))


def test_the_first_result_leads_to_every_layer_and_word(open_page):
    page = open_page("/")
    expect(page.get_by_role("main").get_by_role("link", name="Learn")).to_be_visible()
    run(page)
    page.get_by_role("button", name="Try every layer and word").click()
    expect(page.get_by_role("button", name="Run sweep")).to_be_enabled()
    expect(prompt(page)).to_have_value("The Eiffel Tower is in")
    expect(page.get_by_text(re.compile("layer 6 × position 6|6 × 6|36 cells")).first
           ).to_be_visible()


def test_a_clean_run_compares_nothing(open_page):
    page = open_page("/")
    ready(page)
    page.get_by_role("button", name=re.compile("^Remove the edit")).click()
    expect(page.get_by_text("to see what the model says")).to_be_visible()
    ready(page).click()
    clean = page.get_by_role("region", name="Clean run")
    expect(clean.get_by_role("row").filter(has_text="Probability")).to_be_visible()
    expect(clean).not_to_contain_text("changed no logit")
    for column in ("Edited", "Change", "Noise floor"):
        expect(clean.get_by_role("columnheader", name=column)).to_have_count(0)


def test_the_map_stays_where_it_is_when_a_part_is_chosen(open_page):
    page = open_page("/", width=1366, height=768)
    ready(page)
    page.get_by_role("button", name=re.compile("^Remove the edit")).click()
    part = page.get_by_role("button", name="layer 2, attention", exact=True)
    before = part.bounding_box()
    part.click()
    expect(part).to_have_attribute("aria-pressed", "true")
    assert part.bounding_box() == before


def test_a_patch_offers_another_prompt_than_the_prompt_itself(open_page):
    page = open_page("/")
    ready(page)
    prompt(page).fill("The Colosseum is in")
    operation(page, "Patch")
    source = page.get_by_role("textbox", name=re.compile("^Source prompt"))
    expect(source).to_have_value("The Eiffel Tower is in")


def test_the_workbench_returns_to_its_last_result_and_views_begin_at_their_top(open_page):
    page = open_page("/", width=1366, height=600)
    run(page)
    expect(result(page).locator("[data-headline]")).to_be_in_viewport()
    address = page.url
    page.evaluate("() => document.querySelector('main').scrollTo(0, 400)")
    page.get_by_role("link", name="Learn", exact=True).click()
    expect(page.get_by_role("region").first).to_be_visible()
    assert page.evaluate("() => document.querySelector('main').scrollTop") == 0
    page.get_by_role("link", name="Workbench").click()
    expect(result(page).locator("[data-headline]")).to_be_visible()
    page.wait_for_url(address)


def test_a_refusal_is_said_once_and_goes_when_the_view_is_left(open_page):
    page = open_page("/")
    ready(page)
    page.get_by_role("button", name="Add", exact=True).first.click()
    ready(page).click()
    alert = page.get_by_role("alert").filter(has_text="same")
    expect(alert).to_have_count(1)
    page.get_by_role("link", name="History").click()
    expect(alert).to_have_count(0)
