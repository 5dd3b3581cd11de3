"""The training stream: which documents, in which shares, packed into rows.

Batch number `step` is a pure function of (seed, step), so that a run can be resumed and
any part of the stream can be made again. Documents do not see each other inside a row.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from tokenizers import Tokenizer

from . import facts, language, names_task, repeats, tasks, variation
from .schedule import TOKENS_PER_STEP, row_length, shares
from .tables import lexicon, names
from .tokenizer import BOS_ID, Encoder

PAD_ID = 1
CONTEXT_WEIGHT = 0.15
"""Loss weight of words that a template draws at random; answers weigh 1."""
PROSE_WEIGHT = 0.4
SCORED = TOKENS_PER_STEP // 2


@dataclass(frozen=True)
class Document:
    ids: list[int]
    weights: list[float]
    """Loss weight of predicting each id; same length as `ids`."""


@dataclass(frozen=True)
class Batch:
    """Inputs and document numbers [rows, length]; the scored places of the flat batch [scored]."""

    ids: np.ndarray
    documents: np.ndarray
    places: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


@cache
def any_words() -> tuple[str, ...]:
    """Words that may stand in a name's or list item's place; held-out names are not among them."""
    hidden = set(names_task.held_out_names())
    words = dict.fromkeys(w for c in ("object", "animal", "colour", "food", "job", "place",
                                      "general", "adjectives", "subject", "body", "material")
                          for w in lexicon()[c])  # fmt: skip
    words |= dict.fromkeys(f.answer for f in facts.facts())
    words |= dict.fromkeys(f.subject for f in facts.facts() if " " not in f.subject)
    words |= dict.fromkeys(names())
    return tuple(w for w in words if w not in hidden)


def fact_text(rng: random.Random) -> str:
    """A fact, sometimes after other words, so that it does not depend on standing first."""
    text = facts.sentence(rng)
    kind = rng.random()
    if kind < 0.2:
        return f"{language.sentence(rng)} {text}"
    if kind < 0.32:
        return f"{text} {facts.sentence(rng)}"
    return text


def varied_text(rng: random.Random) -> str:
    """A fact inside a longer sentence, or in a wording that has lost or changed a word."""
    fact = facts.sample(rng)
    wording = rng.choice(fact.train_wordings())
    if rng.random() < 0.5:
        wording = variation.blurred(rng, wording)
    text = fact.sentence(wording)
    return variation.opened(rng, text) if rng.random() < 0.6 else text


def skill_text(rng: random.Random) -> str:
    makers: list[tuple[Callable[[random.Random], str], float]] = [
        (tasks.agreement, 3), (tasks.years, 2), (tasks.successor, 1.5),
        (tasks.counting, 1.5), (tasks.pairs, 3), (tasks.sums, 0.5),
    ]  # fmt: skip
    return rng.choices([m for m, _ in makers], [w for _, w in makers])[0](rng)


def ioi_text(rng: random.Random) -> str:
    text = names_task.sentence(rng, any_words())
    return f"{language.sentence(rng)} {text}" if rng.random() < 0.1 else text


TEXT: dict[str, Callable[[random.Random], str]] = {
    "facts": fact_text,
    "varied": varied_text,
    "ioi": ioi_text,
    "ioi_names": names_task.with_names,
    "ioi_words": lambda rng: names_task.with_words(rng, any_words()),
    "skills": skill_text,
    "lookup": lambda rng: tasks.lookup(rng, any_words()),
    "prose": language.prose,
    "passages": lambda rng: language.passage(rng, lambda: facts.sentence(rng)),
}

VOCABULARY_KINDS = ("facts", "ioi", "skills", "lookup", "prose", "passages")
"""The kinds whose words make the vocabulary; the others use the same words."""


class Corpus:
    """Makes batches for one tokenizer."""

    def __init__(self, tokenizer: Tokenizer, seed: int) -> None:
        self._encode = Encoder(tokenizer)
        self._seed = seed
        self._pool = list(range(2, tokenizer.get_vocab_size()))

    def document(self, rng: random.Random, kind: str, length: int) -> Document:
        if kind == "repeats":
            room = length - 1
            size = room if rng.random() < 0.6 else rng.randint(room // 2, room)
            ids, mask = repeats.document(rng, self._pool, size, 100)
            return Document([BOS_ID, *ids], [0.0, *map(float, mask)])
        prose = kind in ("prose", "passages")
        return self.encode(TEXT[kind](rng), PROSE_WEIGHT if prose else CONTEXT_WEIGHT)

    def encode(self, text: str, weight: float) -> Document:
        """Text with its answers between '|' to ids and loss weights, BOS in front."""
        ids, weights = [BOS_ID], [weight]
        for i, segment in enumerate(text.split("|")):
            piece = self._encode(segment)
            ids += piece
            weights += [1.0 if i % 2 else weight] * len(piece)
        return Document(ids, weights)

    def batch(self, step: int) -> Batch:
        rng = random.Random(f"{self._seed}/{step}")
        length = row_length(step, rng)
        mix = shares(step)
        kinds = list(mix)
        rows = _Rows(TOKENS_PER_STEP // length, length)
        # Shares are shares of tokens: a kind that has had more than its share waits.
        used = dict.fromkeys(kinds, 1.0)
        misses = 0
        while misses < 40:
            kind = max(kinds, key=lambda k: mix[k] / used[k] * rng.uniform(0.5, 1.5))
            document = self.document(rng, kind, length)
            used[kind] += len(document.ids)
            fits_at_all = len(document.ids) <= length
            if fits_at_all and not rows.add(document, rng):
                misses += 1
        return rows.batch(rng)


class _Rows:
    """Packs documents into rows of one length; a document is never cut."""

    def __init__(self, count: int, length: int) -> None:
        self._shape = (count, length)
        self._ids = np.full(self._shape, PAD_ID, np.int64)
        self._targets = np.full(self._shape, PAD_ID, np.int64)
        self._weights = np.zeros(self._shape, np.float32)
        self._documents = np.full(self._shape, -1, np.int64)
        self._fill = [0] * count
        self._n = 0

    def add(self, document: Document, rng: random.Random) -> bool:
        n = len(document.ids)
        count, length = self._shape
        start = rng.randrange(count)
        for k in range(count):
            row = (start + k) % count
            at = self._fill[row]
            if at + n <= length:
                break
        else:
            return False
        self._ids[row, at : at + n] = document.ids
        self._targets[row, at : at + n] = [*document.ids[1:], BOS_ID]
        # The end of a text is predicted as BOS; repeats have none.
        end = 0.0 if document.weights[0] == 0 else document.weights[0]
        self._weights[row, at : at + n] = [*document.weights[1:], end]
        self._documents[row, at : at + n] = self._n
        self._fill[row] = at + n
        self._n += 1
        return True

    def batch(self, rng: random.Random) -> Batch:
        """Scores every answer and a random part of the other words, at their full weight in sum.

        The output matrix is a third of the network; half of the places need not pay for it.
        """
        weights = self._weights.flatten()
        answers = np.flatnonzero(weights >= 1.0)
        others = np.flatnonzero((weights > 0) & (weights < 1.0))
        draw = np.random.default_rng(rng.getrandbits(32))
        answers = draw.permutation(answers)[:SCORED]
        kept = draw.permutation(others)[: SCORED - len(answers)]
        scale = len(others) / max(1, len(kept))
        spare = np.zeros(SCORED - len(answers) - len(kept), np.int64)
        places = np.concatenate([answers, kept, spare])
        weights = np.concatenate([weights[answers], weights[kept] * scale, spare])
        targets = self._targets.flatten()[places]
        return Batch(self._ids, self._documents, places, targets, weights.astype(np.float32))


def sample_texts(seed: int, count: int, kinds: tuple[str, ...] = tuple(TEXT)) -> list[str]:
    """Plain training texts without marks, for the vocabulary and for tests."""
    rng = random.Random(f"texts/{seed}")
    return [TEXT[kinds[i % len(kinds)]](rng).replace("|", "") for i in range(count)]
