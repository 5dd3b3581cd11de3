"""Quantised models: run where their library is, refused with what to install where it is not."""

from __future__ import annotations

import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch
import transformers as tf

from neuronscope import errors
from neuronscope.engine.session import load
from neuronscope.models.quantised import NEEDS
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.ops import Patch, Zero
from neuronscope.spec.target import Target
from tests.tiny import PROMPT, SOURCE, VOCAB, save, tokenizer

needs_bitsandbytes = pytest.mark.skipif(
    find_spec("bitsandbytes") is None,
    reason="bitsandbytes is not here, so that quantised models were NOT tested; to test them: "
           "pip install -c constraints.txt -e .[quantized]")


def described(folder, **quantisation):
    path = folder / "config.json"
    path.write_text(json.dumps(
        {**json.loads(path.read_text()), "quantization_config": quantisation}))


@pytest.fixture
def folder(tmp_path):
    return save("llama", tmp_path / "tiny")


@pytest.mark.parametrize("method", sorted(NEEDS))
def test_a_method_that_cannot_run_here_is_refused_before_loading(method, folder, monkeypatch):
    module, install, wants_gpu = NEEDS[method]
    if find_spec(module) is not None:
        pytest.skip(f"the library of {method} is installed here")
    described(folder, quant_method=method, bits=4)
    monkeypatch.setattr("neuronscope.models.load.read_model", None)
    if wants_gpu and not torch.cuda.is_available():
        with pytest.raises(errors.ModelRefused, match=f"{method}, which needs a CUDA GPU"):
            load(folder, device="cpu")
        return
    with pytest.raises(errors.ModelRefused, match=f"{method}, whose library is not") as told:
        load(folder, device="cpu")
    assert told.value.hint == f"Run: pip install -U {install}"


def test_an_unknown_method_is_refused(folder):
    described(folder, quant_method="folding")
    with pytest.raises(errors.ModelRefused, match="transformers does not know"):
        load(folder, device="cpu")


def test_what_is_quantised_is_not_quantised_again(folder):
    described(folder, quant_method="hqq")
    with pytest.raises(errors.InvalidInput, match="quantised already"):
        load(folder, device="cpu", quantization="4bit")


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is here")
@pytest.mark.parametrize("bits", ["8bit", "4bit"])
def test_quantising_without_the_library_says_what_to_install(folder, bits):
    with pytest.raises(errors.ModelRefused, match="not installed") as told:
        load(folder, device="cpu", quantization=bits)
    assert "pip install -U bitsandbytes" in told.value.hint


@needs_bitsandbytes
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("bits", ["8bit", "4bit"])
def test_a_quantised_model_is_certified_and_is_another_model(bits, tmp_path):
    torch.manual_seed(0)
    source = tf.LlamaForCausalLM(tf.LlamaConfig(  # 4-bit blocks have 64 weights
        vocab_size=VOCAB, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
        initializer_range=0.2))
    source.save_pretrained(tmp_path / "whole")
    tokenizer().save_pretrained(tmp_path / "whole")
    whole = load(tmp_path / "whole", device="cpu")
    packed = load(tmp_path / "whole", device="cpu", quantization=bits)
    run = Run(prompt=PROMPT, edits=[Edit(Target("z", layer=1, head=2), Zero())])
    assert [(each.site, each.layers) for each in packed.info.sites] == [
        (each.site, each.layers) for each in whole.info.sites]
    assert packed.info.n_params == whole.info.n_params
    assert packed.info.model_digest != whole.info.model_digest
    assert packed.resolve(run).spec_hash != whole.resolve(run).spec_hash

    projection = packed.host.model.model.layers[1].self_attn.o_proj  # one hook, by hand
    ids = torch.tensor([packed.resolve(run).spec.prompt])
    clean = packed.host.model(ids).logits[0, -1].double().log_softmax(-1)
    hook = projection.register_forward_pre_hook(
        lambda module, args: (args[0].index_fill(-1, torch.arange(32, 48), 0.0),))
    edited = packed.host.model(ids).logits[0, -1].double().log_softmax(-1)
    hook.remove()
    naive = float((clean.exp() * (clean - edited)).sum())
    assert packed.run(run).metrics["kl"].edited == pytest.approx(naive, rel=1e-6)

    spec = {"prompt": PROMPT, "op": Patch(SOURCE), "over": Over(
        sites=("resid_pre", "q", "z", "mlp_act", "attn_out"), layers="all", positions="all")}
    quick, exact = (packed.sweep(Sweep(**spec, mode=mode)) for mode in ("fast", "exact"))
    assert np.nanmax(np.abs(quick.values["kl"] - exact.values["kl"])) < 1e-4

    packed.host.model.save_pretrained(tmp_path / "packed")
    tokenizer().save_pretrained(tmp_path / "packed")
    again = load(tmp_path / "packed", device="cpu")
    assert again.run(run).metrics == packed.run(run).metrics
