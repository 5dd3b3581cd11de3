"""Simple general English from templates, so that free text finds a model that has seen prose."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from . import grammar
from .tables import lexicon, names

# Slots are lexicon categories; {name}, {name2} are first names, the same within one text.
SENTENCES = (
    "The {adjperson} {person} {intransitive} {adverb}.",
    "The {person} {transitive} the {adjthing} {object}.",
    "The {adjthing} {thing} is near the {place}.",
    "The {adjthing} {things} are near the {place}.",
    "It was a {weather} {time}, and the {person} {movement} to the {place}.",
    "It is {weather} today, so we will stay at home.",
    "In {season}, the weather is often {weather}.",
    "The {person} {movement} home because it was {weather}.",
    "The {animal} {intransitive} because it was {because}.",
    "The {animals} {intransitive} because they were {because}.",
    "My {person} is a {job}, and I want to be a {job} too.",
    "She works as a {job} in a {adjplace} {place}.",
    "He works as a {job} at the {place}.",
    "They {movement} to the {place} by {transport}.",
    "We {movement} to the {adjplace} {place} in the {time}.",
    "I like {food}, but I do not like {food}.",
    "She had {food} for lunch and a glass of {drink}.",
    "He ordered {food} and a cup of {drink}.",
    "There is a {adjthing} {object} in the {room}.",
    "There are many {things} in the {place}.",
    "There were three {animals} on the farm.",
    "On {day}, we play {sport} with our friends.",
    "On {day} the {place} is closed.",
    "In {month}, the {persons} travelled to the {place}.",
    "I was born in {month}, and my brother was born in {month}.",
    "The {object} is made of {material}.",
    "This {object} is {adjthing}, but that one is {adjthing}.",
    "The {person} wore a {colour} {clothing} and a {colour} {clothing}.",
    "Her favourite colour is {colour}, and his is {colour}.",
    "The {person} plays the {instrument} very well.",
    "At school, the {persons} learn {subject} and {subject}.",
    "The teacher of {subject} was {adjperson}.",
    "The {person} felt a great {feeling}.",
    "He hurt his {body} when he fell from the {thing}.",
    "Her {hobby} is better than her {hobby}.",
    "My favourite hobby is {hobby}.",
    "What do you want to eat? I want some {food}.",
    "Where did the {person} go? The {person2} went to the {place}.",
    "Do you know the {adjperson} {person} who lives in the {place}?",
    "The {person} who {transitive} the {object} was {adjperson}.",
    "The {persons} who live near the {place} are {adjperson}.",
    "If it is {weather} tomorrow, we will go to the {place}.",
    "When the {person} {movement} to the {place}, the {animal} {intransitive}.",
    "After the {person} {transitive} the {object}, the {person} {intransitive}.",
    "Every {time} the {person} {presentthird} the {object}.",
    "Every {day} the {persons} {presentplural} the {object}.",
    "Some people {presentplural} {food}, and some people {presentplural} {drink}.",
    "You can buy {food}, {food} and {drink} at the {place}.",
    "You must not forget the {object}.",
    "Please give me the {adjthing} {object}.",
    "Thank you for the {object}.",
    "The first {person} was {adjperson}, and the second was {adjperson}.",
    "The {person} {saying} that the {place} was {adjplace}.",
    "The {person} {saying} that it would be {weather}.",
    "A {person} and a {person} {movement} from the {place} to the {place}.",
    "No one knew why the {person} {intransitive}.",
    "The king and the queen lived in a {adjthing} castle.",
    "The sun is warm, and the moon is cold.",
    "The earth moves around the sun.",
    "Water is wet, and fire is hot.",
    "Birds can fly, and fish can swim.",
    "I do not know what to do.",
    "How are you today? I am very well, thank you.",
    "Good {time}, my friend.",
    "Once upon a time there was a {adjperson} {person} who lived in a {adjplace} {place}.",
    "It is important to drink enough {drink}.",
    "The book is about the history of the {place}.",
    "The company sells {things} and {things}.",
    "The government built a new {place} last year.",
    "The computer is faster than the machine.",
    "Many people think that {subject} is difficult.",
)  # fmt: skip

# Stories keep their people: a name comes back, and the pronoun fits.
STORIES = (
    "{name} is a {job}. {He} works in a {place}. Every {day}, {he} goes to the {place2}.",
    "{name} has a {animal}. The {animal} is {adjthing}. {name} loves the {animal} very much.",
    "{name} and {name2} are friends. They like {hobby}. On {day}, {name} visits {name2}.",
    "{name} went to the {place}. {He} bought a {object}. Then {he} went home with the {object}.",
    "{name} lost the {object}. {He} looked in the {room}, but the {object} was not there.",
    "{name} likes {food}. {name2} likes {drink}. They eat and drink together.",
    "My name is {name}. I live with my {person}. We have a {animal}.",
    "One {time}, {name} saw a {animal} in the {place}. "
    "The {animal} was {because}. {name} gave it some {food}.",
    "{name} plays the {instrument}, and {name2} plays the {instrument}. {name} is {adjperson}.",
    "There was a {person} called {name}. {name} was {adjperson}. People liked {name}.",
    "{name} said hello to {name2}. {name2} was {because} and did not say a word.",
    "The {job} was called {name}. {He} had a {adjthing} {object} and a {colour} {clothing}.",
    "I met {name} at the {place}. {name} told me about {name2}, who is a {job}.",
)

SLOT = re.compile(r"\{(\w+?)2?\}")


def _fill(rng: random.Random, template: str) -> str:
    words = lexicon()
    first, second = rng.sample(names(), 2)
    male = rng.random() < 0.5
    fixed = {
        "name": first,
        "name2": second,
        "he": "he" if male else "she",
        "He": "He" if male else "She",
    }
    memory: dict[str, str] = {}

    def slot(match: re.Match[str]) -> str:
        key = match.group(0)[1:-1]
        if key in fixed:
            return fixed[key]
        category = match.group(1)
        # A category that a story repeats stays the same thing; "2" or a list draws anew.
        repeat = category in memory and (key.endswith("2") or category in ("animal", "object"))
        if not repeat:
            memory[category] = rng.choice(words[category])
        return memory[category]

    return SLOT.sub(slot, template)


def sentence(rng: random.Random) -> str:
    return _fill(rng, rng.choice(SENTENCES))


def story(rng: random.Random) -> str:
    return _fill(rng, rng.choice(STORIES))


def prose(rng: random.Random) -> str:
    """One sentence or one short story."""
    return rng.choices((sentence, story, grammar.sentence), (0.3, 0.25, 0.45))[0](rng)


def passage(rng: random.Random, fact: Callable[[], str]) -> str:
    """Some sentences of prose, with facts among them now and then."""
    parts = []
    for _ in range(rng.randint(2, 6)):
        kind = rng.random()
        parts.append(fact() if kind < 0.4 else prose(rng))
    return " ".join(parts)
