"""Attention that modules compute in code of their own: what is seen of it, and edited."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from neuronscope.hooks.attention import eager_attention, reweighted, watched
from neuronscope.hooks.tap import Tapped, tap
from neuronscope.models.forward import forward
from tests.hooks.inner import IDS, host
from tests.naive_own import OWN

BATCH, HEADS, LENGTH, D = 2, 3, 5, 4


class Own(nn.Module):
    """Softmax attention over what it is given, [batch, position, 3 × heads × d], in one way."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, self.unused = way, nn.Identity()

    def forward(self, hidden):
        q, k, v = hidden.unflatten(-1, (3, HEADS, D)).permute(2, 0, 3, 1, 4)
        self.parts = q, k, v
        if self.way == "direct":
            return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        if self.way == "one dimension":
            q, k, v = (each.flatten(0, 1) for each in (q, k, v))
        self.weights = weights = self.weigh(q, k)
        if self.way == "one dimension":
            out = torch.bmm(weights, v).unflatten(0, (BATCH, HEADS))
        elif self.way == "einsum":
            out = torch.einsum("abxy,abyz->abxz", weights, v)
        else:
            out = weights @ v
        return out.transpose(1, 2)

    def weigh(self, q, k):
        scale = 1 / math.sqrt(D)
        bias = torch.linspace(-1, 1, LENGTH)
        match self.way:
            case "one dimension":
                scores = torch.baddbmm(bias.expand(len(q), LENGTH, LENGTH), q,
                                       k.transpose(1, 2), beta=1.0, alpha=scale)
                return torch.softmax(scores, dim=-1)
            case "einsum":
                return torch.einsum("bhid,bhjd->bhij", q, k).mul_(scale).softmax(-1)
            case "in place":
                scores = torch.matmul(q, k.transpose(-1, -2))
                scores *= scale
                scores += bias
                return nn.Softmax(dim=3)(scores.float()).to(q.dtype)
        scores = torch.where(bias > 0.9, -1e4, q @ k.transpose(-1, -2) / scale)
        return functional.dropout(functional.softmax(scores, dim=-1), 0.5, training=False)


class Outer(nn.Module):
    """A module around another, with products and a softmax that are no attention."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.router = inner, nn.Linear(3 * HEADS * D, 4)

    def forward(self, hidden):
        routed = torch.softmax(self.router(hidden), dim=-1).unsqueeze(-2) @ torch.ones(4, 1)
        over_queries = torch.softmax(hidden @ hidden.transpose(1, 2), dim=1) @ hidden
        return self.inner(hidden) + 0 * (routed.sum() + over_queries.sum())


FORMED = ("masked", "in place", "einsum", "one dimension")
"""Ways that form probabilities; `direct` does not."""
WAYS = (*FORMED, "direct")


@pytest.fixture(params=WAYS)
def model(request):
    torch.manual_seed(0)
    return Outer(Own(request.param)).eval()


@pytest.fixture
def hidden():
    return torch.randn(BATCH, LENGTH, 3 * HEADS * D, generator=torch.Generator().manual_seed(1))


def test_every_way_of_writing_attention_is_seen_once_with_its_own_numbers(model, hidden):
    calls = []
    with watched(model.modules(), calls.append):
        output = model(hidden)
    call, = calls
    own = model.inner
    assert call.module is own
    for seen, mine in zip((call.query, call.key, call.value), own.parts, strict=True):
        assert torch.equal(seen, mine)
    assert torch.allclose(call.output, output)
    if own.way == "direct":
        assert call.weights is None
    else:
        assert torch.equal(call.weights, own.weights.view(BATCH, HEADS, LENGTH, LENGTH))


@pytest.mark.parametrize("model", FORMED, indirect=True)
def test_other_probabilities_weigh_the_same_values(model, hidden):
    new = torch.rand(BATCH, HEADS, LENGTH, LENGTH)
    with watched(model.modules(), lambda call: reweighted(call, new)):
        edited = model(hidden)
    expected = torch.einsum("bhqk,bhkd->bqhd", new, model.inner.parts[2])
    assert torch.allclose(edited, expected, atol=1e-6)


def test_looking_changes_no_bit_and_leaves_nothing(model, hidden):
    clean = model(hidden)
    with watched(model.modules(), lambda call: None):
        assert torch.equal(model(hidden), clean)
    assert not any("forward" in module.__dict__ for module in model.modules())
    assert torch.equal(model(hidden), clean)

    def fail(call):
        raise ValueError("a watcher that fails")

    with pytest.raises(ValueError, match="a watcher that fails"), watched(model.modules(), fail):
        model(hidden)
    assert not any("forward" in module.__dict__ for module in model.modules())
    assert torch.equal(model(hidden), clean)


def test_two_who_watch_see_one_call_each_and_an_edit_of_one_stays(hidden):
    model, seen = Outer(Own("masked")).eval(), []

    def look(call):
        seen.append("look")

    def double(call):
        seen.append("double")
        return call.output * 2

    clean = model(hidden)
    for first, second in ((look, double), (double, look)):
        seen.clear()
        with watched(model.modules(), first), watched(model.modules(), second):
            assert torch.allclose(model(hidden), 2 * clean)
        assert sorted(seen) == ["double", "look"]


@pytest.mark.parametrize("family", sorted(OWN))
def test_patterns_are_the_attentions_that_the_family_itself_gives(family):
    model = host(family)
    ids = torch.tensor([IDS])
    layers = [layer for layer in range(3) if ("pattern", layer) in model.layout.points]
    with eager_attention(model.model):
        with tap([Tapped(("pattern", layer), model.point("pattern", layer), capture=True)
                  for layer in layers]) as seen:
            forward(model.model, ids)
        with torch.no_grad():
            given = model.model(input_ids=ids, output_attentions=True, use_cache=False).attentions
    for layer in layers:
        mine = seen["pattern", layer][0].view(len(IDS), 4, len(IDS)).transpose(0, 1)
        assert torch.equal(mine, given[layer].reshape(mine.shape))
