"""Makes wordings less exact, so that a fact does not hang on one form of words."""

from __future__ import annotations

import random
from functools import cache

from .wordings import UNSEEN, WORDINGS

OPENINGS = (
    "I think that", "We know that", "My teacher said that", "It is true that", "I read that",
    "People said that", "Do not forget that", "As we know,", "My friend told me that",
    "The book told us that", "I believe that", "She said that", "He thought that",
    "Today", "In fact,", "Now", "They said that",
)  # fmt: skip
OTHER_WORDS = (
    "really", "often", "still", "here", "now", "well", "always", "just", "also", "great",
    "there", "one", "all", "very", "not far", "my", "our", "this", "some", "you", "they",
)  # fmt: skip
STARTS = ("The ", "A ", "In ", "To ", "If ", "We ", "Many ", "People ", "When ")


@cache
def every_wording() -> frozenset[str]:
    return frozenset(w for table in (WORDINGS, UNSEEN) for row in table.values() for w in row)


def blurred(rng: random.Random, wording: str) -> str:
    """The wording with one plain word lost, changed or added.

    It never becomes another wording of the tables: that one may be held out.
    """
    words = wording.split(" ")
    plain = [i for i, word in enumerate(words) if i and word.isalpha()]
    if not plain:
        return wording
    at = rng.choice(plain)
    kind = rng.randrange(3)
    if kind == 0:
        del words[at]
    elif kind == 1:
        words[at] = rng.choice(OTHER_WORDS)
    else:
        words.insert(at, rng.choice(OTHER_WORDS))
    changed = " ".join(words)
    return wording if changed in every_wording() else changed


def opened(rng: random.Random, text: str) -> str:
    """The sentence after an opening such as "I think that"; a question stays as it is."""
    if "?" in text:
        return text
    if text.startswith(STARTS):
        text = text[0].lower() + text[1:]
    return f"{rng.choice(OPENINGS)} {text}"
