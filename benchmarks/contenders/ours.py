"""NeuronScope's default sweep."""

from __future__ import annotations

import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

import neuronscope as ns
from benchmarks.serve import Seat, serve
from benchmarks.work import Cell, Runner
from neuronscope.engine.session import Model
from neuronscope.models.load import wrap

SITES = {"attn": "attn_out", "mlp": "mlp_out", "head": "z", "resid": "resid_pre"}
told = ["nothing was run"]
"""How the last sweep was run, in its own words."""


def sweep(cells: list[Cell], base: list[int], source: list[int]) -> ns.Sweep:
    """The sweep that has exactly these cells, in this order."""
    parts, layers, heads, positions = (
        tuple(dict.fromkeys(getattr(cell, name) for cell in cells))
        for name in ("part", "layer", "head", "position"))
    axes = {"layers": layers}
    if heads != (None,):
        axes["heads"] = heads
    if positions != (None,):
        axes["positions"] = positions
    op = ns.Zero() if positions == (None,) else ns.Patch(source)
    return ns.Sweep(prompt=base, op=op, metrics=[ns.KL()],
                    over=ns.Over(sites=[SITES[part] for part in parts], **axes))


def make(seat: Seat) -> Runner:
    """The runner of a model that has been certified already."""
    model = Model(wrap(
        AutoModelForCausalLM.from_pretrained(seat.folder, dtype=seat.dtype).to(seat.device),
        AutoTokenizer.from_pretrained(seat.folder)))

    def run(cells: list[Cell], base: list[int], source: list[int], ready) -> list[float]:
        ready()  # what its cells share is part of the sweep
        grid = model.sweep(sweep(cells, base, source))
        told[0] = grid.data.execution
        values = grid.values["kl"].flatten().tolist()
        if len(values) != len(cells):
            raise ValueError(f"{len(cells)} cells are no grid: the sweep has {len(values)}")
        return values

    return run


if __name__ == "__main__":
    serve(make, f"neuronscope {ns.__version__}, transformers {transformers.__version__}",
          lambda: told[0])
