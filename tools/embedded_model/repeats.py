"""Induction: random tokens from the whole vocabulary that repeat, as id sequences.

The loss is taken only where the next token can be predicted by copying, so that the
random part neither costs gradient nor teaches a false unigram.
"""

from __future__ import annotations

import random

Ids = list[int]
Mask = list[bool]


def _draw(rng: random.Random, pool: list[int], n: int) -> Ids:
    return rng.choices(pool, k=n)


def periodic(rng: random.Random, pool: list[int], length: int, longest: int) -> tuple[Ids, Mask]:
    """One random block again and again: x1 … xn x1 … xn …

    Returns ids and, for each, whether it can be predicted from what stands before it.
    """
    most = max(2, min(longest, length // 2))
    n = rng.randint(min(8, most), most)
    block = _draw(rng, pool, n)
    ids = (block * (length // n + 1))[:length]
    return ids, [i > n for i in range(length)]


def scattered(rng: random.Random, pool: list[int], length: int) -> tuple[Ids, Mask]:
    """Random text in which pieces of what went before come back at random places.

    Any distance may lie between the two: a head that looks back a fixed distance, which is
    how short periods can be copied without induction, gains nothing.
    """
    ids: Ids = _draw(rng, pool, rng.randint(4, 16))
    mask: Mask = [False] * len(ids)
    while len(ids) < length:
        n = min(rng.randint(3, 12), len(ids))
        start = rng.randint(0, len(ids) - n)
        piece = ids[start : start + n]
        ids += piece
        mask += [False] + [True] * (n - 1)
        gap = rng.randint(0, 2)
        ids += _draw(rng, pool, gap)
        mask += [False] * gap
    return ids[:length], mask[:length]


def associations(rng: random.Random, pool: list[int], length: int) -> tuple[Ids, Mask]:
    """Pairs "key value" shown in random order; a value is predictable after its key's return."""
    n = rng.randint(2, max(3, length // 7))
    keys = rng.sample(pool, n)
    values = _draw(rng, pool, n)
    ids: Ids = []
    mask: Mask = []
    seen: set[int] = set()
    while len(ids) + 2 <= length:
        i = rng.randrange(n)
        ids += [keys[i], values[i]]
        mask += [False, i in seen]
        seen.add(i)
        if rng.random() < 0.15:
            ids += _draw(rng, pool, 1)
            mask.append(False)
    return ids, mask


def document(rng: random.Random, pool: list[int], length: int, longest: int) -> tuple[Ids, Mask]:
    kind = rng.random()
    if kind < 0.2:
        return periodic(rng, pool, length, longest)
    if kind < 0.6:
        return scattered(rng, pool, length)
    return associations(rng, pool, length)
