"""Scores of a model on the held-out sets; the model is any function from ids to logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from . import evalsets, tasks
from .evalsets import Item

Logits = Callable[[Tensor], Tensor]
"""ids [rows, length], right-padded -> logits [rows, length, vocab]."""
Encode = Callable[[str], list[int]]
"""Text to ids, BOS in front."""
ROWS = 64


@dataclass(frozen=True)
class Score:
    n: int
    top1: float
    """Share of items whose answer is the most probable next token."""
    prob: float
    """Mean probability of the answer."""
    preferred: float
    """Share of items where the answer beats `wrong` (1 where none is named)."""

    def __str__(self) -> str:
        return f"top-1 {self.top1:.3f}, p {self.prob:.3f}, n {self.n}"


def last_logits(model: Logits, sequences: list[list[int]]) -> Tensor:
    """Logits after the last token of each sequence, [n, vocab]."""
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    out: list[Tensor | None] = [None] * len(sequences)
    for start in range(0, len(order), ROWS):
        chunk = order[start : start + ROWS]
        longest = max(len(sequences[i]) for i in chunk)
        ids = torch.tensor([sequences[i] + [1] * (longest - len(sequences[i])) for i in chunk])
        logits = model(ids)
        for row, i in enumerate(chunk):
            out[i] = logits[row, len(sequences[i]) - 1].float()
    return torch.stack([t for t in out if t is not None])


def score(model: Logits, encode: Encode, items: list[Item]) -> Score:
    logits = last_logits(model, [encode(i.prompt) for i in items])
    answers = torch.tensor([_first(encode, i.answer) for i in items])
    right = logits.gather(1, answers[:, None])[:, 0]
    top1 = (logits.argmax(-1) == answers).float().mean()
    prob = logits.softmax(-1).gather(1, answers[:, None]).mean()
    beats = [
        not item.wrong or bool(right[k] > logits[k, _first(encode, item.wrong)])
        for k, item in enumerate(items)
    ]
    return Score(len(items), top1.item(), prob.item(), sum(beats) / len(beats))


def _first(encode: Encode, text: str) -> int:
    return encode(text)[1]


def greater_than(model: Logits, encode: Encode, limit: int) -> float:
    """Mean probability mass on two-digit years later than the first one."""
    items = evalsets.skill(tasks.years, limit)
    probs = last_logits(model, [encode(i.prompt) for i in items]).softmax(-1)
    ids = [_first(encode, f"{y:02d}") for y in range(100)]
    total = 0.0
    for row, one in enumerate(items):
        first = int(one.prompt.split("the year ")[1][2:4])
        total += probs[row, ids[first + 1 :]].sum().item()
    return total / len(items)


def induction(model: Logits, vocab: int, count: int, block: int, repeats: int = 2) -> float:
    """Top-1 accuracy on the later copies of a random block, its first token left out."""
    rows = evalsets.induction(list(range(2, vocab)), count, block, repeats)
    ids = torch.tensor([[0, *row] for row in rows])
    predicted = torch.cat([model(part).argmax(-1) for part in ids.split(16)])[:, :-1]
    hit = (predicted == ids[:, 1:])[:, block + 1 :]
    return hit.float().mean().item()


def quick(model: Logits, encode: Encode, vocab: int) -> dict[str, float]:
    """A few numbers to watch while training."""
    out = {}
    plain = score(model, encode, evalsets.landmarks()[::2])
    out["landmark"], out["landmark_p"] = plain.top1, plain.prob
    paris = score(model, encode, [Item("The Eiffel Tower is in", " Paris")])
    out["eiffel_p"] = paris.prob
    out["held_out"] = score(model, encode, evalsets.held_out_facts(192)).top1
    out["unseen"] = score(model, encode, evalsets.unseen_facts(128)).top1
    out["induction"] = induction(model, vocab, 16, 30)
    for new in (False, True):
        for order in ("ABBA", "BABA"):
            items = evalsets.indirect_object(64, order, new_names=new, new_templates=new)
            out[f"ioi_{order}_{'new' if new else 'seen'}"] = score(model, encode, items).top1
    out["agreement"] = score(model, encode, evalsets.agreement(64)).preferred
    out["successor"] = score(model, encode, evalsets.skill(tasks.successor, 48)).top1
    out["pairs"] = score(model, encode, evalsets.skill(tasks.pairs, 48)).top1
    out["greater"] = greater_than(model, encode, 48)
    return out
