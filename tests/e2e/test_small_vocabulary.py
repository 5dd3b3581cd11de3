"""Examples, presets and tasks on a model that knows none of our sentences: random, of few words."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Server, free_port, start_server, stop_server
from tests.e2e.steps import (
    EXPERIMENT,
    ask,
    finished,
    operation,
    overflow,
    prompt,
    ready,
    result,
    run,
    sweep,
)
from tests.tiny import PROMPT, SOURCE, save

OURS = re.compile("Paris|Rome|Eiffel|Colosseum|Louvre")


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Iterator[Server]:
    models = tmp_path_factory.mktemp("models")
    save("llama", models / "tiny")
    started = start_server(tmp_path_factory.mktemp("data"), free_port(), "tiny", models)
    yield started
    stop_server(started)


def written(page: Page) -> str:
    """What the fields hold and the page says."""
    fields = page.locator("main input, main textarea").evaluate_all(
        "all => all.map(each => each.value).join(' ')")
    return f"{fields} {page.get_by_role('main').inner_text()}"


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Learn")


def go_on(page: Page, word: str = "Next") -> None:
    panel(page).get_by_role("button", name=word, exact=True).click()


def test_nothing_is_suggested_that_the_model_cannot_read_or_say(open_page, other):
    page = open_page("/", at=other)
    expect(page.get_by_text("Write a text that this model can read.")).to_be_visible()
    expect(page.get_by_text("No answer is chosen.", exact=False)).to_be_visible()
    for kind in ("Mean", "Patch", "Add", "Resample", "Path", "Zero"):
        operation(page, kind)
        assert not OURS.search(written(page)), kind
    page.get_by_role("link", name="Explorer").click()
    for preset in ("Which layers?", "Which layer, at which word?", "Which heads?"):
        page.get_by_role("button", name=preset).click()
        assert not OURS.search(written(page)), preset


def test_the_answer_is_what_the_model_says_and_one_token(open_page, other):
    page = open_page("/", at=other)
    prompt(page).fill(PROMPT)
    page.get_by_role("button", name="Ask the model for its answers").click()
    page.get_by_role("button", name=re.compile("^Answer: use ")).first.click()
    page.get_by_role("button", name=re.compile("^Foil: use ")).first.click()
    page.get_by_role("button", name="Probability", exact=True).click()
    run(page)
    expect(result(page).get_by_role("row").filter(has_text="Probability")).to_be_visible()
    page.get_by_role("link", name="Explorer").click()
    operation(page, "Patch")
    page.get_by_role("textbox", name="Source prompt").fill(SOURCE)
    sweep(page, "Which layer, at which word?")
    expect(page.get_by_role("group", name="Metric", exact=True)).to_contain_text("Recovered")


def test_a_token_that_the_model_lacks_is_said_to_be_none(open_page, other):
    page = open_page("/", at=other)
    expect(page.get_by_text("No answer is chosen.", exact=False)).to_be_visible()
    page.get_by_label("Answer").first.fill(" Paris")
    page.get_by_role("button", name="Probability", exact=True).click()
    expect(page.get_by_text("This model has no token for “␣Paris”.")).to_be_visible()


def test_the_tasks_speak_of_what_this_model_does(open_page, other):
    page = open_page("/learn", at=other)
    page.get_by_role("button", name="Begin: Predict").click()
    expect(panel(page)).to_contain_text("do not spell our sentences")
    assert not OURS.search(written(page) + panel(page).inner_text())
    panel(page).get_by_label("Your guess").fill("w7")
    panel(page).get_by_role("button", name="That is my guess").click()
    go_on(page)
    ready(page).click()
    page.wait_for_url(EXPERIMENT)
    expect(panel(page)).to_contain_text(re.compile("first choice is w\\d+"))
    go_on(page, "Finish")
    panel(page).get_by_role("button", name="Next: Break").click()
    page.get_by_role("button", name="layer 1, attention", exact=True).click()
    go_on(page)
    ready(page).click()
    expect(panel(page)).to_contain_text(re.compile("w\\d+ went from .* to "))


def test_an_answer_is_carried_over_and_found_on_this_model(open_page, other):
    page = open_page("/learn/restore/1", at=other)
    expect(panel(page)).to_contain_text("not that it knows something")
    ready(page).click()
    expect(panel(page)).to_contain_text("To this prompt the model says w")
    go_on(page)
    source = panel(page).locator("q").first.inner_text()
    page.get_by_role("button", name="layer 0, stream out", exact=True).click()
    operation(page, "Patch")
    page.get_by_role("textbox", name=re.compile("^Source prompt")).fill(source)
    expect(panel(page)).to_contain_text("It will take")
    go_on(page)
    ready(page).click()
    expect(panel(page)).to_contain_text("It now says w")
    go_on(page, "Finish")
    panel(page).get_by_role("button", name="Next: Locate").click()
    page.get_by_role("button", name="Which layer, at which word?").click()
    go_on(page)
    page.get_by_role("button", name="Run sweep").click()
    finished(page)
    expect(panel(page)).to_contain_text("in each, one place took over")


def test_runs_that_the_tasks_made_are_found_by_their_tag(open_page, other):
    page = open_page("/learn", at=other, width=380, height=820)
    page.get_by_role("button", name="Begin: Predict").click()
    expect(panel(page)).to_be_visible()
    assert overflow(page) <= 0
    own = ask(other, "GET", "experiments?tag=learn")["items"]
    assert own and all(each["kind"] == "run" and each["title"] == "no edit" for each in own)
    theirs = ask(other, "POST", "experiments", prompt=PROMPT, metrics=[{"kind": "kl"}])
    assert theirs["tags"] == []
