"""Which letters are one in a search: those that differ in case alone, one for one.

SQLite's index of words has such a table of its own; SQLite's LIKE and `lower` know ASCII alone.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from itertools import product

END = 0x1F000
"""No letter behind it has a case."""


def folded(text: str) -> str:
    """`text` in one case, of the same length."""
    return text.lower() if text.isascii() else text.translate(_table())


def spellings(word: str) -> list[str]:
    """The word with each letter in every case, one of which an index of folded words has."""
    if word.isascii():
        return [word.lower()]
    letters = (sorted({letter, folded(letter), *_classes().get(folded(letter), ())})
               for letter in word)
    return ["".join(each) for each in product(*letters)]


@lru_cache(1)
def _table() -> dict[int, str]:
    found = {}
    for number in range(END):
        letter = chr(number)
        for other in (letter.casefold(), letter.lower()):
            if len(other) == 1:
                if other != letter:
                    found[number] = other
                break
    return found


@lru_cache(1)
def _classes() -> dict[str, list[str]]:
    found = defaultdict(list)
    for number, other in _table().items():
        found[other].append(chr(number))
    return found
