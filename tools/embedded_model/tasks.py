"""Small skills with one right answer: agreement, years, successors, few-shot pairs, lists."""

from __future__ import annotations

import random
from functools import cache

from .splits import held_out
from .tables import lexicon, table

PREPOSITIONS = ("near", "behind", "under", "above", "beside", "with", "of", "from")
AGREEMENT_VERBS = (("is", "are"), ("was", "were"), ("has been", "have been"))
SEQUENCES = ("day", "month", "number", "ordinal", "planet")
SUCCESSOR = (
    "After {x} comes| {y}|.",
    "The one after {x} is| {y}|.",
    "What comes after {x}? The answer is| {y}|.",
    "First {x}, then| {y}|.",
)


def agreement(rng: random.Random, *, held: bool = False) -> str:
    """ "The keys near the cabinet| are| old." with an attractor of either number."""
    words = lexicon()
    kind = rng.choice((("person", "persons"), ("thing", "things"), ("animal", "animals")))
    while True:
        plural, attractor_plural = rng.random() < 0.5, rng.random() < 0.5
        noun = rng.choice(words[kind[plural]])
        attractor = rng.choice(words[("thing", "things")[attractor_plural]])
        if held_out("agreement", noun, attractor) == held:
            break
    verb = rng.choice(AGREEMENT_VERBS)[plural]
    end = rng.choice(words["adjthing"])
    if rng.random() < 0.25 and not held:
        return f"The {noun}| {verb}| {end}."
    return f"The {noun} {rng.choice(PREPOSITIONS)} the {attractor}| {verb}| {end}."


def years(rng: random.Random, *, held: bool = False) -> str:
    """ "The war lasted from the year 1732 to the year 17| 58|": any later year may follow."""
    while True:
        century, first = rng.randint(11, 20), rng.randint(2, 97)
        event = rng.choice(lexicon()["noun_event"])
        if held_out("years", event, f"{century}{first:02d}") == held:
            break
    second = rng.randint(first + 1, 99)
    start = f"The {event} lasted from the year {century}{first:02d}"
    return f"{start} to the year {century}|{second:02d}|."


def successor(rng: random.Random, *, held: bool = False) -> str:
    while True:
        kind = rng.choice(SEQUENCES)
        row = lexicon()[kind][:20]
        i = rng.randrange(len(row) - 1)
        template = rng.choice(SUCCESSOR)
        if held_out("successor", row[i], template) == held:
            return template.format(x=row[i], y=row[i + 1])


def counting(rng: random.Random) -> str:
    """A run through a sequence; every item after the first two is predictable."""
    row = lexicon()[rng.choice(SEQUENCES)][:20]
    start = rng.randrange(min(len(row) - 3, 11))
    run = row[start : start + rng.randint(4, 9)]
    first = run[0][0].upper() + run[0][1:] + ", " + run[1]
    return first + "".join(f",| {item}|" for item in run[2:]) + "."


@cache
def pair_kinds() -> dict[str, tuple[tuple[str, str], ...]]:
    kinds: dict[str, list[tuple[str, str]]] = {}
    for row in table("pairs"):
        kinds.setdefault(row["kind"], []).append((row["first"], row["second"]))
    rows = table("countries")
    for column in ("capital", "language"):
        kinds[column] = [(r["country"], r[column]) for r in rows if column in r]
    kinds["city"] = [(r["city"], r["country"]) for r in table("cities")]
    return {k: tuple(v) for k, v in kinds.items()}


PAIR_STYLES = ("{a} -| {b}|", "{a} :| {b}|", "{a} is to| {b}|", "{a} and| {b}|")


def pairs(rng: random.Random, *, held: bool = False) -> str:
    """Few-shot: "hot - cold, big - small, up -| down|"; a held-out pair is never an answer."""
    kind = rng.choice(list(pair_kinds()))
    every = pair_kinds()[kind]
    seen = [p for p in every if not held_out("pair", kind, p[0])]
    shots = rng.sample(seen, rng.randint(3, 6))
    if held:
        unseen = [p for p in every if held_out("pair", kind, p[0])] or [rng.choice(seen)]
        shots[-1] = rng.choice(unseen)
    style = rng.choice(PAIR_STYLES)
    return ", ".join(style.format(a=a, b=b) for a, b in shots) + "."


def lookup(rng: random.Random, any_word: tuple[str, ...]) -> str:
    """A list of pairs, then some keys again: the value must be copied from the list."""
    keys = rng.sample(any_word, rng.randint(3, 7))
    values = rng.sample(any_word, len(keys))
    link, end = rng.choice(((" :", ","), (" -", ","), (" is", "."), (" has", "."), (" :", " ;")))
    known = list(zip(keys, values, strict=True))
    text = "List:" + "".join(f" {k}{link} {v}{end}" for k, v in known)
    again = rng.sample(known, min(len(known), 4))
    text += "".join(f" {k}{link}| {v}|{end}" for k, v in again)
    return text


def sums(rng: random.Random) -> str:
    numbers = lexicon()["number"][:21]
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    text = f"{numbers[a]} plus {numbers[b]} is| {numbers[a + b]}|."
    return text[0].upper() + text[1:]
