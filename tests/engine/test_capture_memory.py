"""What a capture holds in memory and writes to a file: what was asked for, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from neuronscope.engine.session import Model, load
from neuronscope.errors import CaptureSize
from neuronscope.spec.captures import Capture
from neuronscope.spec.target import Target
from tests.naive import value_at
from tests.tiny import PROMPT, build, tokenizer


def test_what_is_held_is_the_selection_and_not_the_layer():
    """The selection's own storage is left, and the layers' tensors are let go."""
    model = load(hf_model=build("llama"), tokenizer=tokenizer())
    n, alive, peak = 60, [], []

    def watch(module, args, output):
        tensor = output[0] if isinstance(output, tuple) else output
        alive.append(tensor.untyped_storage()._weak_ref())
        peak.append(sum(not torch.UntypedStorage._expired(each) for each in alive))

    layers = model.host.layout.layers
    handles = [layer.register_forward_hook(watch) for layer in layers]
    try:
        found = model.capture(Capture(prompt=[3 + i % 90 for i in range(n)], targets=[
            Target("resid_post", position=0), Target("z", head=1, position=[0, 5, 9]),
            Target("mlp_act", neuron=[1, 30], position=[2, 5, 9])]))
    finally:
        for handle in handles:
            handle.remove()
    assert len(peak) == len(layers)
    assert max(peak) <= 2  # the layer that ran, and the one before it that fed it
    assert all(torch.UntypedStorage._expired(each) for each in alive)
    held = sum(_base(array).nbytes for array in found.arrays.values())
    assert held == found.data.n_bytes == 4 * len(layers) * (32 + 3 * 8 + 3 * 2)


def _base(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@pytest.mark.parametrize("most, fits", [(4 * 3 * 6 * 32, True), (4 * 3 * 6 * 32 - 1, False)])
def test_the_size_is_known_and_refused_before_anything_runs(llama, monkeypatch, most, fits):
    spec = Capture(prompt=PROMPT, targets=[Target("resid_post")])
    if fits:
        assert llama.capture(spec, max_bytes=most).data.n_bytes == most
        return
    monkeypatch.setattr("neuronscope.engine.capturing.run_forward", None)
    with pytest.raises(CaptureSize, match="keep 2,304 bytes; allowed are 2,303") as caught:
        llama.capture(spec, max_bytes=most)
    assert caught.value.pointer == "/targets" and "max_capture" in caught.value.hint


def test_a_size_that_is_not_known_beforehand_is_refused_in_the_hook(llama, monkeypatch):
    info = llama.info.model_copy(update={"d_mlp": None})
    blind = Model(type(llama.host)(llama.host.model, llama.host.layout, llama.host.tokenizer, info))
    spec = Capture(prompt=PROMPT, targets=[Target("mlp_act")])
    assert blind.capture(spec, max_bytes=3456).data.n_bytes == 3456
    with pytest.raises(CaptureSize):
        blind.capture(spec, max_bytes=3455)


def test_half_precision_keeps_its_bits_and_reads_as_float32(tmp_path):
    model = load(hf_model=build("llama").to(torch.bfloat16), tokenizer=tokenizer())
    found = model.capture(Capture(prompt=PROMPT, targets=[Target("resid_post"), Target("z")]))
    ids = [token.id for token in model.tokens(PROMPT)]
    raw = value_at(model.host.model, "llama", ids, "resid_post", 1)
    assert raw.dtype is torch.bfloat16
    assert np.array_equal(found.arrays["resid_post.1"], raw.float().numpy())
    entry = found.data.entries[0]
    assert (entry.dtype, entry.n_bytes) == ("bfloat16", 2 * 6 * 32) and "bfloat16" in entry.note
    found.to_safetensors(tmp_path / "half.safetensors")
    assert torch.equal(load_file(tmp_path / "half.safetensors")["resid_post.1"], raw)


def test_the_file_is_safetensors_and_says_what_it_is(llama, tmp_path):
    found = llama.capture(Capture(prompt=PROMPT, targets=[Target("z"), Target("embed")]))
    file = tmp_path / "some.safetensors"
    found.to_safetensors(file)
    tensors = load_file(file)
    assert {name: tensor.numpy().tolist() for name, tensor in tensors.items()} == {
        name: array.tolist() for name, array in found.arrays.items()}
    with safe_open(file, framework="pt") as opened:
        assert opened.metadata()["neuronscope.capture_hash"] == found.capture_hash
    assert [each.name for each in tmp_path.iterdir()] == ["some.safetensors"]
