"""The page on models other than the embedded one: a multimodal one, and one with refused sites."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import free_port, start_server, stop_server
from tests.e2e.steps import colours, overflow, prompt, ready, sweep
from tests.e2e.test_access import violations
from tests.tiny import PROMPT, save, save_multimodal


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    save_multimodal(models / "gemma")
    save("falcon", models / "falcon")  # attention and MLP side by side: nothing between them
    started = start_server(tmp_path_factory.mktemp("data"), free_port(), "gemma", models)
    yield started
    stop_server(started)


def load(page, name):
    page.get_by_role("link", name="Models").click()
    page.get_by_role("button", name=f"Load {name}").click()
    expect(page.get_by_role("region", name=f"{name}: what was found")).to_be_visible()


def test_a_multimodal_model_is_swept_on_the_page(open_page, others):
    page = open_page("/s", at=others)
    prompt(page).fill(PROMPT)
    expect(page.get_by_label("Tokens of: Prompt")).to_contain_text("w26")
    page.get_by_label("Answer").first.fill("w5")
    page.get_by_label("Foil").first.fill("w9")
    sweep(page, "Which layers?")
    assert colours(page) > 3


def test_each_site_says_where_it_is_offered_and_why_not(open_page, others):
    page = open_page("/m", at=others)
    load(page, "falcon")
    sites = page.get_by_role("region", name="Sites of the model")
    refused = sites.get_by_role("row").filter(has_text="resid_mid")
    expect(refused).to_contain_text("no:")
    expect(refused).to_contain_text("parallel block")
    expect(sites.get_by_role("row").filter(has_text="resid_pre")).to_contain_text("0-2")
    page.get_by_role("link", name="Explorer").click()
    button = page.get_by_role("button", name="Stream mid", exact=True).first
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", re.compile("not offered.*parallel block"))
    button.click(force=True)
    expect(button).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 480)])
def test_stages_are_checked_by_keyboard_and_told(open_page, theme, width):
    page = open_page("/m", theme=theme, width=width)
    stages = page.get_by_role("region", name="Stages of fast sweeps")
    button = stages.get_by_role("button", name=re.compile("^Check"))
    button.focus()
    page.keyboard.press("Enter")
    rows = stages.get_by_role("row")
    expect(rows).to_have_count(7)
    for name in ("replay", "stream", "bypass", "attention", "joint", "routes"):
        expect(rows.filter(has_text=name).filter(has_text="yes").first).to_be_visible()
    expect(stages.get_by_role("button", name="Check again")).to_be_enabled()
    assert overflow(page) <= 0
    assert violations(page) == []
    page.get_by_role("link", name="Workbench").click()
    ready(page)
