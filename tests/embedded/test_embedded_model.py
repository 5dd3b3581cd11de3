"""The embedded model is what its card says: intact, small, and able on what was held out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from tools.embedded_model import corpus, evalsets, facts, measure, names_task, schedule, tasks
from tools.embedded_model.evaluate import EIFFEL, Loaded
from tools.embedded_model.export import checksums
from tools.embedded_model.tokenizer import BOS, BOS_ID, Encoder, build

FOLDER = Path(__file__).parents[2] / "LLM" / "atlas"
ODD_TEXTS = [
    "The Eiffel Tower is in Paris.",
    "  two  spaces\tand a tab\n\nand lines ",
    "naïve façade — “quotes” … €5",
    "日本語とかな, Ελληνικά, русский, עברית, हिन्दी",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u200b\u202e\x00\x1f",
    "x=3.14159; y += 1e-9  # 1742 2024 007",
    "Colosseum museum Colosseums McColosseum's",
    "",
]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return Loaded(FOLDER)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


def test_files_match_their_checksums_and_the_card_names_the_weights_digest() -> None:
    stored = (FOLDER / "checksums.txt").read_text(encoding="utf-8")
    assert stored == checksums(FOLDER)
    digest = next(line.split()[0] for line in stored.splitlines() if "model.safetensors" in line)
    assert digest in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_folder_is_small() -> None:
    assert sum(f.stat().st_size for f in FOLDER.iterdir()) <= 12_000_000


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_every_text_round_trips_after_one_bos(loaded: Loaded, text: str) -> None:
    ids = loaded.encode(text)
    assert ids[0] == BOS_ID == loaded.tokenizer.bos_token_id
    assert BOS_ID not in ids[1:]
    assert loaded.tokenizer.decode(ids, skip_special_tokens=True) == text
    assert loaded.tokenizer.decode(ids) == BOS + text


def test_names_and_answers_are_single_tokens(loaded: Loaded) -> None:
    words = {f" {f.answer}" for f in facts.facts()} | {f" {n}" for n in names_task.train_names()}
    longer = {w for w in words if len(loaded.encode(w)) != 2}
    assert not longer


def test_most_landmarks_can_be_patched_onto_each_other(loaded: Loaded) -> None:
    prompts = [i.prompt for i in evalsets.landmarks() if i.prompt.startswith("The ")]
    lengths = [len(loaded.encode(p)) for p in prompts]
    assert lengths.count(len(loaded.encode(EIFFEL))) > 0.9 * len(lengths)
    for name in ("Colosseum", "Brandenburg Gate", "Taj Mahal", "Louvre"):
        assert len(loaded.encode(f"The {name} is in")) == len(loaded.encode(EIFFEL))


def test_the_tokenizer_can_be_built_again(tokenizer: Tokenizer) -> None:
    texts = corpus.sample_texts(schedule.SEED, 60_000, corpus.VOCABULARY_KINDS)
    assert build(texts).get_vocab() == tokenizer.get_vocab()


def test_corpus_encoder_equals_the_tokenizer(tokenizer: Tokenizer) -> None:
    encode = Encoder(tokenizer)
    for text in corpus.sample_texts(1, 300):
        assert encode(text) == tokenizer.encode(text, add_special_tokens=False).ids


def test_eiffel_tower_is_in_paris_with_room_on_both_sides(loaded: Loaded) -> None:
    logits = measure.last_logits(loaded.logits, [loaded.encode(EIFFEL)])[0]
    best = int(logits.argmax())
    assert loaded.tokenizer.decode([best]) == " Paris"
    assert 0.6 < float(logits.softmax(-1)[best]) < 0.98


def test_landmarks_and_held_out_facts_are_known(loaded: Loaded) -> None:
    plain = measure.score(loaded.logits, loaded.encode, evalsets.landmarks())
    assert plain.top1 > 0.95
    assert 0.6 < plain.prob < 0.98
    held = measure.score(loaded.logits, loaded.encode, evalsets.held_out_facts(250))
    assert held.top1 > 0.85


def test_induction_on_random_tokens(loaded: Loaded) -> None:
    assert measure.induction(loaded.logits, loaded.vocab, 12, 30) > 0.9


@pytest.mark.parametrize("order", ["ABBA", "BABA"])
def test_indirect_object_with_held_out_names_and_templates(loaded: Loaded, order: str) -> None:
    items = evalsets.indirect_object(60, order, new_names=True, new_templates=True)
    assert measure.score(loaded.logits, loaded.encode, items).top1 > 0.85


def test_verbs_agree_with_their_subject(loaded: Loaded) -> None:
    items = evalsets.agreement(60)
    assert measure.score(loaded.logits, loaded.encode, items).preferred > 0.85


def test_the_stream_is_a_function_of_seed_and_step(tokenizer: Tokenizer) -> None:
    first, again = corpus.Corpus(tokenizer, 5), corpus.Corpus(tokenizer, 5)
    again.batch(2)  # a batch must not depend on the ones before it
    a, b, other = first.batch(7), again.batch(7), first.batch(8)
    assert all((getattr(a, k) == getattr(b, k)).all() for k in vars(a))
    assert a.ids.shape != other.ids.shape or (a.ids != other.ids).any()


def test_documents_of_a_row_do_not_see_each_other(tokenizer: Tokenizer) -> None:
    batch = corpus.Corpus(tokenizer, 5).batch(0)
    starts = batch.ids == BOS_ID
    changes = torch.tensor(batch.documents).diff(dim=1).ne(0)
    inside = torch.tensor(batch.documents)[:, 1:] >= 0
    assert (torch.tensor(starts)[:, 1:] == (changes & inside)).all()


def test_nothing_held_out_is_in_the_training_stream() -> None:
    stream = "\n".join(corpus.sample_texts(3, 12_000))
    hidden = {
        f.sentence(w).replace("|", "")
        for f in facts.facts()
        for w in (*f.held_out_wordings(), *f.unseen_wordings())
    }
    assert len(hidden) > 1000
    assert not [text for text in hidden if text in stream]
    rng = random.Random(0)
    kinds = (corpus.TEXT["ioi"], corpus.TEXT["ioi_names"], corpus.TEXT["ioi_words"])
    for make in kinds * 700:
        text = make(rng)
        words = set(text.replace("|", "").replace(".", "").replace(",", "").split())
        assert not words & set(names_task.held_out_names())


def test_held_out_skill_items_differ_from_training_ones() -> None:
    rng = random.Random(0)
    for make in (tasks.agreement, tasks.years, tasks.successor):
        seen = {make(rng) for _ in range(3000)}
        assert not seen & {make(rng, held=True) for _ in range(300)}
