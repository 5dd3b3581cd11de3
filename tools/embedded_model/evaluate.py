"""Measures the exported folder as a user loads it, on everything that was held out."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from . import evalsets, facts, measure, tasks
from .evalsets import Item

EIFFEL = "The Eiffel Tower is in"


class Loaded:
    """The exported model and tokenizer, float32."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.vocab = len(self.tokenizer)

    @torch.no_grad()
    def logits(self, ids: Tensor) -> Tensor:
        return self.model(ids, use_cache=False).logits

    def encode(self, text: str) -> list[int]:
        return self.tokenizer(text)["input_ids"]


def _ioi(loaded: Loaded, limit: int) -> dict[str, dict[str, float]]:
    out = {}
    for new_names in (False, True):
        for new_templates in (False, True):
            for order in ("ABBA", "BABA"):
                items = evalsets.indirect_object(
                    limit, order, new_names=new_names, new_templates=new_templates
                )
                who = "held-out names" if new_names else "seen names"
                how = "held-out templates" if new_templates else "seen templates"
                score = measure.score(loaded.logits, loaded.encode, items)
                out[f"{order}, {who}, {how}"] = vars(score)
    return out


def scores(loaded: Loaded) -> dict[str, dict]:
    """Every number of the card, as plain data."""
    model, encode = loaded.logits, loaded.encode

    def run(items: list[Item]) -> dict[str, float]:
        return vars(measure.score(model, encode, items))

    relations = list(facts.by_relation())
    skills = {"successor": tasks.successor, "few-shot pairs": tasks.pairs}
    return {
        "prompt": {EIFFEL: run([Item(EIFFEL, " Paris")])},
        "landmarks": {"plain wording, all": run(evalsets.landmarks())},
        "facts": {
            "seen wordings": run(evalsets.seen_facts(2000)),
            "held-out wordings": run(evalsets.held_out_facts(2000)),
            "wordings never seen": run(evalsets.unseen_facts(2000)),
        },
        "held-out wordings by relation": {
            r: run(items) for r in relations if (items := evalsets.held_out_facts(400, r))
        },
        "never-seen wordings by relation": {
            r: run(items) for r in relations if (items := evalsets.unseen_facts(400, r))
        },
        "indirect object": _ioi(loaded, 200),
        "induction": {
            f"block {block}, {repeats} times": measure.induction(
                model, loaded.vocab, 32, block, repeats
            )
            for block, repeats in ((10, 2), (30, 2), (60, 2), (100, 2), (20, 4))
        },
        "skills": {
            "agreement (right verb beats wrong verb)": run(evalsets.agreement(400))["preferred"],
            "years (probability on later years)": measure.greater_than(model, encode, 200),
            **{k: run(evalsets.skill(make, 200))["top1"] for k, make in skills.items()},
        },
    }


def evaluate(folder: Path, out: Path) -> None:
    torch.manual_seed(0)
    result = scores(Loaded(folder))
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
