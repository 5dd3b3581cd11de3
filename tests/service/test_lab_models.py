"""Which model is loaded, and what is asked of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from neuronscope.errors import ModelMismatch, ModelNotFound, ModelRefused, NoModel
from neuronscope.service import shelf
from tests.served import LONG, RUN, wait_for

READERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from neuronscope.models.tokens import Tokenizer
from neuronscope.service.opening import settle

settle()
with ThreadPoolExecutor(4) as threads:
    print(len(set(threads.map(Tokenizer.from_folder, [Path(sys.argv[1])] * 4))))
"""


def test_a_failed_load_keeps_the_model(lab):
    with pytest.raises(ModelRefused):
        lab.load("broken")
    with pytest.raises(ModelNotFound):
        lab.load("absent")
    assert lab.model().info.id == "tiny"
    assert lab.run(RUN)[1] is True


def test_a_spec_for_another_model_is_refused(lab):
    with pytest.raises(ModelMismatch):
        lab.run(RUN.model_copy(update={"model": "other"}))
    with pytest.raises(ModelMismatch):
        lab.run(RUN.model_copy(update={"model": "sha256:" + "0" * 64}))
    with pytest.raises(ModelNotFound):
        lab.run(RUN.model_copy(update={"model": "nowhere"}))
    assert lab.run(RUN.model_copy(update={"model": "tiny"}))[1] is True


def test_what_waits_for_a_model_that_is_replaced_is_refused(lab):
    long = lab.start_sweep(LONG)
    lab.start_load("other")
    waiting = lab.start_run(RUN)
    lab.cancel_sweep(long.id)
    wait_for(lambda: lab.events.has_ended(waiting.id))
    assert lab.job(waiting.id).error["code"] == "model-mismatch"
    assert lab.model().info.id == "other"


def test_unload_frees_the_model(lab):
    lab.unload()
    assert (lab.model().info, lab.health().worker) == (None, "empty")
    with pytest.raises(NoModel):
        lab.tokenize("w3")


def test_tokenize_gives_ids_and_text(lab):
    found = lab.tokenize("w3 w14")
    assert [(token.id, token.text, token.special) for token in found.tokens] == [
        (1, "<bos>", True), (3, "w3", False), (14, "w14", False)]
    assert (found.n_tokens, found.context) == (3, 64)


def test_a_tokenizer_that_cannot_be_read_is_told_before_the_model_is_exchanged(lab, monkeypatch):
    class Unreadable(shelf.Tokenizer):
        """As the server's process sees it; the engine reads its own."""

        @classmethod
        def from_folder(cls, folder, vocab=None):
            raise ModelRefused("The tokenizer cannot be read.")

    with monkeypatch.context() as patch:
        patch.setattr(shelf, "Tokenizer", Unreadable)
        with pytest.raises(ModelRefused):
            lab.load("other")
    record, _ = lab.run(RUN, rerun=True)
    assert lab.model().info.id == record.result.model.id == "tiny"


def test_tokenizers_are_read_by_several_threads_while_a_server_settles(models):
    """transformers is imported by whoever needs it first: not by two at once."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READERS, str(models / "tiny")], check=True,
        stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
    assert done.stdout == "4\n"
