"""Runs on q, k, v, pattern and resid_mid equal raw forwards whose source was changed by hand."""

from __future__ import annotations

import pytest
import torch

from neuronscope.errors import UnsupportedTarget
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.ops import Add, Mean, Patch, Reference, Scale, Values, Zero
from neuronscope.spec.target import Target
from tests.families import FAMILIES
from tests.naive_inner import INNER, inner_logits, inner_value
from tests.tiny import PROMPT, SOURCE, VOCAB

ROWS = [2, 5]
OTHERS = [SOURCE, "w40 w41 w42 w43 w44"]


def ids_of(model, prompt: str) -> list[int]:
    return [token.id for token in model.tokens(prompt)]


def equal(model, family: str, target: Target, op, by_hand) -> None:
    """A run's logits at the last position, and the raw forward's."""
    result = model.run(Run(prompt=PROMPT, edits=[Edit(target, op)], top_k=VOCAB))
    ours = torch.empty(VOCAB)
    for each in result.edited.top:
        ours[each.id] = each.logit
    assert result.model.attention == (
        "eager" if target.site == "pattern" else model.info.attention)
    naive = inner_logits(model.host.model, family, ids_of(model, PROMPT), target.site,
                         target.layer, by_hand)[-1]
    assert (ours - naive).abs().max() < 1e-5
    clean = inner_logits(model.host.model, family, ids_of(model, PROMPT), target.site,
                         target.layer)[-1]
    assert (ours - clean).abs().max() > 1e-4  # otherwise the edit would be vacuous


@pytest.fixture(params=INNER)
def site(request, model, family):
    """A site that the family has; one that it has not, by its row, is refused by name."""
    layers, reason = FAMILIES[family].refused.get(request.param, ((1,), ""))
    if 1 not in layers:
        with pytest.raises(UnsupportedTarget) as caught:
            model.run(Run(prompt=PROMPT, edits=[Edit(Target(request.param, layer=1), Zero())]))
        assert reason in caught.value.detail
        pytest.skip(reason)
    return request.param


def test_zero(model, family, site):
    def by_hand(act):
        act[ROWS] = 0

    equal(model, family, Target(site, layer=1, position=ROWS), Zero(), by_hand)


def test_patch(model, family, site):
    source = inner_value(model.host.model, family, ids_of(model, SOURCE), site, 2)

    def by_hand(act):
        act[ROWS] = source[ROWS]

    equal(model, family, Target(site, layer=2, position=ROWS), Patch(SOURCE), by_hand)


def test_mean(model, family, site):
    values = [inner_value(model.host.model, family, ids_of(model, each), site, 1)
              for each in OTHERS]

    def by_hand(act):
        act[ROWS] = ((values[0] + values[1]) / 2)[ROWS]

    op = Mean(Reference(OTHERS), pool="per_position")
    equal(model, family, Target(site, layer=1, position=ROWS), op, by_hand)


def test_add(model, family, site):
    if site == "pattern":
        pytest.skip("probabilities have no directions")
    width = inner_value(model.host.model, family, ids_of(model, PROMPT), site, 1).shape[-1]
    vector = torch.randn(width, generator=torch.Generator().manual_seed(3))

    def by_hand(act):
        act[ROWS] += 0.7 * vector

    op = Add(Values(tuple(vector.tolist())), scale=0.7)
    equal(model, family, Target(site, layer=1, position=ROWS), op, by_hand)


@pytest.mark.parametrize("heads", [[0], [-1], [0, 1]], ids=str)
def test_heads_are_the_heads(model, family, site, heads):
    if site == "resid_mid":
        pytest.skip("the stream has no heads")
    if len(heads) == model.info.heads_of(site):
        heads = [0]
    count = model.info.heads_of(site)
    position = 1 if site in ("k", "v") else 5

    def by_hand(act):
        by_head = act.view(6, count, -1)
        by_head[position, heads] *= -2

    equal(model, family, Target(site, layer=1, head=heads, position=position), Scale(-2.0),
          by_hand)


def test_keys_are_what_a_query_reads(model, family):
    if not next(each for each in model.info.sites if each.site == "pattern").certified:
        pytest.skip("no patterns")

    def by_hand(act):
        act.view(6, 4, 6)[5, 2, [1, 4]] = 0

    equal(model, family, Target("pattern", layer=1, head=2, position=5, key=[1, -2]), Zero(),
          by_hand)

    def every_head(act):
        act.view(6, 4, 6)[:, :, 0] *= 3

    equal(model, family, Target("pattern", layer=0, key=0), Scale(3.0), every_head)


def test_zeroing_a_key_value_head_is_zeroing_what_its_group_reads(llama):
    """Half of the query heads share a value head: without it their results are zero."""
    one = llama.run(Run(prompt=PROMPT, edits=[Edit(Target("v", layer=1, head=1), Zero())]))
    two = llama.run(Run(prompt=PROMPT, edits=[Edit(Target("z", layer=1, head=[2, 3]), Zero())]))
    assert one.edited == two.edited
