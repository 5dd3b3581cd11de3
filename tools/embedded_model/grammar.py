"""Free sentences from a small phrase grammar: wider and looser than the fixed templates.

It gives the common words of the vocabulary neighbours of the right kind: articles before
nouns, prepositions before places, verbs after "to". What it says is often odd; how it says
it is English.
"""

from __future__ import annotations

import random

from .tables import lexicon, names

PLACE_PREPOSITIONS = ("in", "near", "behind", "beside", "inside", "outside", "at", "from", "to")
THING_PREPOSITIONS = ("on", "under", "over", "above", "below", "behind", "beside", "around")
MOVING = (
    "jumped", "ran", "walked", "flew", "fell", "went", "moved", "came", "looked", "climbed",
)  # fmt: skip
WANTING = ("want to", "like to", "have to", "need to", "try to", "hope to", "decided to")
MODALS = ("can", "could", "will", "would", "should", "must", "may", "might", "did not", "do not")
SUBJECT_PRONOUNS = ("I", "you", "we", "they", "he", "she")
CONNECTIVES = ("and", "but", "because", "when", "while", "so", "although", "before", "after")
OWNERS = ("the", "the", "his", "her", "my", "your", "our", "this")
QUESTIONS = ("Where", "When", "Why", "How")
COLOUR_OR_SIZE = ("adjthing", "colour")


class Speaker:
    """Draws phrases with one random source."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._words = lexicon()

    def word(self, category: str) -> str:
        return self._rng.choice(self._words[category])

    def chance(self, p: float) -> bool:
        return self._rng.random() < p

    def being(self) -> str:
        """Someone or something alive, as a subject or object."""
        kind = self._rng.random()
        if kind < 0.25:
            return self._rng.choice(names())
        noun = self.word("person" if kind < 0.65 else "animal")
        adjective = f" {self.word('adjperson')}" if self.chance(0.4) else ""
        return f"{self._rng.choice(('the', 'a', 'my', 'the', 'this', 'her'))}{adjective} {noun}"

    def article(self, phrase: str) -> str:
        return ("an " if phrase[0] in "aeiou" else "a ") + phrase

    def thing(self) -> str:
        noun = self.word(self._rng.choice(("object", "thing", "food", "general", "clothing")))
        if self.chance(0.45):
            noun = f"{self.word(self._rng.choice(COLOUR_OR_SIZE))} {noun}"
        if self.chance(0.3):
            return self.article(noun)
        return f"{self._rng.choice(OWNERS)} {noun}"

    def where(self) -> str:
        if self.chance(0.5):
            adjective = f"{self.word('adjplace')} " if self.chance(0.3) else ""
            return f"{self._rng.choice(PLACE_PREPOSITIONS)} the {adjective}{self.word('place')}"
        return f"{self._rng.choice(THING_PREPOSITIONS)} {self.thing()}"

    def when(self) -> str:
        return self._rng.choice((
            f"in the {self.word('time')}", f"on {self.word('day')}", f"in {self.word('month')}",
            f"in {self.word('season')}", "yesterday", "today", "every day", "last night",
            "for a long time", "at night", "after a while", "again", "together", "at home",
        ))  # fmt: skip

    def to_do(self) -> str:
        """A verb in its plain form with what belongs to it."""
        return self._rng.choice((
            f"eat {self._rng.choice(('some ', 'the ', ''))}{self.word('food')}",
            f"drink {self._rng.choice(('some ', 'the ', ''))}{self.word('drink')}",
            f"go to the {self.word('place')}", f"play {self.word('sport')}",
            f"play the {self.word('instrument')}", f"learn {self.word('subject')}",
            f"read {self.thing()}", f"buy {self.thing()}", f"see {self.being()}",
            f"give {self.thing()} to {self.being()}", f"take {self.thing()}",
            f"find {self.thing()}", f"speak with {self.being()}", "sleep", "work", "help",
            f"{self.word('verbs')} {self.thing()}", f"travel by {self.word('transport')}",
            f"be {self.article(self.word('job'))}", f"open {self.thing()}", f"sit {self.where()}",
        ))  # fmt: skip

    def clause(self) -> str:
        kind = self._rng.random()
        if kind < 0.2:
            return f"{self.being()} {self._rng.choice(MOVING)} {self.where()}"
        if kind < 0.4:
            return f"{self.being()} {self.word('transitive')} {self.thing()}"
        if kind < 0.6:
            who = self._rng.choice(SUBJECT_PRONOUNS[:4])
            return f"{who} {self._rng.choice(WANTING)} {self.to_do()}"
        if kind < 0.75:
            return f"{self._rng.choice(SUBJECT_PRONOUNS)} {self._rng.choice(MODALS)} {self.to_do()}"
        if kind < 0.87:
            return f"{self.thing()} {self._rng.choice(('is', 'was'))} {self._state()}"
        return f"{self.being()} {self._rng.choice(('is', 'was'))} {self.word('adjperson')}"

    def _state(self) -> str:
        return self._rng.choice((self.where(), self.word("adjthing"), self.word("adjectives")))

    def sentence(self) -> str:
        kind = self._rng.random()
        if kind < 0.08:
            opening = self._rng.choice(QUESTIONS)
            text = f"{opening} did {self.being()} {self.word('verbs')}?"
        elif kind < 0.16:
            text = f"There {self._rng.choice(('is', 'was'))} {self.article(self.word('general'))} "
            text += f"{self.where()}."
        elif kind < 0.4:
            text = f"{self.clause()} {self._rng.choice(CONNECTIVES)} {self.clause()}."
        elif kind < 0.7:
            text = f"{self.clause()} {self.when()}."
        else:
            text = f"{self.clause()}."
        return text


OPENINGS = ("Yesterday", "Today", "Then", "Now", "Later", "Soon", "Finally", "Once", "Suddenly")


def sentence(rng: random.Random) -> str:
    """One sentence; its first word has a token of its own for the start of a text."""
    text = Speaker(rng).sentence()
    first = text.split(" ", 1)[0]
    capital = first[0].upper() + first[1:]
    if capital in STARTS or first in names():
        return capital + text[len(first) :]
    return f"{rng.choice(OPENINGS)}, {text}"


STARTS = frozenset({
    "The", "A", "An", "My", "Our", "Your", "His", "Her", "This", "I", "You", "We", "They",
    "He", "She", "There", "Where", "When", "Why", "How",
})  # fmt: skip
