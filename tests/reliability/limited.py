"""A sweep in a process whose address space is limited: its largest batches do not fit.

    python -m tests.reliability.limited      prints one line of JSON
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import torch
import transformers as tf

from neuronscope.engine import running
from neuronscope.engine.session import load
from neuronscope.models.exhausted import attempt
from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.ops import Zero
from tests.families.family import ROPE
from tests.tiny import tokenizer

VOCAB = 60_000
ROOM = 96 * 2**20
"""Bytes of address space beside what the process has: 128 rows of logits in float64 take 61 MB."""


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = tf.LlamaConfig(**ROPE | {"vocab_size": VOCAB, "num_hidden_layers": 2})
    model = load(hf_model=tf.LlamaForCausalLM(config).eval(), tokenizer=tokenizer())
    spec = Sweep(prompt="w3 w14 w15 w9 w26", op=Zero(), over=Over(
        sites=["mlp_act"], layers="all", neurons="all", positions=[3, 4]))
    wanted = model.sweep(spec).data
    refused = _counting()
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, resource.RLIM_INFINITY))
    alone = attempt(lambda: torch.zeros(2 * ROOM // 4))
    found = model.sweep(spec, memory=2**31).data
    worst = max(abs(left - right) for left, right in zip(
        found.values["kl"], wanted.values["kl"], strict=True))
    told = {"complete": found.complete, "worst": worst, "refused": len(refused),
            "alone": "out of memory" if alone is None else "fits"}
    sys.stdout.write(json.dumps(told) + "\n")


def _counting() -> list[int]:
    """Notes each attempt that did not fit."""
    from neuronscope.engine import passes

    refused: list[int] = []
    for module in (running, passes):
        own = module.attempt

        def counted(work, own=own):
            found = own(work)
            if found is None:
                refused.append(1)
            return found

        module.attempt = counted
    return refused


if __name__ == "__main__":
    main()
