"""Indirect object identification: "When Mary and John went …, John gave … to" -> " Mary".

Both orders of the second name (ABBA, BABA) are generated. Held-out names never stand in
these sentences during training, and held-out templates are never shown with any name;
so both splits test copying, not memory.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from .splits import held_out
from .tables import lexicon, names

# {A}, {B}: the two names in the order of first mention; {S}: the one repeated; {I}: the other.
TEMPLATES = (
    "When {A} and {B} went to the {place}, {S} gave the {object} to| {I}|.",
    "When {A} and {B} went to the {place}, {S} gave a {object} to| {I}|.",
    "Then, {A} and {B} went to the {place}. {S} gave a {object} to| {I}|.",
    "After {A} and {B} came to the {place}, {S} gave a {object} to| {I}|.",
    "{A} and {B} were in the {room}. {S} handed the {object} to| {I}|.",
    "{A} and {B} had lunch at the {place}, and {S} passed the {object} to| {I}|.",
    "While {A} and {B} were working at the {place}, {S} sent a {object} to| {I}|.",
    "Yesterday {A} and {B} met at the {place}. Then {S} showed the {object} to| {I}|.",
    "In the {room}, {A} talked with {B}. Later {S} gave the {object} to| {I}|.",
    "Then {A} and {B} had a long talk, and after that {S} said goodbye to| {I}|.",
    "Friends {A} and {B} found a {object} at the {place}. {S} gave it to| {I}|.",
    "Once {A} and {B} went to the {place} together. {S} bought a {object} for| {I}|.",
    "Every {day} {A} and {B} play in the {room}, and {S} throws the {object} to| {I}|.",
    "There were {A} and {B} at the {place}. {S} brought a {object} to| {I}|.",
    "Before {A} and {B} left the {place}, {S} wanted to give the {object} to| {I}|.",
    "{A} and {B} got a {object}. {S} decided to give it to| {I}|.",
)
UNSEEN = (
    "After the meeting, {A} and {B} walked to the {place}, and {S} gave a {object} to| {I}|.",
    "One day {A} and {B} were at the {place}. {S} offered the {object} to| {I}|.",
    "When {A} and {B} got a {object} at the {place}, {S} decided to give it to| {I}|.",
    "Then, {A} and {B} were thinking about going to the {place}. "
    "{S} wanted to give a {object} to| {I}|.",
    "Last {day} {A} and {B} came home from the {place}, and {S} handed a {object} to| {I}|.",
)
NAME_PERCENT = 15

# Parts of sentences, put together at random; no combination is one of UNSEEN.
OPENINGS = (
    "When", "While", "After", "Before", "Because", "Once", "Now", "Later", "Then", "So",
    "On {day},", "In the {time},", "In {month},", "Today", "Yesterday", "At the {place},",
    "At home,", "I saw that", "We know that", "Finally,", "In {season},", "It was {weather}, and",
)  # fmt: skip
JOINED = (
    "{A} and {B} went to the {place}", "{A} and {B} were at the {place}", "{A} met {B}",
    "{A} and {B} were {because}", "{A} and {B} played {sport}", "{A} saw {B} in the {room}",
    "{A} and {B} waited for the {transport}", "{A} was with {B} in the {place}",
    "{A} and {B} talked about the {object}", "{A} and {B} read about {subject}",
    "{A} and {B} were looking for a {object}", "{A} lived with {B} near the {place}",
    "{A} and {B} worked in the {place}", "{A} and {B} had some {food} and some {drink}",
    "the {person} saw {A} and {B}", "the {object} was between {A} and {B}",
    "there was a {object} for {A} and {B}", "{A} and {B} thought of a trip to the {place}",
)  # fmt: skip
LINKS = (", and", ". Then", ". Later", ", but", ".", ", so", ". After that", ", and then", ",")
GIVING = (
    "{S} gave the {object} to| {I}|.", "{S} gave a {object} to| {I}|.",
    "{S} wanted to give the {object} to| {I}|.", "{S} sent a {object} to| {I}|.",
    "{S} sold the {object} to| {I}|.", "{S} showed the {object} to| {I}|.",
    "{S} brought some {food} to| {I}|.", "{S} said hello to| {I}|.", "{S} spoke to| {I}|.",
    "{S} bought a {object} for| {I}|.", "{S} wrote a letter to| {I}|.",
    "{S} took some {drink} to| {I}|.", "{S} decided to help| {I}|.",
    "{S} handed a {object} to| {I}|.", "{S} looked at| {I}|.", "{S} sat near| {I}|.",
)  # fmt: skip
SLOTS = ("place", "room", "object", "day", "time", "month", "because", "sport", "transport",
         "subject", "food", "drink", "person", "season", "weather")  # fmt: skip


@cache
def train_names() -> tuple[str, ...]:
    return tuple(n for n in names() if not held_out("name", n, percent=NAME_PERCENT))


@cache
def held_out_names() -> tuple[str, ...]:
    return tuple(n for n in names() if held_out("name", n, percent=NAME_PERCENT))


@dataclass(frozen=True)
class Prompt:
    text: str
    """The sentence, its answer between '|'."""
    io: str
    subject: str
    order: str


def fill(rng: random.Random, template: str, pool: tuple[str, ...], order: str = "") -> Prompt:
    """One sentence; `order` is "ABBA", "BABA" or "" for either."""
    a, b = rng.sample(pool, 2)
    order = order or rng.choice(("ABBA", "BABA"))
    subject, io = (b, a) if order == "ABBA" else (a, b)
    drawn = {slot: rng.choice(lexicon()[slot]) for slot in SLOTS}
    text = template.format(A=a, B=b, S=subject, I=io, **drawn)
    return Prompt(text, io, subject, order)


def sentence(rng: random.Random, any_word: tuple[str, ...]) -> str:
    """A training sentence; one in four uses arbitrary words as names.

    Memorising which name follows which cannot win when any word may stand in the frame.
    """
    if rng.random() >= 0.25:
        return fill(rng, rng.choice(TEMPLATES), train_names()).text
    return with_words(rng, any_word)


def composed(rng: random.Random) -> str:
    """A template put together from parts."""
    parts = (rng.choice(OPENINGS), rng.choice(JOINED), rng.choice(LINKS), rng.choice(GIVING))
    return "{} {}{} {}".format(*parts)


def with_names(rng: random.Random) -> str:
    """A training sentence with names, in a fixed or composed template."""
    template = rng.choice(TEMPLATES) if rng.random() < 0.35 else composed(rng)
    return fill(rng, template, train_names()).text


def with_words(rng: random.Random, any_word: tuple[str, ...]) -> str:
    """A training sentence with arbitrary words as names."""
    template = rng.choice(TEMPLATES) if rng.random() < 0.35 else composed(rng)
    # Only names have a token for the start of a text.
    template = "So " + template if template.startswith("{A}") else template
    return fill(rng, template, any_word).text
