"""NeuronScope's default sweep."""

from __future__ import annotations

from pathlib import Path

from transformers import AutoModelForCausalLM, AutoTokenizer

import neuronscope as ns
from benchmarks.work import Cell, Runner, serve
from neuronscope.engine.session import Model
from neuronscope.models.load import wrap

SITES = {"attn": "attn_out", "mlp": "mlp_out", "head": "z", "resid": "resid_pre"}


def make(folder: Path) -> Runner:
    model = Model(wrap(AutoModelForCausalLM.from_pretrained(folder),
                       AutoTokenizer.from_pretrained(folder)))

    def run(cells: list[Cell], base: list[int], source: list[int]) -> list[float]:
        axes = {"layers": "all"}
        parts = list(dict.fromkeys(cell.part for cell in cells))
        if parts == ["head"]:
            axes["heads"] = "all"
        if parts == ["resid"]:
            axes["positions"] = "all"
        op = ns.Patch(source) if parts == ["resid"] else ns.Zero()
        grid = model.sweep(ns.Sweep(prompt=base, op=op, metrics=[ns.KL()], over=ns.Over(
            sites=[SITES[part] for part in parts], **axes)))
        assert grid.data.execution.startswith("fast"), grid.data.execution
        return grid.values["kl"].flatten().tolist()

    return run


if __name__ == "__main__":
    serve(make, ns.__version__)
