"""What the page does while the model is busy with something else."""

import re

import httpx
from playwright.sync_api import expect

from tests.e2e.steps import (
    EXPERIMENT,
    SWEEP,
    ask,
    prompt,
    ready,
    result,
    run,
    sweep,
)
from tests.e2e.test_shell import busy, open_queue, queue

WAITS = re.compile(r"^Waiting for a sweep")


def titles(server, text: str) -> list[str]:
    """What the history has of a prompt."""
    items = ask(server, "GET", "experiments?limit=200")["items"]
    return [item["title"] for item in items if item["prompt"] == text]


def cancel(page):
    return page.get_by_role("button", name="Cancel", exact=True)


def test_a_run_that_asks_the_model_first_waits_in_the_open_and_is_cancelled(open_page, server):
    text = "The Colosseum stood once in"
    page = open_page("/w")
    ready(page)
    prompt(page).fill(text)
    expect(page.get_by_label("Tokens of: Prompt")).to_contain_text("once")
    with busy(server, "behind"):
        page.get_by_role("main").focus()
        page.keyboard.press("r")
        expect(page.get_by_text(WAITS).first).to_be_visible()
        cancel(page).click()
        ready(page)
        expect(cancel(page)).to_have_count(0)
    assert titles(server, text) == []
    expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)


def test_a_run_that_asks_the_model_first_goes_on_after_a_reload(open_page, server):
    text = "The Eiffel Tower once stood in"
    page = open_page("/w")
    ready(page)
    prompt(page).fill(text)
    expect(page.get_by_label("Tokens of: Prompt")).to_contain_text("once")
    with busy(server, "under"):
        page.get_by_role("main").focus()
        page.keyboard.press("r")
        expect(page.get_by_text(WAITS).first).to_be_visible()
        page.wait_for_url(re.compile("spec="))
        page.reload()
        expect(page.get_by_text(WAITS).first).to_be_visible()
        expect(page.get_by_role("button", name="Running…")).to_be_visible()
    page.wait_for_url(EXPERIMENT)
    expect(result(page).get_by_role("row").filter(has_text="KL")).to_be_visible()
    assert len(titles(server, text)) == 1, "asking leaves nothing"


def test_a_sweep_that_asks_the_model_first_is_cancelled_before_it_begins(open_page, server):
    text = "The Parthenon was built near"
    page = open_page("/s")
    page.get_by_role("button", name="Which layers?").click()
    prompt(page).fill(text)
    expect(page.get_by_label("Tokens of: Prompt")).to_contain_text("near")
    with busy(server, "beside"):
        page.get_by_role("button", name="Run sweep").click()
        expect(page.get_by_text(WAITS)).to_be_visible()
        page.reload()
        expect(page.get_by_text(WAITS)).to_be_visible()
        cancel(page).click()
        expect(page.get_by_role("button", name="Run sweep")).to_be_enabled()
    assert titles(server, text) == []


def test_a_cell_that_is_opened_while_the_model_is_busy_waits_beside_its_grid(open_page, server):
    page = open_page("/s")
    prompt(page).fill("It is before the tower.")  # no other test has run its cells
    sweep(page, "Which layers?")
    own = page.get_by_role("region", name="Experiment")
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowRight")
    with busy(server, "against"):
        page.keyboard.press("Enter")
        expect(own).to_contain_text("Waiting for a sweep")
        own.get_by_role("button", name="Cancel").click()
        expect(own).to_have_count(0)
        page.get_by_role("grid").focus()
        page.keyboard.press("Enter")
        expect(own).to_contain_text("Waiting for a sweep")
        page.reload()
        expect(own).to_contain_text("Waiting for a sweep")
    page.wait_for_url(re.compile(r"/s/\w+\?.*run="))
    expect(own.get_by_role("link", name="Open it in the workbench")).to_be_visible()


def test_the_history_follows_what_is_run_elsewhere(open_page, server):
    page = open_page("/h")
    row = page.get_by_role("listitem").filter(has_text="It is among the tower.")
    with busy(server, "among"):
        expect(row).to_contain_text("running")
    expect(row).to_contain_text("cancelled")
    ask(server, "POST", "experiments", prompt="Made by another", metrics=[{"kind": "kl"}])
    expect(page.get_by_role("listitem").filter(has_text="Made by another")).to_be_visible()


def test_a_new_question_from_a_result_leads_to_the_form_and_not_to_the_last_grid(open_page):
    page = open_page("/s")
    sweep(page, "Which layers?")
    page.get_by_role("link", name="Workbench").click()
    run(page)
    page.get_by_role("button", name="Try every layer and word").click()
    page.wait_for_url(re.compile(r"/s(\?|#|$)"))
    expect(page.get_by_role("button", name="Which layer, at which word?")).to_have_attribute(
        "aria-pressed", "true")
    expect(page.get_by_text("The same edit, everywhere.")).to_be_visible()
    assert not SWEEP.search(page.url)


def test_the_queue_tells_the_servers_own_time_left(open_page, server):
    page = open_page("/h")
    with busy(server, "above"):
        open_queue(page, "sweep .* left")
        expect(queue(page).get_by_role("listitem").first).to_contain_text(
            re.compile(r"\d+ of \d+, .* left"))


def test_a_task_that_asks_the_model_first_waits_in_the_open_and_is_cancelled(open_page, server):
    for item in ask(server, "GET", "experiments?limit=200")["items"]:
        if item["title"] == "no edit":  # what is stored is not asked again
            assert httpx.delete(f"{server.url}/api/experiments/{item['id']}", headers={
                "Authorization": f"Bearer {server.token}", "X-NeuronScope": "1"}).is_success
    page = open_page("/learn")
    begin = page.get_by_role("button", name="Begin: Predict")
    with busy(server, "below"):
        begin.click()
        expect(page.get_by_text(WAITS)).to_be_visible()
        cancel(page).click()
        expect(begin).to_be_enabled()
    begin.click()
    page.wait_for_url(re.compile("/learn/predict/1"))
