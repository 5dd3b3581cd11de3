"""Facts as sentences: relations, their wordings, and which of them are held out.

A sentence is written with '|' around the answer: "The Eiffel Tower is in| Paris|.".
Three kinds of wording exist. `train` ones are seen with every subject except those
that the hash of (relation, subject, wording) holds out; `unseen` ones are never seen
with any subject; wording 0 is the relation's plain form and is always seen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from .splits import held_out
from .tables import table, with_cut
from .wordings import UNSEEN, WORDINGS


@dataclass(frozen=True)
class Fact:
    relation: str
    subject: str
    answer: str
    article: str = ""
    """The article that goes before the subject, if it takes one ("The")."""

    def sentence(self, wording: str) -> str:
        lower = f"{self.article.lower()} {self.subject}" if self.article else self.subject
        upper = f"{self.article} {self.subject}" if self.article else self.subject
        upper = upper[0].upper() + upper[1:]
        return (
            wording.replace("{s}", lower)
            .replace("{S}", upper)
            .replace("{n}", "n" if self.subject[0] in "aeiou" else "")
            .replace("{a}", self.answer)
        )

    def train_wordings(self) -> list[str]:
        every = WORDINGS[self.relation]
        return [w for i, w in enumerate(every) if i == 0 or not self._held_out(w)]

    def held_out_wordings(self) -> list[str]:
        return [w for i, w in enumerate(WORDINGS[self.relation]) if i and self._held_out(w)]

    def unseen_wordings(self) -> tuple[str, ...]:
        return UNSEEN.get(self.relation, ())

    def _held_out(self, wording: str) -> bool:
        return held_out(self.relation, self.subject, wording)


def _column(rows, subject: str, answer: str, relation: str, article: str = "") -> list[Fact]:
    return [
        Fact(relation, row[subject], row[answer], article)
        for row in rows
        if subject in row and answer in row
    ]


def _countries() -> list[Fact]:
    rows = table("countries")
    capitals = [r for r in rows if "capital" in r]
    return [
        *_column(rows, "country", "capital", "capital"),
        *_column(rows, "capital", "country", "capital_of"),
        *_column(rows, "country", "language", "language"),
        *_column(rows, "country", "continent", "continent"),
        *_column(rows, "country", "currency", "currency"),
        *_column([*capitals], "capital", "country", "city_country"),
        *_column(table("cities"), "city", "country", "city_country"),
    ]


@cache
def country_of_city() -> dict[str, str]:
    pairs = [(r["city"], r["country"]) for r in table("cities")]
    pairs += [(r["capital"], r["country"]) for r in table("countries") if "capital" in r]
    return dict(pairs)


def _landmarks() -> list[Fact]:
    out = []
    for row in table("landmarks"):
        name, city, article = with_cut(row["landmark"]), row["city"], row.get("article", "")
        out.append(Fact("landmark_city", name, city, article))
        if city in country_of_city():
            out.append(Fact("landmark_country", name, country_of_city()[city], article))
    return out


@cache
def facts() -> tuple[Fact, ...]:
    """Every fact, in table order."""
    people, companies = table("people"), table("companies")
    animals = table("animals")
    out = _landmarks() + _countries()
    out += _column(people, "person", "field", "field")
    out += _column(people, "person", "country", "born")
    out += _column(table("works"), "work", "author", "author")
    out += _column(companies, "company", "country", "company_country")
    out += _column(companies, "company", "product", "product")
    for column in ("class", "legs", "young", "sound", "food"):
        out += _column(animals, "animal", column, f"animal_{column}")
    out += _column(table("things"), "thing", "colour", "colour")
    out += _column(table("elements"), "element", "symbol", "symbol")
    return tuple(out)


@cache
def by_relation() -> dict[str, tuple[Fact, ...]]:
    out: dict[str, list[Fact]] = {}
    for fact in facts():
        out.setdefault(fact.relation, []).append(fact)
    return {k: tuple(v) for k, v in out.items()}


SHARE = {
    "landmark_city": 10, "landmark_country": 2.5, "capital": 3.5, "capital_of": 3, "language": 3,
    "continent": 2, "currency": 2, "city_country": 5, "field": 3, "born": 3, "author": 3,
    "company_country": 2, "product": 2, "animal_class": 1, "animal_legs": 0.7,
    "animal_young": 0.8, "animal_sound": 0.6, "animal_food": 0.7, "colour": 0.8, "symbol": 0.6,
}  # fmt: skip

COUNTRY_SHARE_IN_PLAIN_WORDING = 0.08
"""How often "The Eiffel Tower is in" goes on with " France": true as well, and it keeps
the probability of the city below 1, so that an intervention has room in both directions."""


def sample(rng: random.Random) -> Fact:
    relation = rng.choices(list(SHARE), list(SHARE.values()))[0]
    return rng.choice(by_relation()[relation])


def sentence(rng: random.Random, fact: Fact | None = None) -> str:
    """One training sentence about a fact, the answer marked."""
    fact = fact or sample(rng)
    options = fact.train_wordings()
    plain = fact.relation == "landmark_city" and rng.random() < 0.35
    wording = options[0] if plain else rng.choice(options)
    country = country_of_city().get(fact.answer)
    at_plain = fact.relation == "landmark_city" and wording == options[0]
    if at_plain and country and rng.random() < COUNTRY_SHARE_IN_PLAIN_WORDING:
        fact = Fact(fact.relation, fact.subject, country, fact.article)
    return fact.sentence(wording)
