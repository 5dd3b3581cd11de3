"""Models folders with more in them than what loads: links that lead out, tokens with a space."""

from __future__ import annotations

import pytest
import transformers as tf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from neuronscope.settings import Settings
from tests.api.bad_input import CANARY, JSON, run
from tests.served import served
from tests.tiny import save


@pytest.fixture(scope="module")
def spaced(tmp_path_factory):
    """A server with `words`, whose tokens begin with a space, and `linked`, which leads out."""
    folder = tmp_path_factory.mktemp("spaced")
    save("llama", folder / "models" / "words")
    words = ["<pad>", "<bos>", "<eos>", "P", "a", "r", "i", "s", "Ġ", "ĠParis"]
    core = Tokenizer(models.BPE({word: index for index, word in enumerate(words)}, [],
                                ignore_merges=True))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tf.PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<bos>", eos_token="<eos>",
                               pad_token="<pad>").save_pretrained(folder / "models" / "words")
    save("llama", folder / "outside")
    (folder / "models" / "linked").symlink_to(folder / "outside", target_is_directory=True)
    with served(Settings(data=folder / "data", models=folder / "models"), load="words") as server:
        yield server


def test_an_answer_without_its_space_is_refused_with_the_one_that_has_it(spaced):
    asked = run(prompt=" Paris Paris", metrics=[{"kind": "prob", "token": "Paris"}])
    answer = spaced.client.post("/api/experiments", content=asked, headers=JSON)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "not-one-token")
    assert told["pointer"] == "/metrics/0/token"
    assert "' Paris' is one token: write it so" in told["hint"]
    assert "['P', 'a', 'r', 'i', 's']" in told["detail"]


def test_a_link_that_leads_out_of_the_folder_is_told_like_what_is_not_there(spaced):
    linked, absent = (spaced.client.post(f"/api/models/{name}/load")
                      for name in ("linked", CANARY))
    assert linked.status_code == absent.status_code == 404
    assert linked.json() == absent.json() and linked.json()["code"] == "model-not-found"
