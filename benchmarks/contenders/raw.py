"""Hooks written by hand on the HuggingFace model, one cell per forward or many in rows.

Only the last position's logits are asked for, as a careful user would.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import transformers
from torch import Tensor, nn

from benchmarks.contenders.places import INPUTS, place, span
from benchmarks.serve import Seat, serve
from benchmarks.work import Cell, Runner, kl

Sources = dict[tuple[str, int], Tensor]
Change = Callable[[Tensor], Tensor]


def hook(module: nn.Module, part: str, change: Change):
    """Run `change` on the part's value; the hook's handle."""
    def before(module, args):
        return (change(args[0]), *args[1:])

    def after(module, args, output):
        if isinstance(output, tuple):
            return (change(output[0]), *output[1:])
        return change(output)

    return (module.register_forward_pre_hook(before) if part in INPUTS
            else module.register_forward_hook(after))


def attach(model: nn.Module, cells: list[Cell], sources: Sources) -> list:
    """One hook per module that some of the cells edit; cell i is row i."""
    family, heads = model.config.model_type, model.config.num_attention_heads
    groups: dict[tuple[str, int], list[tuple[int, Cell]]] = {}
    for row, cell in enumerate(cells):
        groups.setdefault((cell.part, cell.layer), []).append((row, cell))

    def editing(mine: list[tuple[int, Cell]]) -> Change:
        def change(value: Tensor) -> Tensor:
            value = value.clone()
            for row, cell in mine:
                if cell.head is not None:
                    value[row, :, span(cell.head, value.shape[-1], heads)] = 0
                elif cell.position is not None:
                    value[row, cell.position] = sources[cell.part, cell.layer][cell.position]
                else:
                    value[row] = 0
            return value
        return change

    return [hook(place(model, family, *key), key[0], editing(mine))
            for key, mine in groups.items()]


def sources_of(model: nn.Module, cells: list[Cell], source: Tensor) -> Sources:
    """The source prompt's values at the parts that are patched."""
    found: Sources = {}
    keys = dict.fromkeys((cell.part, cell.layer) for cell in cells if cell.position is not None)

    def keeping(key: tuple[str, int]) -> Change:
        def keep(value: Tensor) -> Tensor:
            found[key] = value[0].clone()
            return value
        return keep

    if keys:
        handles = [hook(place(model, model.config.model_type, *key), key[0], keeping(key))
                   for key in keys]
        model(source, use_cache=False, logits_to_keep=1)
        for handle in handles:
            handle.remove()
    return found


def make(seat: Seat) -> Runner:
    """A runner of `seat.rows` cells per forward."""
    model = transformers.AutoModelForCausalLM.from_pretrained(
        seat.folder, dtype=seat.dtype).to(seat.device).eval()

    @torch.no_grad()
    def run(cells: list[Cell], base: list[int], source: list[int], ready) -> list[float]:
        tokens = torch.tensor([base], device=seat.device)
        clean = model(tokens, use_cache=False, logits_to_keep=1).logits[0, -1]
        sources = sources_of(model, cells, torch.tensor([source], device=seat.device))
        ready()
        values: list[float] = []
        rows = seat.rows(len(base))
        for first in range(0, len(cells), rows):
            part = cells[first:first + rows]
            handles = attach(model, part, sources)
            batch = tokens.expand(len(part), -1)
            logits = model(batch, use_cache=False, logits_to_keep=1).logits
            values += kl(clean, logits[:, -1])
            for handle in handles:
                handle.remove()
        return values

    return run


if __name__ == "__main__":
    serve(make, f"transformers {transformers.__version__}")
