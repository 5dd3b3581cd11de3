"""Hooks written by hand on the HuggingFace model: `raw` one by one, `raw_batched` in rows."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from torch import Tensor, nn

from benchmarks.work import Cell, Runner, kl, serve

ROWS = 32


class Sites:
    """Where the parts are, in the two families of `shapes`."""

    def __init__(self, model: nn.Module) -> None:
        self.gpt2 = model.config.model_type == "gpt2"
        self.layers = model.transformer.h if self.gpt2 else model.model.layers
        self.heads = model.config.num_attention_heads

    def module(self, cell: Cell) -> tuple[nn.Module, bool]:
        """The module, and whether its input is meant."""
        layer = self.layers[cell.layer]
        attention = layer.attn if self.gpt2 else layer.self_attn
        match cell.part:
            case "attn":
                return attention, False
            case "mlp":
                return layer.mlp, False
            case "head":
                return (attention.c_proj if self.gpt2 else attention.o_proj), True
            case _:
                return layer, True


def edit(value: Tensor, row: int, cell: Cell, sources: dict[int, Tensor], heads: int) -> None:
    """Write the cell's edit into one row."""
    match cell.part:
        case "head":
            width = value.shape[-1] // heads
            value[row, :, cell.head * width:(cell.head + 1) * width] = 0
        case "resid":
            value[row, cell.position] = sources[cell.layer][cell.position]
        case _:
            value[row] = 0


def attach(sites: Sites, cells: list[Cell], sources: dict[int, Tensor]) -> list:
    """One hook per module that some of the cells edit; cell i is row i."""
    groups: dict[nn.Module, tuple[bool, list[tuple[int, Cell]]]] = {}
    for row, cell in enumerate(cells):
        module, is_input = sites.module(cell)
        groups.setdefault(module, (is_input, []))[1].append((row, cell))
    handles = []
    for module, (is_input, mine) in groups.items():
        def change(value: Tensor, mine=mine) -> Tensor:
            value = value.clone()
            for row, cell in mine:
                edit(value, row, cell, sources, sites.heads)
            return value

        def before(module, args, change=change):
            return (change(args[0]), *args[1:])

        def after(module, args, output, change=change):
            if isinstance(output, tuple):
                return (change(output[0]), *output[1:])
            return change(output)

        handles.append(module.register_forward_pre_hook(before) if is_input
                       else module.register_forward_hook(after))
    return handles


def make_with(rows: int):
    def make(folder: Path) -> Runner:
        model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
        sites = Sites(model)

        @torch.no_grad()
        def run(cells: list[Cell], base: list[int], source: list[int]) -> list[float]:
            clean = model(torch.tensor([base]), use_cache=False).logits[0, -1]
            sources: dict[int, Tensor] = {}
            if any(cell.part == "resid" for cell in cells):
                hidden = model(torch.tensor([source]), output_hidden_states=True, use_cache=False)
                sources = {layer: value[0] for layer, value in enumerate(hidden.hidden_states)}
            values: list[float] = []
            for first in range(0, len(cells), rows):
                part = cells[first:first + rows]
                handles = attach(sites, part, sources)
                batch = torch.tensor([base]).expand(len(part), -1)
                values += kl(clean, model(batch, use_cache=False).logits[:, -1])
                for handle in handles:
                    handle.remove()
            return values

        return run
    return make


if __name__ == "__main__":
    import sys

    rows = ROWS if sys.argv[3:] == ["batched"] else 1
    serve(make_with(rows), f"transformers {transformers.__version__}, torch {torch.__version__}")
