"""How the history is looked up: one index of words and attributes, and a table of times.

On SQLite the words of an experiment and its attributes (kind, model, star, sites, operations,
tags) lie in one index of every three letters in a row: a word is found as a part of the texts,
an attribute as three letters of private use that stand for it. So the index itself intersects a
word that hundreds of thousands of rows have with a site that as many others have, and only
rows that fit are read. Other databases have no such index; there the planner chooses.

The index orders by the number of an experiment, not by time. `spans` says for every block of
consecutive numbers between which times its experiments were stored, so that a filter on time
becomes a few stretches of numbers, also where old experiments were imported between new ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, case, insert, select, text, update

from neuronscope.store.letters import spellings
from neuronscope.store.tables import SPAN, TEXT_TERMS, spans

if TYPE_CHECKING:
    from neuronscope.store.history import Filter

TRIGRAM = 3
FIRST_LETTERS = (0xE000, 0xE800, 0xF000)
LETTERS = 2000
"""Three alphabets of private use without a common letter: where attributes stand side by
side, no three letters across two of them make a third."""
MAX_TERMS = 200
"""A word of one or two letters that begins more threes than these is looked for row by row."""
MAX_STRETCHES = 16
LAST = 2**31 - 1
"""No number of an experiment or capture is larger, in any of the databases."""

Stretch = tuple[int, int]
"""Numbers of experiments, both ends included."""


@lru_cache(4096)
def facet(kind: str, name: str) -> str:
    """The three letters that stand for an attribute. Two may share theirs, at one in 8 · 10⁹."""
    number = int.from_bytes(hashlib.sha256(f"{kind}={name}".encode()).digest()[:8], "big")
    letters = []
    for first in FIRST_LETTERS:
        number, place = divmod(number, LETTERS)
        letters.append(chr(first + place))
    return "".join(letters)


def facets(*, kind: str, model: str, starred: bool, uses: Iterable[tuple[str, str]],
           tags: Iterable[str]) -> str:
    """All attributes of an experiment, as its column `facets` holds them."""
    named = [("kind", kind), ("model", model), ("starred", str(int(starred))), *sorted(uses),
             *(("tag", tag) for tag in sorted(set(tags)))]
    return "".join(facet(*each) for each in named)


def expression(connection: Connection, chosen: Filter, words: list[str]) -> tuple[str, list[str]]:
    """What the index is asked for, empty where nothing it has is asked; and the words it cannot
    look up."""
    given = [(name, getattr(chosen, name)) for name in ("tag", "site", "op", "model", "kind")]
    marks = [facet(name, value) for name, value in given if value is not None]
    if chosen.starred is not None:
        marks.append(facet("starred", str(int(chosen.starred))))
    parts, left = [], []
    for word in sorted(words, key=len, reverse=True):
        threes = [word] if len(word) >= TRIGRAM else _threes(connection, word)
        if threes is None or any(letter >= chr(FIRST_LETTERS[0]) for letter in word):
            left.append(word)
        else:
            parts.append(f"({' OR '.join(map(_quoted, threes))})")
    asked = [f"facets : ({' AND '.join(map(_quoted, marks))})"] if marks else []
    asked += [f"words : ({' AND '.join(parts)})"] if parts else []
    return " AND ".join(asked), left


def _quoted(word: str) -> str:
    return '"{}"'.format(word.replace('"', '""'))


def _threes(connection: Connection, word: str) -> list[str] | None:
    """Every three letters in the index that begin with one or two; None where they are many.

    A row ends in letters that no text has, so each of its letters begins three.
    """
    query = text(f"SELECT term FROM {TEXT_TERMS} WHERE term >= :low AND term < :high LIMIT :n")
    found: list[str] = []
    for low in spellings(word):
        found += connection.execute(query, {"low": low, "high": low + chr(0x10FFFF),
                                            "n": MAX_TERMS + 1}).scalars()
    return None if len(found) > MAX_TERMS else found or [word + 2 * chr(0x10FFFF)]


def spanned(connection: Connection, seq: int, created_at: str) -> None:
    """Notes the time of a new experiment."""
    at = spans.c.block == seq // SPAN
    known = connection.execute(update(spans).where(at).values(
        oldest=case((spans.c.oldest < created_at, spans.c.oldest), else_=created_at),
        newest=case((spans.c.newest > created_at, spans.c.newest), else_=created_at)))
    if known.rowcount == 0:
        connection.execute(insert(spans).values(block=seq // SPAN, oldest=created_at,
                                                newest=created_at))


def stretches(connection: Connection, since: str | None, until: str | None,
              before: int | None) -> list[Stretch]:
    """Where experiments of a time can be, newest first; others may lie there too."""
    end = LAST if before is None else before - 1
    if since is None and until is None:
        return [(0, end)]
    fits = [] if since is None else [spans.c.newest >= since]
    fits += [] if until is None else [spans.c.oldest < until]
    query = select(spans.c.block).where(and_(*fits)).order_by(spans.c.block.desc())
    found: list[Stretch] = []
    for block in connection.execute(query.where(spans.c.block <= end // SPAN)).scalars():
        low, high = block * SPAN, min(end, block * SPAN + SPAN - 1)
        if found and found[-1][0] == high + 1:
            found[-1] = (low, found[-1][1])
        else:
            found.append((low, high))
    return _fewer(found)


def _fewer(found: list[Stretch]) -> list[Stretch]:
    """The same with the smallest gaps closed, so that few are asked for."""
    gaps = sorted(range(1, len(found)), key=lambda n: found[n - 1][0] - found[n][1])
    closed = set(gaps[:max(0, len(found) - MAX_STRETCHES)])
    merged: list[Stretch] = []
    for place, (low, high) in enumerate(found):
        if place in closed:
            merged[-1] = (low, merged[-1][1])
        else:
            merged.append((low, high))
    return merged

