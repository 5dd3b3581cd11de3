"""Converting tensors to values and back, and what the tap leaves behind."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from neuronscope.errors import RunFailed
from neuronscope.hooks.attention import eager_attention, watched
from neuronscope.hooks.index import entry_mask
from neuronscope.hooks.points import Point, raw_with, value_in
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import Tapped, tap
from neuronscope.models.forward import forward
from tests.hooks.inner import IDS, host, run

MODULE = nn.Identity()
SHUFFLED = torch.tensor([5, 0, 7, 2])
POINTS = {
    "plain": (Point(MODULE, "out"), (2, 3, 8)),
    "scaled": (Point(MODULE, "out", scale=0.3), (2, 3, 8)),
    "columns": (Point(MODULE, "out", columns=SHUFFLED), (2, 3, 8)),
    "scaled columns": (Point(MODULE, "out", scale=0.3, columns=SHUFFLED), (2, 3, 8)),
    "heads": (Point(MODULE, "out"), (2, 3, 4, 2)),
    "heads first": (Point(MODULE, "out", heads_first=True), (2, 4, 3, 2)),
    "columns of heads": (Point(MODULE, "out", columns=SHUFFLED, heads_first=True), (2, 4, 3, 2)),
    "behind a stream": (Point(MODULE, "out", scale=0.3, base=nn.Identity()), (2, 3, 8)),
}


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("strided", [False, True])
def test_what_is_written_is_read_and_the_rest_keeps_its_bits(name, strided):
    point, shape = POINTS[name]
    torch.manual_seed(0)
    raw = torch.randn(shape)
    if strided:
        raw = raw.transpose(1, 2).contiguous().transpose(1, 2)
    base = torch.randn(2, 3, 8) if point.base is not None else None
    value = value_in(point, raw, base)
    assert value.shape == (2, 3, 4 if point.columns is not None else 8)
    assert torch.equal(raw_with(point, raw, value, value.clone(), base), raw)
    new = value.clone()
    new[1, 2, 1] = 7.0
    written = raw_with(point, raw, value, new, base)
    assert written.shape == raw.shape and written.stride() == raw.stride()
    assert int((written != raw).sum()) == 1
    again = value_in(point, written, base)
    assert (again - new).abs().max() < 1e-6
    assert torch.equal(again == value, new == value)


def test_keys_are_selected_inside_each_heads_block():
    mask = entry_mask(2, 6, positions=(1,), heads=(1,), neurons=None, n_heads=2, keys=(0, 2))
    assert mask.int().tolist() == [[0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1]]
    every = entry_mask(1, 6, positions=None, heads=None, neurons=None, n_heads=2, keys=(1,))
    assert every.int().tolist() == [[0, 1, 0, 0, 1, 0]]


def test_points_of_one_tensor_follow_each_other_as_given():
    model = host("llama")
    order = []

    def tapped(site, factor):
        def edit(value):
            order.append(site)
            return value * factor
        return Tapped((site, 1), model.point(site, 1), (edit,), capture=True)

    with tap([tapped("attn_out", 2.0), tapped("resid_mid", 3.0)]) as seen:
        forward(model.model, torch.tensor([IDS]))
    attention = run(model, "attn_out", 1)[1]
    before = run(model, "resid_pre", 1)[1]
    assert order == ["attn_out", "resid_mid"]
    assert torch.equal(seen["resid_mid", 1][0], before + 2 * attention)


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "gpt_neox"])
@pytest.mark.parametrize("site", ["q", "k", "v", "pattern", "resid_mid"])
def test_rows_of_a_batch_and_a_suffix_are_edited_as_alone(family, site):
    """Positions from 3 on, behind cached keys, each row with its own edit."""
    from transformers import DynamicCache

    model = host(family)
    if (site, 1) not in model.layout.points:
        pytest.skip("a parallel block has no stream between")
    start, width = 3, run(model, site, 1)[1].shape[-1]
    ids = torch.tensor([IDS])
    with eager_attention(model.model):
        cache = DynamicCache(config=model.model.config.get_text_config())
        forward(model.model, ids[:, :start], cache)
        cache.batch_repeat_interleave(3)

        def edit(value):
            assert value.shape[:2] == (3, len(IDS) - start)
            new = value.clone()
            new[1, -1, :width // 2] *= -1
            new[2, 0] = 0
            return new

        with tap([Tapped((site, 1), model.point(site, 1), (edit,))]):
            rows = forward(model.model, ids[:, start:].expand(3, -1), cache)

        def last(act):
            act[-1, :width // 2] *= -1

        def first(act):
            act[start] = 0

        for row, alone in enumerate((None, last, first)):
            expected = run(model, site, 1, alone)[0][start:]
            assert (rows[row] - expected).abs().max() < 1e-5


def test_a_pattern_outside_eager_attention_is_an_error():
    model = host("llama")
    with pytest.raises(RunFailed, match="eager"), \
            tap([Tapped(("pattern", 0), model.point("pattern", 0), capture=True)]):
        forward(model.model, torch.tensor([IDS]))


def test_a_pattern_that_is_never_formed_is_an_error():
    model = host("llama")
    attention = model.layout.branches[0].attention

    def stub(hidden_states, **kwargs):
        return hidden_states, None

    with pytest.raises(RunFailed, match=r"pattern\.0 fired 0 times"), \
            eager_attention(model.model), swapped({attention: stub}), \
            tap([Tapped(("pattern", 0), model.point("pattern", 0), capture=True)]):
        forward(model.model, torch.tensor([IDS]))


def census(model) -> tuple:
    """Everything that an experiment changes for its duration."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    modules = list(model.modules())
    return (
        sum(len(each._forward_hooks) + len(each._forward_pre_hooks) for each in modules),
        sum("forward" in each.__dict__ for each in modules),
        dict(ALL_ATTENTION_FUNCTIONS._local_mapping), dict(ALL_ATTENTION_FUNCTIONS),
        [each.config._attn_implementation for each in modules if hasattr(each, "config")],
        model.config._attn_implementation)


@pytest.mark.parametrize("family", ["llama", "gemma3", "gpt2"])
def test_nothing_is_left_behind(family):
    model = host(family)
    before = census(model.model)

    def fail(act):
        raise ValueError("an edit that fails")

    for site in ("q", "pattern", "resid_mid"):
        run(model, site, 1, lambda act: act.mul_(2))
        with pytest.raises(ValueError, match="an edit that fails"):
            run(model, site, 1, fail)
        assert census(model.model) == before


def test_what_a_user_registered_is_called_and_stays():
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    model = host("llama").model
    called = []

    def mine(module, *args, **kwargs):
        called.append(module)
        return ALL_ATTENTION_FUNCTIONS._global_mapping["sdpa"](module, *args, **kwargs)

    ALL_ATTENTION_FUNCTIONS["sdpa"] = mine
    try:
        seen = []
        with watched(model.modules(), seen.append):
            forward(model, torch.tensor([IDS]))
        assert len(called) == len(seen) == 3 and ALL_ATTENTION_FUNCTIONS["sdpa"] is mine
    finally:
        del ALL_ATTENTION_FUNCTIONS["sdpa"]


def test_two_threads_watch_their_own_models_and_leave_in_any_order():
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    before = dict(ALL_ATTENTION_FUNCTIONS)
    inside, leave = threading.Event(), threading.Event()
    seen: dict[str, list] = {"llama": [], "gpt2": []}

    def other():
        with watched(host("gpt2").model.modules(), seen["gpt2"].append):
            inside.set()
            leave.wait(30)
            forward(host("gpt2").model, torch.tensor([IDS]))

    thread = threading.Thread(target=other)
    with watched(host("llama").model.modules(), seen["llama"].append):
        thread.start()
        assert inside.wait(30)
        forward(host("llama").model, torch.tensor([IDS]))
    leave.set()
    thread.join()
    for family, calls in seen.items():
        own = [call for call in calls if call.module in set(host(family).model.modules())]
        assert len(own) == 3
    assert dict(ALL_ATTENTION_FUNCTIONS) == before
