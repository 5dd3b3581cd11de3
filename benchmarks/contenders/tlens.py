"""TransformerLens, one `run_with_hooks` per cell (it has no batched sweep).

With eager attention, which its bridge chooses for itself.
"""

from __future__ import annotations

from importlib.metadata import version

import torch
from torch import Tensor
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.serve import Seat, serve
from benchmarks.work import Cell, Runner, kl

NAMES = {"attn": "blocks.{}.hook_attn_out", "mlp": "blocks.{}.hook_mlp_out",
         "head": "blocks.{}.attn.hook_z", "resid": "blocks.{}.hook_resid_pre"}


def make(seat: Seat) -> Runner:
    """A runner of one cell per forward."""
    hf = AutoModelForCausalLM.from_pretrained(
        seat.folder, dtype=seat.dtype, attn_implementation="eager").to(seat.device).eval()
    bridge = TransformerBridge.boot_transformers(
        str(seat.folder), hf_model=hf, tokenizer=AutoTokenizer.from_pretrained(seat.folder),
        device=seat.device, dtype=seat.dtype)

    @torch.no_grad()
    def run(cells: list[Cell], base: list[int], source: list[int], ready) -> list[float]:
        tokens = torch.tensor([base], device=seat.device)
        clean = bridge(tokens, return_type="logits", logits_to_keep=1)[0, -1]
        patched = {NAMES[cell.part].format(cell.layer)
                   for cell in cells if cell.position is not None}
        cache = {}
        if patched:
            _, cache = bridge.run_with_cache(
                torch.tensor([source], device=seat.device),
                names_filter=lambda name: name in patched)
        ready()
        values: list[float] = []
        for cell in cells:
            name = NAMES[cell.part].format(cell.layer)

            def hook(value: Tensor, hook, cell=cell, name=name) -> Tensor:
                if cell.head is not None:
                    value[:, :, cell.head] = 0
                elif cell.position is not None:
                    value[:, cell.position] = cache[name][:, cell.position]
                else:
                    value[:] = 0
                return value

            logits = bridge.run_with_hooks(tokens, fwd_hooks=[(name, hook)], return_type="logits",
                                           logits_to_keep=1)
            values += kl(clean, logits[:, -1])
        return values

    return run


if __name__ == "__main__":
    serve(make, f"transformer-lens {version('transformer-lens')}, "
                f"transformers {version('transformers')}")
