"""pyvene: one IntervenableModel per cell, as its documentation does for sweeps."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pyvene as pv
import torch
from transformers import AutoModelForCausalLM

from benchmarks.work import Cell, Runner, kl, serve

COMPONENTS = {"attn": "attention_output", "mlp": "mlp_output", "resid": "block_input",
              "head": "head_attention_value_output"}


def make(folder: Path) -> Runner:
    hf = AutoModelForCausalLM.from_pretrained(folder).eval()

    def config(cell: Cell) -> pv.IntervenableConfig:
        kind = pv.VanillaIntervention if cell.part == "resid" else pv.ZeroIntervention
        unit = "h" if cell.part == "head" else "pos"
        return pv.IntervenableConfig(representations=[pv.RepresentationConfig(
            cell.layer, COMPONENTS[cell.part], unit)], intervention_types=kind)

    @torch.no_grad()
    def run(cells: list[Cell], base: list[int], source: list[int]) -> list[float]:
        tokens, other = {"input_ids": torch.tensor([base])}, {"input_ids": torch.tensor([source])}
        clean = hf(**tokens, use_cache=False).logits[0, -1]
        values: list[float] = []
        for cell in cells:
            model = pv.IntervenableModel(config(cell), hf)
            if cell.part == "resid":
                _, out = model(tokens, [other], {"sources->base": cell.position},
                               output_original_output=False)
            else:
                where = cell.head if cell.part == "head" else [[list(range(len(base)))]]
                _, out = model(tokens, unit_locations={"base": where})
            values += kl(clean, out.logits[:, -1])
        return values

    return run


if __name__ == "__main__":
    serve(make, f"pyvene {version('pyvene')}")
