"""nnsight: one trace per cell, or (`batched`) many invokes in one trace, its best way."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import torch
from nnsight import LanguageModel
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.work import Cell, Runner, kl, serve

ROWS = 32


def make_with(rows: int):
    def make(folder: Path) -> Runner:
        hf = AutoModelForCausalLM.from_pretrained(folder).eval()
        model = LanguageModel(hf, tokenizer=AutoTokenizer.from_pretrained(folder))
        gpt2 = hf.config.model_type == "gpt2"
        layers = model.transformer.h if gpt2 else model.model.layers
        heads = hf.config.num_attention_heads

        def apply(cell: Cell, sources: list[Tensor]) -> None:
            layer = layers[cell.layer]
            attention = layer.attn if gpt2 else layer.self_attn
            if cell.part == "attn":
                attention.output[0][:] = 0
            elif cell.part == "mlp":
                layer.mlp.output[:] = 0
            elif cell.part == "head":
                projection = attention.c_proj if gpt2 else attention.o_proj
                width = projection.input.shape[-1] // heads
                projection.input[:, :, cell.head * width:(cell.head + 1) * width] = 0
            else:
                layer.input[:, cell.position] = sources[cell.layer][cell.position]

        @torch.no_grad()
        def run(cells: list[Cell], base: list[int], source: list[int]) -> list[float]:
            clean = hf(torch.tensor([base]), use_cache=False).logits[0, -1]
            hidden = hf(torch.tensor([source]), output_hidden_states=True, use_cache=False)
            sources = [value[0] for value in hidden.hidden_states]
            values: list[float] = []
            for first in range(0, len(cells), rows):
                saved = []
                with model.trace() as tracer:
                    for cell in cells[first:first + rows]:
                        with tracer.invoke(torch.tensor([base])):
                            apply(cell, sources)
                            saved.append(model.lm_head.output[:, -1].save())
                values += kl(clean, torch.cat(list(saved)))
            return values

        return run
    return make


if __name__ == "__main__":
    rows = ROWS if sys.argv[3:] == ["batched"] else 1
    serve(make_with(rows), f"nnsight {version('nnsight')}")
