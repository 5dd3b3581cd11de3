"""What discovery and certification say of each site, for developers.

    python -m tests.conformance.survey              every type, some minutes
    python -m tests.conformance.survey llama bert   these, seconds
"""

from __future__ import annotations

import sys
import time

import torch

from neuronscope.errors import NeuronScopeError
from neuronscope.models.certify import certify
from neuronscope.models.layout import discover
from neuronscope.models.text import text_side
from tests.conformance.zoo import build, entry, names, probe, quiet


def line(name: str) -> str:
    """One type: its sizes, and per refused site the layers that have it and the reason."""
    expected = entry(name).unbuilt
    if expected:
        return f"NOT BUILT {expected}"
    model = build(name)
    with quiet():
        try:
            model = text_side(model)
            layout = discover(model, probe(model))
            reports = certify(model, layout, probe(model))
        except NeuronScopeError as refusal:
            return f"REFUSED {refusal}"
    scales = {round(point.scale, 4) for point in layout.points.values() if point.scale != 1}
    told = [f"{len(layout.layers)} layers, {layout.n_heads} heads, {layout.n_kv_heads} kv, "
            f"d_head {layout.d_head}, d_mlp {layout.d_mlp}", f"scales {scales}" if scales else ""]
    told += [f"\n    {each.site:<10} {list(each.layers) or '-'} {each.reason}"
             for each in reports if each.reason]
    return " ".join(told)


def main(wanted: list[str]) -> None:
    torch.set_num_threads(1)
    for name in wanted or names():
        started = time.perf_counter()
        try:
            told = line(name)
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, ImportError,
                IndexError, AssertionError, NotImplementedError) as error:
            told = f"RAW ERROR {type(error).__name__}: {str(error)[:300]}"
        print(f"{name}: {told}  ({time.perf_counter() - started:.1f} s)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
