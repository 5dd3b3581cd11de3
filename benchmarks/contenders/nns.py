"""nnsight: one trace per cell, or many cells as the rows of one invoke, its fastest way.

(An invoke per cell costs more than a row per cell.) Only the last position's logits are
asked for.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import torch
from nnsight import LanguageModel
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.contenders.places import INPUTS, order, place, span
from benchmarks.serve import Seat, serve
from benchmarks.work import Cell, Runner, kl

Key = tuple[str, int]


def value_of(module: Any, part: str) -> Any:
    """The part's value inside a trace."""
    if part in INPUTS:
        return module.input
    output = module.output
    return output[0] if isinstance(output, tuple) else output


def make(seat: Seat) -> Runner:
    """A runner of `seat.rows` cells per trace."""
    hf = AutoModelForCausalLM.from_pretrained(
        seat.folder, dtype=seat.dtype).to(seat.device).eval()
    model = LanguageModel(hf, tokenizer=AutoTokenizer.from_pretrained(seat.folder))
    family, heads = hf.config.model_type, hf.config.num_attention_heads

    def met(keys) -> list[Key]:
        return sorted(keys, key=lambda key: (key[1], order(family, key[0])))

    def edit(value: Tensor, row: int, cell: Cell, sources: dict[Key, Tensor]) -> None:
        if cell.head is not None:
            value[row, :, span(cell.head, value.shape[-1], heads)] = 0
        elif cell.position is not None:
            value[row, cell.position] = sources[cell.part, cell.layer][0, cell.position]
        else:
            value[row] = 0

    def sources_of(cells: list[Cell], source: Tensor) -> dict[Key, Tensor]:
        keys = met({(cell.part, cell.layer) for cell in cells if cell.position is not None})
        found = {}
        if keys:
            with model.trace(source, logits_to_keep=1):
                for key in keys:
                    found[key] = value_of(place(model, family, *key), key[0]).clone().save()
        return found

    @torch.no_grad()
    def run(cells: list[Cell], base: list[int], source: list[int], ready) -> list[float]:
        tokens = torch.tensor([base], device=seat.device)
        clean = hf(tokens, use_cache=False, logits_to_keep=1).logits[0, -1]
        sources = sources_of(cells, torch.tensor([source], device=seat.device))
        ready()
        values: list[float] = []
        rows = seat.rows(len(base))
        for first in range(0, len(cells), rows):
            part = cells[first:first + rows]
            groups: dict[Key, list[tuple[int, Cell]]] = {}
            for row, cell in enumerate(part):
                groups.setdefault((cell.part, cell.layer), []).append((row, cell))
            with model.trace(tokens.expand(len(part), -1), use_cache=False, logits_to_keep=1):
                for key in met(groups):
                    value = value_of(place(model, family, *key), key[0])
                    for row, cell in groups[key]:
                        edit(value, row, cell, sources)
                logits = model.lm_head.output[:, -1].save()
            values += kl(clean, logits)
        return values

    return run


if __name__ == "__main__":
    serve(make, f"nnsight {version('nnsight')}, transformers {version('transformers')}")
