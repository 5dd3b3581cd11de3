"""A real server without a model: what there is to do, a load that is stopped, one that fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import transformers as tf
from playwright.sync_api import expect

from neuronscope.settings import Settings
from tests.e2e.conftest import Server
from tests.e2e.steps import EXPERIMENT, ask, prompt, ready
from tests.e2e.test_access import violations
from tests.e2e.test_keyboard import tab_to
from tests.families.family import GROUPED
from tests.served import served, write_models
from tests.tiny import PROMPT, tokenizer

MANY_LAYERS = 32


@contextmanager
def bare(models: Path, data: Path) -> Iterator[Server]:
    """A server without the embedded model, which otherwise is always there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neuronscope.service.shelf.embedded_folder", lambda: None)
        with served(Settings(data=data, models=models), load=None) as here:
            yield Server(here.url, here.token, process=None)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """Models that load at once, one that does not load, and one that takes seconds to check."""
    folder = write_models(tmp_path_factory.mktemp("models"))
    torch.manual_seed(0)
    config = tf.LlamaConfig(**GROUPED | {"num_hidden_layers": MANY_LAYERS, "hidden_size": 128,
                                         "intermediate_size": 256})
    tf.LlamaForCausalLM(config).save_pretrained(folder / "deep")
    tokenizer().save_pretrained(folder / "deep")
    return folder


def test_an_empty_folder_is_told_as_such_in_every_view(open_page, tmp_path):
    (tmp_path / "models").mkdir()
    with bare(tmp_path / "models", tmp_path / "data") as server:
        page = open_page("/w", at=server)
        for place in ("Workbench", "Explorer", "Learn"):
            page.get_by_role("link", name=place, exact=True).click()
            expect(page.get_by_role("heading", name="No model is loaded")).to_be_visible()
            expect(page.get_by_role("heading", name="No model folder was found.")).to_be_visible()
            expect(page.get_by_role("list", name="Stored results")).to_have_count(0)
        assert violations(page) == []
        page.get_by_role("link", name="look at the history").click()
        expect(page.get_by_role("heading", name="Nothing has been run yet.")).to_be_visible()
        page.get_by_role("link", name="Models", exact=True).click()
        expect(page.get_by_role("heading", name="No model folder was found.")).to_be_visible()
        expect(page.get_by_role("link", name="No model loaded")).to_be_visible()


def test_a_load_is_stopped_where_it_is_waited_for_and_another_model_runs(
        open_page, models, tmp_path):
    with bare(models, tmp_path / "data") as server:
        page = open_page("/w", at=server)
        page.get_by_role("button", name="Load deep").click()
        expect(page.get_by_role("heading", name="The model is loading")).to_be_visible()
        expect(page.get_by_text(re.compile(r"^checking each site · 2 of 3 steps done · .*B of"))
               ).to_be_visible()
        page.get_by_role("button", name="Cancel loading deep").click()
        expect(page.get_by_role("heading", name="No model is loaded")).to_be_visible()
        assert ask(server, "GET", "jobs")[0]["state"] == "cancelled"
        assert ask(server, "GET", "model")["info"] is None
        expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)

        page.get_by_role("button", name="Load broken").click()
        alert = page.get_by_role("alert").filter(has_text="its header tells")
        expect(alert).to_be_visible()
        tab_to(page, page.get_by_role("button", name="Load tiny"))
        page.keyboard.press("Enter")
        prompt(page).fill(PROMPT)
        ready(page)
        page.get_by_role("main").focus()
        page.keyboard.press("r")
        page.wait_for_url(EXPERIMENT)
        expect(alert).to_be_visible()
        page.get_by_role("button", name="Dismiss").click()
        expect(alert).to_have_count(0)


def test_stored_results_are_offered_where_no_model_is_loaded(open_page, models, tmp_path):
    with bare(models, tmp_path / "data") as server:
        ask(server, "POST", "models/tiny/load")
        page = open_page("/s", at=server)
        expect(page.get_by_role("button", name="Run sweep")).to_be_visible()
        made = ask(server, "POST", "experiments", prompt=PROMPT, metrics=[{"kind": "kl"}])
        ask(server, "POST", "model/unload")
        expect(page.get_by_role("heading", name="No model is loaded")).to_be_visible()
        page.get_by_role("list", name="Stored results").get_by_role("link").click()
        page.wait_for_url(re.compile(f"/e/{made['id']}$"))
        expect(page).to_have_title(re.compile(f"^no edit: {PROMPT} · "))
