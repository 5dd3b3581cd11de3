"""pyvene: one IntervenableModel per cell, as its documentation does for sweeps.

Patched values are given as `source_representation`, so that the source prompt runs only once.
"""

from __future__ import annotations

from importlib.metadata import version

import pyvene as pv
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from benchmarks.contenders.raw import sources_of
from benchmarks.serve import Seat, serve
from benchmarks.work import Cell, Runner, kl

COMPONENTS = {"attn": "attention_output", "mlp": "mlp_output", "resid": "block_input",
              "head": "head_attention_value_output"}


def zeroing(cell: Cell) -> pv.IntervenableConfig:
    """Zero a part."""
    unit = "pos" if cell.head is None else "h"
    return pv.IntervenableConfig(representations=[pv.RepresentationConfig(
        cell.layer, COMPONENTS[cell.part], unit)], intervention_types=pv.ZeroIntervention)


def patching(cell: Cell, value: Tensor) -> pv.IntervenableConfig:
    """Put a value in place of a part's."""
    return pv.IntervenableConfig(representations=[pv.RepresentationConfig(
        cell.layer, COMPONENTS[cell.part], "pos", source_representation=value)],
        intervention_types=pv.VanillaIntervention)


def make(seat: Seat) -> Runner:
    """A runner of one cell per forward."""
    hf = AutoModelForCausalLM.from_pretrained(
        seat.folder, dtype=seat.dtype).to(seat.device).eval()

    @torch.no_grad()
    def run(cells: list[Cell], base: list[int], source: list[int], ready) -> list[float]:
        tokens = {"input_ids": torch.tensor([base], device=seat.device)}
        clean = hf(**tokens, use_cache=False).logits[0, -1]
        sources = sources_of(hf, cells, torch.tensor([source], device=seat.device))
        ready()
        values: list[float] = []
        for cell in cells:
            if cell.position is None:
                model = pv.IntervenableModel(zeroing(cell), hf)
                where = [[list(range(len(base)))]] if cell.head is None else cell.head
            else:
                value = sources[cell.part, cell.layer][cell.position]
                model = pv.IntervenableModel(patching(cell, value), hf)
                where = cell.position
            _, out = model(tokens, unit_locations={"base": where})
            values += kl(clean, out.logits[:, -1])
        return values

    return run


if __name__ == "__main__":
    serve(make, f"pyvene {version('pyvene')}, transformers {version('transformers')}")
