"""The held-out sets, as prompts with their right answers; seeded, so always the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from . import facts, names_task, tasks

SEED = 7


@dataclass(frozen=True)
class Item:
    prompt: str
    answer: str
    """The next token, with its leading space."""
    wrong: str = ""
    """For two-way questions: the token that must be less probable."""


def item(marked: str, wrong: str = "", which: int = 1) -> Item:
    """From a sentence with '|' around its answers: everything before answer `which`."""
    parts = marked.split("|")
    at = 2 * which - 1
    return Item("".join(parts[:at]), parts[at], wrong)


def landmarks() -> list[Item]:
    """Every landmark in the plain wording (seen in training)."""
    every = facts.by_relation()["landmark_city"]
    return [item(f.sentence(facts.WORDINGS["landmark_city"][0])) for f in every]


def seen_facts(limit: int) -> list[Item]:
    every = [item(f.sentence(w)) for f in facts.facts() for w in f.train_wordings()]
    return _some(every, limit)


def held_out_facts(limit: int, relation: str = "") -> list[Item]:
    """Wordings known with other subjects, but never shown with this one."""
    chosen = facts.by_relation()[relation] if relation else facts.facts()
    return _some([item(f.sentence(w)) for f in chosen for w in f.held_out_wordings()], limit)


def unseen_facts(limit: int, relation: str = "") -> list[Item]:
    """Wordings never shown with any subject."""
    chosen = facts.by_relation()[relation] if relation else facts.facts()
    return _some([item(f.sentence(w)) for f in chosen for w in f.unseen_wordings()], limit)


def indirect_object(limit: int, order: str, *, new_names: bool, new_templates: bool) -> list[Item]:
    rng = random.Random(f"{SEED}/{order}/{new_names}/{new_templates}")
    pool = names_task.held_out_names() if new_names else names_task.train_names()
    templates = names_task.UNSEEN if new_templates else names_task.TEMPLATES
    made = [names_task.fill(rng, rng.choice(templates), pool, order) for _ in range(limit)]
    return [item(p.text, wrong=f" {p.subject}") for p in made]


def skill(make: Callable[..., str], limit: int) -> list[Item]:
    """Held-out items of one of `tasks`; the last answer of the sentence is asked for."""
    rng = random.Random(f"{SEED}/{make.__name__}")
    marked = [make(rng, held=True) for _ in range(limit)]
    return [item(m, which=m.count("|") // 2) for m in marked]


def agreement(limit: int) -> list[Item]:
    other = {a: b for pair in tasks.AGREEMENT_VERBS for a, b in (pair, pair[::-1])}
    made = skill(tasks.agreement, limit)
    out = []
    for one in made:
        verb, *_ = one.answer.split()
        wrong = other[one.answer.strip()].split()[0]
        out.append(Item(one.prompt, f" {verb}", f" {wrong}"))
    return out


def induction(pool: list[int], count: int, block: int, repeats: int = 2) -> list[list[int]]:
    """Random ids over the whole vocabulary, the block `repeats` times."""
    rng = random.Random(f"{SEED}/induction/{block}")
    return [rng.choices(pool, k=block) * repeats for _ in range(count)]


def _some(items: list[Item], limit: int) -> list[Item]:
    """A seeded sample."""
    rng = random.Random(SEED)
    return rng.sample(items, limit) if limit < len(items) else items
