"""The tasks, as plain data, so that every contender does the same work. No NeuronScope here."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

TASKS = ("branches", "heads", "residual")
TOLD = {
    "branches": "zero attention and MLP output at each layer",
    "heads": "zero each head",
    "residual": "patch the residual stream, layer × position",
}


@dataclass(frozen=True)
class Cell:
    """One edit: `part` is attn, mlp, head or resid."""

    part: str
    layer: int
    head: int = 0
    position: int = 0


def cells(task: str, n_layers: int, n_heads: int, length: int) -> list[Cell]:
    """The cells of a task, in a fixed order."""
    if task == "branches":
        return [Cell(part, layer) for part in ("attn", "mlp") for layer in range(n_layers)]
    if task == "heads":
        return [Cell("head", layer, head=head)
                for layer in range(n_layers) for head in range(n_heads)]
    return [Cell("resid", layer, position=position)
            for layer in range(n_layers) for position in range(length)]


def prompts(length: int) -> tuple[list[int], list[int]]:
    """Base and source token ids; they differ everywhere, so that no cell is trivial."""
    generator = torch.Generator().manual_seed(7)
    base = torch.randint(10, 4000, (length,), generator=generator)
    source = torch.randint(4000, 8000, (length,), generator=generator)
    return base.tolist(), source.tolist()


def kl(clean: Tensor, edited: Tensor) -> list[float]:
    """KL(clean ‖ edited) in nats and float64; clean [vocab], edited [rows, vocab]."""
    p = torch.log_softmax(clean.double(), -1)
    q = torch.log_softmax(edited.double(), -1)
    return (p.exp() * (p - q)).sum(-1).tolist()


Runner = Callable[[list[Cell], list[int], list[int]], list[float]]
"""Takes cells and both prompts, gives the KL of each cell."""


def serve(make: Callable[[Path], Runner], version: str) -> None:
    """A contender's process: reads orders (JSON lines), answers with seconds and KLs."""
    torch.set_num_threads(int(sys.argv[2]))
    run = make(Path(sys.argv[1]))
    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        wanted = [Cell(**each) for each in order["cells"]]
        base, source = prompts(order["length"])
        started = time.perf_counter()
        values = run(wanted, base, source)
        print(json.dumps({"seconds": time.perf_counter() - started, "kl": values}), flush=True)
