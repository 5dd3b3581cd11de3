"""Single tokens by exact text, whatever the tokenizer's way of writing a space."""

from __future__ import annotations

import pytest
import transformers as tf
from tokenizers import Tokenizer as Core
from tokenizers import decoders, models, pre_tokenizers

from neuronscope import errors
from neuronscope.models.tokens import Tokenizer


@pytest.fixture
def metaspace() -> Tokenizer:
    vocab = [("<unk>", 0.0), ("▁Paris", -1.0), ("Paris", -3.0), ("▁the", -1.0), ("▁", -2.0),
             ("x", -5.0), ("▁Par", -6.0), ("is", -6.0), ("🙂", -4.0)]
    core = Core(models.Unigram(vocab, unk_id=0))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    core.decoder = decoders.Metaspace(prepend_scheme="always")
    return Tokenizer(tf.PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>"))


@pytest.fixture
def byte_level() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {piece: index for index, piece in enumerate([*alphabet, "ĠPa", "ĠParis", "Pa"])}
    core = Core(models.BPE(vocab, [("Ġ", "P"), ("P", "a")][:0], ignore_merges=True))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    return Tokenizer(tf.PreTrainedTokenizerFast(tokenizer_object=core))


def test_a_leading_space_is_part_of_the_name(metaspace, byte_level):
    for tokenizer in (metaspace, byte_level):
        paris = tokenizer.one_token(" Paris")
        assert tokenizer.text(paris) == " Paris"
        assert tokenizer.one_token(paris) == paris


def test_the_near_miss_is_told(byte_level):
    with pytest.raises(errors.NotOneToken, match="' Paris' is one token: write it so") as caught:
        byte_level.one_token("Paris")
    assert "['P', 'a', 'r', 'i', 's']" in caught.value.detail
    assert byte_level.near_miss("Paris") == " Paris"


def test_a_bare_word_can_be_another_token(metaspace):
    assert metaspace.text(metaspace.one_token("Paris")) == "Paris"
    assert metaspace.one_token("Paris") != metaspace.one_token(" Paris")


@pytest.mark.parametrize("bad", [-1, 10**6])
def test_ids_outside_the_vocabulary_are_refused(byte_level, bad):
    with pytest.raises(errors.OutOfRange):
        byte_level.one_token(bad)
    with pytest.raises(errors.OutOfRange):
        byte_level.encode([bad])


def test_texts_of_a_prompt_join_to_the_prompt(byte_level):
    text = " Paris é 🙂 x\n"
    tokens = byte_level.tokens(byte_level.encode(text))
    assert [token.index for token in tokens] == list(range(len(tokens)))
    assert byte_level.hf.decode([token.id for token in tokens]) == text
