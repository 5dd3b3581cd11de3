"""A model in memory that computes with other numbers than a folder's has another digest."""

from __future__ import annotations

import types
from collections.abc import Callable

import pytest
import torch
from torch import nn

from neuronscope.engine.session import load
from neuronscope.errors import ModelRefused
from neuronscope.models.beside import changes
from neuronscope.spec.experiments import Run
from tests.families import FAMILIES
from tests.tiny import PROMPT, build, save, tokenizer

SPEC = Run(prompt=PROMPT)


def held(model: nn.Module):
    return load(hf_model=model, tokenizer=tokenizer())


def logits(model: nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([[1, 3, 14, 15, 9, 26]])).logits


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_model_as_its_configuration_makes_it_is_its_weights_alone(family):
    assert changes(build(family)) == {}


@pytest.mark.parametrize("family", ["gpt2", "gptj", "llama", "mpt", "qwen3"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_from_a_folder_or_in_memory_it_has_one_digest_and_one_hash(family, dtype, tmp_path):
    folder = save(family, tmp_path / family)
    one = load(folder, dtype=str(dtype).removeprefix("torch."))
    other = held(type(build(family)).from_pretrained(folder, dtype=dtype))
    if dtype == torch.float32:  # a folder's digest is of its files
        assert other.info.model_digest == one.info.model_digest
        assert other.resolve(SPEC).spec_hash == one.resolve(SPEC).spec_hash
    assert changes(other.host.model) == {} and other.info.certification == "done on this load"


def _other_frequencies(model: nn.Module) -> None:
    model.model.rotary_emb.inv_freq *= 0.5


def _other_scaling(model: nn.Module) -> None:
    model.model.layers[1].self_attn.scaling *= 2


def _other_epsilon(model: nn.Module) -> None:
    model.model.norm.variance_epsilon = 0.1


def _other_activation(model: nn.Module) -> None:
    model.model.layers[2].mlp.act_fn = nn.Tanh()


class Doubled(nn.Linear):
    """Gives twice what it should."""

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(value)


def _other_class(model: nn.Module) -> None:
    model.lm_head.__class__ = Doubled


def _half_frequencies(model: nn.Module) -> None:
    model.model.rotary_emb.inv_freq = model.model.rotary_emb.inv_freq.bfloat16()


@pytest.mark.parametrize(("change", "name"), [
    (_other_frequencies, "model.rotary_emb:inv_freq"),
    (_half_frequencies, "model.rotary_emb:inv_freq"),
    (_other_scaling, "model.layers.1.self_attn:scaling"),
    (_other_epsilon, "model.norm:variance_epsilon"),
    (_other_activation, "model.layers.2.mlp.act_fn:class"),
    (_other_class, "lm_head:class"),
])
def test_what_no_state_dict_holds_changes_digest_and_hash(
    change: Callable[[nn.Module], None], name: str
):
    plain, model = build("llama"), build("llama")
    change(model)
    assert not torch.equal(logits(plain), logits(model))
    before, after, again = held(plain), held(model), build("llama")
    change(again)
    assert after.info.model_digest != before.info.model_digest
    assert after.resolve(SPEC).spec_hash != before.resolve(SPEC).spec_hash
    assert name in after.info.certification
    assert held(again).info.model_digest == after.info.model_digest


def test_what_cannot_be_built_anew_is_digested_whole():
    plain, model = build("llama"), build("llama")
    for each in (plain, model):
        each._from_config = None
        each.__class__ = type("Own", (type(each),), {"_from_config": None})
    model.model.rotary_emb.inv_freq *= 0.5
    assert "model.rotary_emb:inv_freq" in changes(plain)
    assert held(plain).info.model_digest != held(model).info.model_digest


def test_the_random_numbers_of_the_caller_are_left_as_they_are():
    model = build("llama")
    before = torch.get_rng_state()
    changes(model)
    assert torch.equal(torch.get_rng_state(), before)


def test_hooks_and_forwards_of_the_caller_are_refused():
    model = build("llama")
    handle = model.lm_head.register_forward_hook(lambda module, args, output: output * 2)
    with pytest.raises(ModelRefused, match=r"a hook on lm_head.*part of no digest"):
        held(model)
    handle.remove()
    own = model.lm_head.forward
    model.lm_head.forward = types.MethodType(lambda self, value: own(value) * 2, model.lm_head)
    with pytest.raises(ModelRefused, match="another forward in lm_head"):
        held(model)
    del model.lm_head.forward
    assert held(model).info.certification == "done on this load"


def test_what_transformers_itself_leaves_behind_is_no_change():
    model = build("llama")
    model(torch.tensor([[1, 3]]), output_hidden_states=True)
    model.generate(torch.tensor([[1, 3]]), max_new_tokens=2, do_sample=False)
    model.activation_checkpointing_enable()
    model.enable_input_require_grads()
    model.train()
    assert held(model).info.certification == "done on this load"
