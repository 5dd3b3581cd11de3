"""A capture is what a raw forward with one hook sees, to the bit; and keeps nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from neuronscope.engine.session import Model
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Add, Patch, Unembed, Zero
from neuronscope.spec.target import SITES, Target
from tests.naive import hooked_logits, value_at
from tests.naive_inner import INNER, inner_value
from tests.tiny import N_LAYERS, PROMPT, SOURCE, site_module

HEADS, N = 4, 6
NAIVE_SITES = ["embed", "resid_pre", "z", "attn_out", "mlp_act", "mlp_out", "resid_post",
               "final_norm"]
HEADED = ("q", "k", "v", "z")


def ids_of(model: Model, prompt: str = PROMPT) -> list[int]:
    return [token.id for token in model.tokens(prompt)]


def layer_of(site: str, layer: int) -> int | None:
    return layer if "layer" in SITES[site].axes else None


def name_of(site: str, layer: int) -> str:
    return site if layer_of(site, layer) is None else f"{site}.{layer}"


def naive(model: Model, family: str, site: str, layer: int) -> np.ndarray:
    """The raw value, [position, (head,) width]."""
    at = inner_value if site in INNER else value_at
    value = at(model.host.model, family, ids_of(model), site, layer).numpy()
    if site == "pattern":
        return value.reshape(N, HEADS, N).swapaxes(0, 1)
    return value.reshape(N, model.info.heads_of(site), -1) if site in HEADED else value


@pytest.mark.parametrize("site", [*NAIVE_SITES, *INNER])
def test_every_layer_is_what_a_hook_sees(model, family, site):
    if (site, family) == ("resid_mid", "gpt_neox"):
        pytest.skip("its branches are parallel: there is no stream between them")
    found = model.capture(Capture(prompt=PROMPT, targets=[Target(site)]))
    layers = range(N_LAYERS) if "layer" in SITES[site].axes else [0]
    assert list(found.arrays) == [name_of(site, layer) for layer in layers]
    for layer in layers:
        got = found.arrays[name_of(site, layer)]
        assert np.array_equal(got, naive(model, family, site, layer))
        assert got.dtype == np.float32


@pytest.mark.parametrize("chosen, index", [
    ({"position": 2}, np.s_[2:3]),
    ({"position": -1}, np.s_[5:6]),
    ({"position": [4, 1]}, np.s_[[1, 4]]),
    ({"position": [1, 2, 3]}, np.s_[1:4]),
])
@pytest.mark.parametrize("site", NAIVE_SITES)
def test_positions(model, family, site, chosen, index):
    target = Target(site, layer=layer_of(site, 1), **chosen)
    found = model.capture(Capture(prompt=PROMPT, targets=[target]))
    assert np.array_equal(found.arrays[name_of(site, 1)], naive(model, family, site, 1)[index])


@pytest.mark.parametrize("head, position", [(0, None), (-1, 3), ([0, 2], None), ([3, 1], [0, -1]),
                                            ([0, 1, 3], [0, 2, 5]), (2, [0, 2, 5])])
def test_heads(model, family, head, position):
    found = model.capture(Capture(prompt=PROMPT, targets=[
        Target("z", layer=1, head=head, position=position)]))
    rows, columns = ([index % size for index in sorted(
        each % size for each in (axis if isinstance(axis, list) else [axis]))]
        if axis is not None else list(range(size))
        for axis, size in ((position, N), (head, HEADS)))
    whole = naive(model, family, "z", 1)
    assert np.array_equal(found.arrays["z.1"], whole[np.ix_(rows, columns)])
    (entry,) = found.data.entries
    assert entry.dims == ("position", "head", "d_head")
    assert (list(entry.indices("position")), list(entry.indices("head"))) == (rows, columns)
    assert entry.coords["d_head"] is None and entry.coords["head"] == tuple(columns)


@pytest.mark.parametrize("chosen", [
    {}, {"head": 2}, {"position": -1}, {"key": 0}, {"head": [0, 3], "key": [0, 2]},
    {"head": 1, "position": [1, 4], "key": [0, 1]}, {"position": [0, 2], "key": [0, 4]}])
def test_patterns(model, family, chosen):
    found = model.capture(Capture(prompt=PROMPT, targets=[Target("pattern", layer=1, **chosen)]))
    (entry,) = found.data.entries
    assert entry.dims == ("head", "position", "key")
    whole = naive(model, family, "pattern", 1)
    rows = np.ix_(*(entry.indices(dim) for dim in entry.dims))
    assert np.array_equal(found.arrays["pattern.1"], whole[rows])
    assert np.allclose(whole.sum(axis=-1), 1, atol=1e-5)
    assert found.data.model.attention == "eager"
    switched = [] if model.info.attention == "eager" else ["eager-attention"]
    assert [note.code for note in found.data.warnings] == switched
    assert model.host.model.config._attn_implementation == model.info.attention


@pytest.mark.parametrize("site", ["q", "k", "v"])
def test_key_value_heads_are_those_of_their_site(model, family, site):
    last = model.info.heads_of(site) - 1
    found = model.capture(Capture(prompt=PROMPT, targets=[
        Target(site, layer=1, head=-1, position=[0, 3])]))
    entry = found.data.entries[0]
    assert list(entry.indices("head")) == [last]
    assert np.array_equal(found.arrays[f"{site}.1"],
                          naive(model, family, site, 1)[np.ix_([0, 3], [last])])
    assert entry.n_bytes == found.data.n_bytes == 4 * found.arrays[f"{site}.1"].size


@pytest.mark.parametrize("neuron, position", [(7, 3), ([0, 5, -1], None), ([0, 5, 47], [1, 4])])
def test_neurons(model, family, neuron, position):
    found = model.capture(Capture(prompt=PROMPT, targets=[
        Target("mlp_act", layer=1, neuron=neuron, position=position)]))
    entry = found.data.entries[0]
    whole = naive(model, family, "mlp_act", 1)
    picked = whole[np.ix_(entry.indices("position"), entry.indices("neuron"))]
    assert np.array_equal(found.arrays["mlp_act.1"], picked)
    assert found.data.n_bytes == picked.nbytes == entry.n_bytes


def test_everything_at_once_in_the_order_of_the_forward(llama):
    found = llama.capture(Capture(prompt=PROMPT, targets=[Target(site) for site in NAIVE_SITES]))
    names = list(found.arrays)
    assert names[0] == "embed" and names[-1] == "final_norm"
    assert names.index("resid_post.0") < names.index("resid_pre.1")
    for site in NAIVE_SITES:
        assert np.array_equal(found.arrays[name_of(site, 2)], naive(llama, "llama", site, 2))
    for layer in range(N_LAYERS - 1):
        assert np.array_equal(found.arrays[f"resid_post.{layer}"],
                              found.arrays[f"resid_pre.{layer + 1}"])


def test_one_forward_runs_and_computes_one_row_of_logits(llama, monkeypatch):
    seen = []
    handle = llama.host.layout.unembed.register_forward_hook(
        lambda module, args, output: seen.append(tuple(args[0].shape)))
    try:
        llama.capture(Capture(prompt=PROMPT, targets=[Target("z"), Target("final_norm")]))
    finally:
        handle.remove()
    assert len(seen) == 1
    assert "forward" not in llama.host.layout.unembed.__dict__


@pytest.mark.parametrize("site", NAIVE_SITES)
def test_under_an_edit_values_are_those_of_the_edited_forward(model, family, site):
    hf, ids = model.host.model, ids_of(model)
    source = value_at(hf, family, ids_of(model, SOURCE), "resid_pre", 1)
    kept = []

    def patch(value):
        value[0, 3] = source[3]
        return value

    def keep(value):
        kept.append(value[0].clone())
        return value

    hooked_logits(hf, ids, [(*site_module(hf, family, "resid_pre", 1), patch),
                            (*site_module(hf, family, site, 2), keep)])
    edits = [Edit(Target("resid_pre", layer=1, position=3), Patch(SOURCE))]
    found = model.capture(Capture(
        prompt=PROMPT, targets=[Target(site, layer=layer_of(site, 2))], edits=edits))
    expected = kept[0].numpy().reshape(found.arrays[name_of(site, 2)].shape)
    assert np.array_equal(found.arrays[name_of(site, 2)], expected)


def test_an_edited_site_is_captured_after_its_edit(model, family):
    edit = Edit(Target("mlp_out", layer=1, position=2), Zero())
    found = model.capture(Capture(prompt=PROMPT, targets=[Target("mlp_out", layer=1)],
                                  edits=[edit]))
    expected = naive(model, family, "mlp_out", 1).copy()
    expected[2] = 0
    assert np.array_equal(found.arrays["mlp_out.1"], expected)
    assert found.data.entries[0].statistics.n_zero == 32


def test_steering_moves_what_is_captured_later_and_nothing_earlier(llama):
    edit = Edit(Target("resid_post", layer=1), Add(Unembed("w17"), scale=2.0))
    targets = [Target("resid_post")]
    clean = llama.capture(Capture(prompt=PROMPT, targets=targets))
    steered = llama.capture(Capture(prompt=PROMPT, targets=targets, edits=[edit]))
    row = llama.host.model.get_output_embeddings().weight[17].detach().numpy()
    assert np.array_equal(clean.arrays["resid_post.0"], steered.arrays["resid_post.0"])
    moved = steered.arrays["resid_post.1"] - clean.arrays["resid_post.1"]
    assert np.allclose(moved, 2 * row, atol=1e-5)
    assert steered.capture_hash != clean.capture_hash


@pytest.mark.parametrize("site", NAIVE_SITES)
def test_statistics_are_numpys(model, family, site):
    found = model.capture(Capture(prompt=PROMPT, targets=[Target(site, layer=layer_of(site, 1))]))
    values = found.arrays[name_of(site, 1)].astype(np.float64)
    told, norms = found.data.entries[0].statistics, np.linalg.norm(values, axis=-1)
    pairs = [(told.mean, values.mean()), (told.std, values.std()), (told.min, values.min()),
             (told.max, values.max()), (told.mean_norm, norms.mean()),
             (told.max_norm, norms.max())]
    assert all(ours == pytest.approx(theirs, rel=1e-9, abs=1e-12) for ours, theirs in pairs)
    assert (told.n, told.n_zero, told.n_non_finite) == (values.size, (values == 0).sum(), 0)


def test_statistics_alone_keep_nothing_and_are_the_same(llama):
    targets = [Target("z"), Target("mlp_act", neuron=[1, 40])]
    with_tensors = llama.capture(Capture(prompt=PROMPT, targets=targets))
    alone = llama.capture(Capture(prompt=PROMPT, targets=targets, tensors=False), max_bytes=0)
    assert len(alone.arrays) == 0 and alone.data.n_bytes == 0
    assert alone.data.entries == with_tensors.data.entries
    assert alone.capture_hash != with_tensors.capture_hash


def test_values_that_are_not_finite_are_counted_and_left_out(llama):
    edit = Edit(Target("resid_pre", layer=1, position=2), Add(Unembed("w17"), scale=1e300))
    found = llama.capture(Capture(prompt=PROMPT, targets=[Target("resid_pre", layer=1)],
                                  edits=[edit]))
    values = found.arrays["resid_pre.1"].astype(np.float64)
    told, good = found.data.entries[0].statistics, values[np.isfinite(values)]
    assert told.n_non_finite == (~np.isfinite(values)).sum() > 0
    assert told.mean == pytest.approx(good.mean()) and told.max == good.max()
    rows = values[np.isfinite(values).all(axis=-1)]
    assert told.max_norm == pytest.approx(np.linalg.norm(rows, axis=-1).max())
    assert [note.code for note in found.data.warnings] == ["non-finite"]
    whole = llama.capture(Capture(prompt=PROMPT, edits=[edit], targets=[
        Target("resid_pre", layer=1, position=2)])).data.entries[0].statistics
    assert whole.max_norm is None and whole.mean_norm is None
