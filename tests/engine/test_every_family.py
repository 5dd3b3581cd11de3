"""Every site, edit and selection on every family, exact and fast, against raw forwards.

Each cell of each sweep is compared, in every logit, with the family's own code under one
hook at the module that tests/families names by hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from neuronscope.engine.scoring import Scale
from neuronscope.engine.session import Model, load
from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.ops import Add, Mean, Op, Patch, Reference, Values, Zero
from neuronscope.spec.target import SITES
from tests.families import FAMILIES
from tests.families.family import N_LAYERS
from tests.naive import edited_logits, hooked_logits, value_at
from tests.tiny import PROMPT, SOURCE, build, tokenizer

PAIRS = [(name, attention) for name, family in sorted(FAMILIES.items())
         for attention in family.attention]
OTHERS = [SOURCE, "w40 w41 w42 w43 w44"]
HEADS = 4
ALLOWED = 1e-4
GROUPS = {  # sites of one shape, and what is selected beside the layers; {}: all at once
    ("resid_pre", "attn_out", "mlp_out", "resid_post"): [{}, {"positions": [2, 5]}],
    ("embed", "final_norm"): [{}, {"positions": [5]}],
    ("z",): [{}, {"heads": [1, 3], "positions": [2]}],
    ("mlp_act",): [{}, {"neurons": [0, 12, 24], "positions": [5]}],
}
Seen = dict[tuple[str, str, int], Tensor]
"""A site's value [pos, width] by prompt, site and layer."""


def layers_of(name: str, site: str) -> list[int]:
    """Where the family has the site."""
    if "layer" not in SITES[site].axes:
        return [] if site in FAMILIES[name].refused else [0]
    return list(FAMILIES[name].refused.get(site, (range(N_LAYERS), ""))[0])


def groups(name: str) -> Iterator[tuple[list[str], list[dict[str, list[int]]]]]:
    """Sites of one shape that the family has at the same layers, and what is selected of them."""
    for group, selections in GROUPS.items():
        for layers in dict.fromkeys(tuple(layers_of(name, site)) for site in group):
            if layers:
                yield [site for site in group if layers_of(name, site) == list(layers)], selections


def sweeps(name: str, seen: Seen, brief: bool) -> Iterator[Sweep]:
    """Every operation with selected entries, two with whole layers; brief: the half of them."""
    for sites, selections in groups(name):
        layers = {"layers": layers_of(name, sites[0])} if "layer" in SITES[sites[0]].axes else {}
        width = seen[PROMPT, sites[0], layers_of(name, sites[0])[0]].shape[1]
        vector = torch.randn(width, generator=torch.Generator().manual_seed(3))
        whole, some = ({"sites": sites, **layers, **where} for where in selections)
        add = Add(Values(tuple(vector.tolist())), scale=0.7)
        wanted = [(whole, Patch(SOURCE)), (some, add)] if brief else [
            (whole, Zero()), (whole, Patch(SOURCE)),
            *((some, op) for op in (Zero(), Patch(SOURCE), Mean(Reference(OTHERS)), add))]
        for over, op in wanted:
            yield Sweep(prompt=PROMPT, op=op, over=Over(**over))


def expected(model: nn.Module, name: str, ids: list[int], sweep: Sweep, seen: Seen) -> Tensor:
    """The logits of each cell in the grid's order [cells, vocab], one raw forward each."""
    over, found = sweep.over, []
    for site, layer, head, position, neuron in itertools.product(
            over.sites, over.layers or [0], over.heads or [None], over.positions or [None],
            over.neurons or [None]):
        new = replaced(sweep.op, *(seen[each, site, layer] for each in (PROMPT, *OTHERS)))
        columns = slice(None) if neuron is None else slice(neuron, neuron + 1)
        if head is not None:
            d_head = new.shape[1] // HEADS
            columns = slice(head * d_head, (head + 1) * d_head)
        rows = slice(None) if position is None else slice(position, position + 1)

        def edit(act: Tensor, new=new, rows=rows, columns=columns) -> None:
            act[rows, columns] = new[rows, columns]

        found.append(edited_logits(model, name, ids, site, layer, edit)[-1])
    return torch.stack(found).double()


def replaced(op: Op, clean: Tensor, source: Tensor, other: Tensor) -> Tensor:
    """What the operation makes of a whole value [pos, width]."""
    match op:
        case Zero():
            return torch.zeros_like(clean)
        case Patch():
            return source
        case Mean():  # the first token of each is special: it does not count
            both = torch.cat([source[1:], other[1:]])
            return both.double().mean(0).float().expand_as(clean)
        case Add():
            return clean + (op.scale * torch.tensor(op.direction.values).double()).float()
    raise AssertionError(op)


@pytest.fixture
def every_logit(monkeypatch):
    """Runs a sweep: its cells' logits [cells, vocab], and how they were run."""
    rows: dict[int, Tensor] = {}
    plain = Scale.cells

    def keep(scale, indices, edited, tokenizer):
        rows.update(zip(indices, edited[scale.position].logits, strict=True))
        return plain(scale, indices, edited, tokenizer)

    monkeypatch.setattr(Scale, "cells", keep)

    def run(model: Model, sweep: Sweep) -> tuple[Tensor, str]:
        rows.clear()
        grid = model.sweep(sweep)
        assert grid.complete
        found = [rows[index] for index in range(len(grid.data.top))]
        return torch.stack(found), grid.data.execution

    return run


@pytest.mark.parametrize(("name", "attention"), PAIRS)
def test_every_edit_of_every_site_equals_a_raw_forward(name, attention, every_logit, deviations):
    hf = build(name, _attn_implementation=attention)
    model = load(hf_model=hf, tokenizer=tokenizer(), model_id=name)
    assert model.info.attention == attention
    ids = {text: [token.id for token in model.tokens(text)] for text in (PROMPT, *OTHERS)}
    clean = hooked_logits(hf, ids[PROMPT])[-1].double()
    seen = {(text, site, layer): value_at(hf, name, ids[text], site, layer)
            for text in ids for group in GROUPS for site in group
            for layer in layers_of(name, site)}
    worst, slow = {"exact": 0.0, "fast": 0.0}, set()
    for sweep in sweeps(name, seen, brief=attention != FAMILIES[name].attention[-1]):
        wanted = expected(hf, name, ids[PROMPT], sweep, seen)
        moved = (wanted != clean).any(dim=-1).double().mean()
        few = 0 if "mlp_act" in sweep.over.sites else 0.3  # neurons that are off stay off
        assert moved > few, (sweep.over, sweep.op)  # otherwise the comparison shows nothing
        for mode in ("exact", "fast"):
            found, told = every_logit(model, sweep.model_copy(update={"mode": mode}))
            gap = float((found - wanted).abs().max())
            assert gap <= ALLOWED, (sweep.over, sweep.op, mode, gap)
            worst[mode] = max(worst[mode], gap)
            if mode == "fast" and "one forward per cell:" in told:
                slow.add(f"{'/'.join(sweep.over.sites)}: {told}")
    deviations[f"{name} {attention}"] = (worst["exact"], worst["fast"], "; ".join(sorted(slow)))
