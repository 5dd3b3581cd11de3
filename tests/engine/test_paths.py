"""Path patching against the recipe written out with raw hooks: freeze all but one route."""

from __future__ import annotations

import pytest
import torch

from neuronscope.engine.replay import largest_deviation
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, LogitDiff, Recovered
from neuronscope.spec.ops import Path
from neuronscope.spec.target import Target
from tests.engine.test_edits_equal_one_hook import all_logits, ids_of
from tests.engine.test_fast_sweeps import both_ways
from tests.naive import hooked_logits, value_at
from tests.tiny import N_LAYERS, PROMPT, SOURCE, site_module

HEADS = 4


class ByHand:
    """The recipe on one raw model."""

    def __init__(self, model, family: str) -> None:
        self.hf, self.family = model.host.model, family
        self.ids, source = ids_of(model, PROMPT), ids_of(model, SOURCE)
        self.clean = {(site, layer): value_at(self.hf, family, self.ids, site, layer)
                      for site in ("attn_out", "mlp_out") for layer in range(N_LAYERS)}
        self.source = {layer: value_at(self.hf, family, source, "z", layer)
                       for layer in range(N_LAYERS)}

    def first(self, layer: int, head: int, through: str, extra=()) -> torch.Tensor:
        """Logits with one head from the source and everything after it frozen."""
        def patch(value):
            width = value.shape[-1] // HEADS
            columns = slice(head * width, (head + 1) * width)
            value[0, :, columns] = self.source[layer][:, columns]
            return value

        hooks = [(*site_module(self.hf, self.family, "z", layer), patch)]
        for later in range(N_LAYERS):
            frozen = (["attn_out"] if later > layer else []) + (
                ["mlp_out"] if later >= layer and through == "nothing" else [])
            for site in frozen:
                hooks.append((*site_module(self.hf, self.family, site, later),
                              lambda value, kept=self.clean[site, later]: kept[None].clone()))
        return hooked_logits(self.hf, self.ids, [*hooks, *extra])

    def second(self, layer: int, head: int, through: str, receiver: str, at: int, columns):
        """Logits with a projection's output as it was in the first forward."""
        module = self.hf.get_submodule(f"model.layers.{at}.self_attn.{receiver}_proj")
        kept = []

        def keep(value):
            kept.append(value[0].clone())
            return value

        def put(value):
            value[0, :, columns] = kept[0][:, columns]
            return value

        self.first(layer, head, through, [(module, "out", keep)])
        return hooked_logits(self.hf, self.ids, [(module, "out", put)])


@pytest.mark.parametrize("through", ["nothing", "mlps"])
def test_a_heads_direct_effect_on_the_logits(model, family, through):
    by_hand = ByHand(model, family)
    for layer, head in ((0, 1), (1, 3), (2, 0)):
        edit = Edit(Target("z", layer=layer, head=head), Path(SOURCE, through=through))
        naive = by_hand.first(layer, head, through)[-1].double()
        assert (all_logits(model, [edit]) - naive).abs().max() < 1e-4
        assert (naive - hooked_logits(by_hand.hf, by_hand.ids)[-1]).abs().max() > 1e-3


@pytest.mark.parametrize("through", ["nothing", "mlps"])
@pytest.mark.parametrize("receiver", ["q", "k", "v"])
def test_from_head_to_head_under_grouped_queries(llama, receiver, through):
    """Query heads 2 and 3 read key-value head 1."""
    by_hand = ByHand(llama, "llama")
    receiving = 1 if receiver != "q" else 3
    columns = slice(receiving * 8, receiving * 8 + 8)
    edit = Edit(Target("z", layer=0, head=2), Path(
        SOURCE, to=[Target(receiver, layer=2, head=receiving)], through=through))
    naive = by_hand.second(0, 2, through, receiver, 2, columns)[-1].double()
    ours = all_logits(llama, [edit])
    assert (ours - naive).abs().max() < 1e-4
    assert (naive - hooked_logits(by_hand.hf, by_hand.ids)[-1]).abs().max() > 1e-3


@pytest.mark.parametrize("through", ["nothing", "mlps"])
@pytest.mark.parametrize("to", ["logits", "one", "several", "leaving", "own layer"])
def test_fast_paths_equal_two_forwards_each(model, to, through):
    receivers = {"logits": None, "one": [Target("resid_pre", layer=2, position=[2, 5])],
                 "several": [Target("attn_out", layer=1), Target("mlp_out", layer=2)],
                 "leaving": [Target("resid_post", layer=1)],
                 "own layer": [Target("mlp_act", layer=0, neuron=[3, 5]),
                               Target("resid_post", layer=0, position=[1, 4])]}[to]
    op = Path(SOURCE, to=receivers, through=through)
    for sites, axes in ((["z"], {"layers": "all", "heads": "all"}),
                        (["mlp_out", "attn_out"], {"layers": "all", "positions": [1, 5]})):
        found = both_ways(model, Sweep(prompt=PROMPT, op=op, over=Over(sites=sites, **axes),
                                       metrics=[KL(), KL(position=3)]))
        assert max(largest_deviation(*pair) for pair in found.values()) <= 1e-4
        assert len({float(alone.sum()) for _, alone in found.values()}) > 2


def test_a_sender_behind_its_receiver_changes_nothing(llama):
    op = Path(SOURCE, to=[Target("resid_pre", layer=1)])
    grid = llama.sweep(Sweep(prompt=PROMPT, op=op, over=Over(
        sites=["z"], layers="all", heads="all"), metrics=[KL(), LogitDiff("w17", "w40")]))
    assert grid.complete and (abs(grid.values["kl"][0, 1:]) < 1e-12).all()
    assert (grid.values["kl"][0, 0] > 1e-6).all()
    alone = llama.run(Run(prompt=PROMPT, edits=[Edit(Target("z", layer=0, head=2), op)],
                          metrics=[KL()]))
    assert grid.values["kl"][0, 0, 2] == pytest.approx(alone.metrics["kl"].edited, abs=1e-5)


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_a_path_recovers_a_part_of_the_source(llama, mode):
    """Against the metric's formula, with the source read on its own prompt."""
    metric = LogitDiff("w17", "w40")
    base, source = (llama.run(Run(prompt=each, metrics=[metric])).metrics["logit_diff"].clean
                    for each in (PROMPT, SOURCE))
    grid = llama.sweep(Sweep(prompt=PROMPT, op=Path(SOURCE), mode=mode, metrics=[
        Recovered(metric), metric], over=Over(sites=["z", "mlp_out"], layers="all")))
    assert (grid.status["recovered"] == "ok").all()
    expected = (grid.values["logit_diff"] - base) / (source - base)
    assert abs(grid.values["recovered"] - expected).max() < 1e-6
