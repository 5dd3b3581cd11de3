"""Peak memory of a layer × position grid, in a process of its own.

    python -m benchmarks.memory [--layers 32] [--tokens 512] [--width 64] [--step 1] [--budget MIB]

Prints one line of JSON: what the sweep took beside the model (peak of the resident set over
what was resident before it), its budget, its cells and its seconds.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import sys
import time
from pathlib import Path

import torch
import transformers as tf

from neuronscope.engine.session import load
from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.ops import Patch
from tests.tiny import VOCAB, tokenizer

MIB = 2**20


def main() -> int:
    """Run one grid and print what it took."""
    parser = argparse.ArgumentParser(prog="benchmarks.memory", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("layers", 32), ("tokens", 512), ("width", 64), ("step", 1),
                          ("budget", 256)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(measure(**vars(parser.parse_args()))))
    return 0


def measure(layers: int, tokens: int, width: int, step: int, budget: int) -> dict[str, float]:
    """MiB beside the model, and seconds, of a grid over every layer and every `step`th token."""
    torch.manual_seed(0)
    model = load(hf_model=tf.AutoModelForCausalLM.from_config(tf.LlamaConfig(
        num_hidden_layers=layers, hidden_size=width, intermediate_size=4 * width,
        num_attention_heads=4, num_key_value_heads=4, vocab_size=VOCAB,
        max_position_embeddings=tokens, initializer_range=0.2)), tokenizer=tokenizer())
    prompts = torch.randint(3, VOCAB, (2, tokens), generator=torch.Generator().manual_seed(1))
    spec = Sweep(prompt=prompts[0].tolist(), op=Patch(prompts[1].tolist()), over=Over(
        sites=["resid_pre"], layers="all", positions=list(range(0, tokens, step))))
    small = spec.model_copy(update={"prompt": spec.prompt[:8], "op": Patch(
        spec.op.source_prompt[:8]), "over": Over(sites=["resid_pre"], layers="all")})
    model.sweep(small)
    _settle()
    before, started = resident(), time.perf_counter()
    grid = model.sweep(spec, memory=budget * MIB)
    seconds = time.perf_counter() - started
    assert grid.complete and grid.data.execution.startswith("fast"), grid.data.execution
    return {"peak_mib": round((peak() - before) / MIB, 1), "budget_mib": budget,
            "cells": grid.values["kl"].size, "seconds": round(seconds, 1)}


def _settle() -> None:
    """Hand freed memory back, and start the peak anew (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def resident() -> int:
    """Bytes of memory that this process holds (Linux)."""
    return _status("VmRSS")


def peak() -> int:
    """The most that it has held since `_settle` (Linux)."""
    return _status("VmHWM")


def _status(name: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in text.splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    sys.exit(main())
