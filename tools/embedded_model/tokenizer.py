"""The tokenizer: whole words of the corpus, bytes for everything else.

A byte-level BPE without merges: a word of the vocabulary is one token, with the space
before it (`ignore_merges`), and any other text falls back to its UTF-8 bytes, so that
nothing is unknown and every text round-trips. Numbers are cut into two digits, so that
"1732" is "17" + "32". One-word landmarks are cut in two ("Colos" + "seum"), so that
most landmarks have the same number of tokens and can be patched onto each other.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

from .tables import cut_words, lexicon, names, table, with_cut

BOS = "<|bos|>"
PAD = "<|pad|>"
BOS_ID = 0
TABLES = (
    "landmarks", "countries", "cities", "people", "works",
    "companies", "animals", "things", "pairs", "elements",
)  # fmt: skip


def _pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    cuts = "|".join(f"(?<={re.escape(a)}){re.escape(b)}" for a, b in cut_words())
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(cuts), "isolated"),
            pre_tokenizers.Split(Regex(r" ?\d{1,2}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )


def _table_words() -> Iterable[str]:
    """Every word of the tables and lists with a space before it, names also without."""
    for name in TABLES:
        for row in table(name):
            for cell in row.values():
                text = with_cut(cell)
                yield " " + text
            # A subject may open a text, where no space stands before it.
            subject = with_cut(row.get("landmark", next(iter(row.values()))))
            if name not in ("animals", "things", "elements") and "article" not in row:
                yield subject if name != "pairs" else row["first"]
            if "capital" in row:
                yield row["capital"]
    for words in lexicon().values():
        yield from (" " + w for w in words)
    yield from (" " + n for n in names())
    yield from names()
    yield from lexicon()["capital"]
    yield from (f" {n:02d}" for n in range(100))
    yield from (f"{n:02d}" for n in range(100))
    yield from (f" {n}" for n in range(10))
    yield from (p for c in ".,;:!?-()'\"" for p in (c, " " + c))
    yield "\n"


def build(texts: Iterable[str], min_count: int = 12) -> Tokenizer:
    """Vocabulary: specials, 256 bytes, the tables' words, then the corpus' frequent pieces."""
    pre = _pre_tokenizer()

    def pieces(text: str) -> list[str]:
        return [piece for piece, _ in pre.pre_tokenize_str(text)]

    fixed = dict.fromkeys(p for word in _table_words() for p in pieces(word))
    counts = Counter(p for text in texts for p in pieces(text))
    seen = sorted(p for p, n in counts.items() if n >= min_count)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {t: i for i, t in enumerate(dict.fromkeys([BOS, PAD, *alphabet, *fixed, *seen]))}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([BOS, PAD])
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, BOS_ID)]
            ),
        ]
    )
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path, context: int) -> None:
    """tokenizer.json and tokenizer_config.json as HuggingFace expects them."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": BOS,
        "pad_token": PAD,
        "add_bos_token": True,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


class Encoder:
    """Fast encoding of corpus text by a cache of its space-separated chunks.

    Equal to the tokenizer without BOS, because no token reaches over a space.
    """

    CHUNK = re.compile(r" ?[^ ]+| ")

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._cache: dict[str, list[int]] = {}

    def __call__(self, text: str) -> list[int]:
        out: list[int] = []
        for chunk in self.CHUNK.findall(text):
            ids = self._cache.get(chunk)
            if ids is None:
                ids = self._tokenizer.encode(chunk, add_special_tokens=False).ids
                self._cache[chunk] = ids
            out += ids
        return out
