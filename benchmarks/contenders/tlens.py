"""TransformerLens, one `run_with_hooks` per cell (it has no batched sweep)."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.work import Cell, Runner, kl, serve

NAMES = {"attn": "blocks.{}.hook_attn_out", "mlp": "blocks.{}.hook_mlp_out",
         "head": "blocks.{}.attn.hook_z", "resid": "blocks.{}.hook_resid_pre"}


def make(folder: Path) -> Runner:
    hf = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    bridge = TransformerBridge.boot_transformers(
        str(folder), hf_model=hf, tokenizer=AutoTokenizer.from_pretrained(folder), device="cpu")

    @torch.no_grad()
    def run(cells: list[Cell], base: list[int], source: list[int]) -> list[float]:
        tokens = torch.tensor([base])
        clean = bridge(tokens, return_type="logits")[0, -1]
        cache = {}
        if any(cell.part == "resid" for cell in cells):
            _, cache = bridge.run_with_cache(
                torch.tensor([source]), names_filter=lambda name: name.endswith("resid_pre"))
        values: list[float] = []
        for cell in cells:
            name = NAMES[cell.part].format(cell.layer)

            def hook(value: Tensor, hook, cell=cell, name=name) -> Tensor:
                if cell.part == "head":
                    value[:, :, cell.head] = 0
                elif cell.part == "resid":
                    value[:, cell.position] = cache[name][:, cell.position]
                else:
                    value[:] = 0
                return value

            logits = bridge.run_with_hooks(tokens, fwd_hooks=[(name, hook)], return_type="logits")
            values += kl(clean, logits[:, -1])
        return values

    return run


if __name__ == "__main__":
    serve(make, f"transformer-lens {version('transformer-lens')}")
