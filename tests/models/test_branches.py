"""What branches add, in layers that are not attention and an MLP: against the raw model with
that branch taken out of it."""

from __future__ import annotations

import pytest
import torch
import transformers as tf
from torch import nn

from neuronscope import errors
from neuronscope.engine.session import load
from neuronscope.hooks.tap import Tapped, tap
from neuronscope.models.forward import forward
from neuronscope.models.layout import discover
from neuronscope.models.load import probe_ids
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.ops import Path
from neuronscope.spec.target import Target
from tests.families.family import GROUPED, WIDE
from tests.families.hybrids import MAMBA
from tests.naive import hooked_logits
from tests.tiny import PROMPT, SOURCE, VOCAB, build, tokenizer

IDS = probe_ids(VOCAB, torch.device("cpu"))
OTHER_IDS = torch.tensor([[1, 40, 7, 22, 61]])


def model_of(config) -> nn.Module:
    """A random model whose norms and biases are no constants."""
    torch.manual_seed(0)
    model = tf.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def granite_experts() -> nn.Module:
    return model_of(tf.GraniteMoeHybridConfig(
        **GROUPED, **MAMBA, residual_multiplier=0.25, num_local_experts=4, num_experts_per_tok=2,
        shared_intermediate_size=24,
        layer_types=["linear_attention", "full_attention", "linear_attention"]))


def beam() -> nn.Module:
    return model_of(tf.BeamConfig(
        **WIDE, sliding_window=4, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24,
        layer_types=["sliding_attention"] * 2 + ["full_attention"], mlp_layer_types=["dense"] * 3,
        n_group=1, topk_group=1))


def edited(model: nn.Module, key, edit) -> torch.Tensor:
    """Logits of another prompt than the one that the layout was found with."""
    point = discover(model, IDS).point(*key)
    with tap([Tapped(key, point, (edit,))]):
        return forward(model, OTHER_IDS)[0]


def without(model: nn.Module, *modules: nn.Module) -> torch.Tensor:
    """Logits of the raw model in which the modules give nothing."""
    return hooked_logits(model, OTHER_IDS[0].tolist(),
                         [(module, "out", torch.zeros_like) for module in modules])


def test_experts_and_a_dense_mlp_beside_them_are_one_contribution():
    model = granite_experts()
    layer = model.model.layers[1]
    found = edited(model, ("mlp_out", 1), torch.zeros_like)
    expected = without(model, layer.block_sparse_moe, layer.shared_mlp)
    assert (found - expected).abs().max() < 1e-5
    assert (found - without(model, layer.block_sparse_moe)).abs().max() > 1e-3
    assert discover(model, IDS).points["attn_out", 1].scale == 0.25


def test_what_is_added_to_a_multiplied_stream_is_the_product_with_the_branches_own_number():
    model = beam()
    layout = discover(model, IDS)
    for layer in range(3):
        place = 2 * (layer + 1)
        assert layout.points["attn_out", layer].scale == pytest.approx(place ** -0.5, abs=1e-5)
        assert layout.points["mlp_out", layer].scale == pytest.approx((place + 1) ** -0.5, abs=1e-5)
    found = edited(model, ("mlp_out", 1), torch.zeros_like)
    assert torch.equal(found, without(model, model.model.layers[1].post_feedforward_layernorm))


@pytest.mark.parametrize("scalar", [1.0, 0.7])
def test_a_layer_that_multiplies_the_whole_stream_keeps_its_contributions(scalar):
    model = build("gemma4_text")
    for layer in model.model.layers:
        layer.layer_scalar.fill_(scalar)
    for site, name in (("attn_out", "post_attention_layernorm"),
                       ("mlp_out", "post_feedforward_layernorm")):
        module = getattr(model.model.layers[1], name)
        found = edited(model, (site, 1), torch.zeros_like)
        assert (found - without(model, module)).abs().max() < 1e-5
    assert not any(branches.carried for branches in discover(model, IDS).branches)


@pytest.mark.parametrize("multiplier", [0.5, 0.22])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_multiplier_is_the_number_that_the_layer_has(dtype, multiplier):
    model = model_of(tf.GraniteConfig(**GROUPED, residual_multiplier=multiplier)).to(dtype)
    layout = discover(model, IDS)
    keys = [(site, 1) for site in ("resid_pre", "attn_out", "mlp_out", "resid_post")]
    assert {layout.points[key].scale for key in keys[1:3]} == {multiplier}
    with tap([Tapped(key, layout.points[key], capture=True) for key in keys]) as seen:
        forward(model, OTHER_IDS)
    before, attn, mlp, after = (seen[key] for key in keys)
    assert torch.equal(before + attn + mlp, after)


@pytest.mark.parametrize("branch", ["self_attn.o_proj", "mlp.down_proj"])
def test_a_branch_that_gives_nothing_is_not_misread(branch):
    model = build("llama")
    nn.init.zeros_(model.get_submodule(f"model.layers.1.{branch}").weight)
    layout = discover(model, IDS)
    own = {"attn_out": "self_attn", "mlp_out": "mlp"}
    for site, name in own.items():
        if name != branch.split(".")[0]:
            assert layout.points[site, 1].module is getattr(model.model.layers[1], name)
            assert layout.points[site, 1].scale == 1.0


@pytest.mark.parametrize("family", ["falcon_h1", "gemma4_text", "doge", "bert"])
def test_a_path_is_refused_where_the_stream_is_more_than_a_sum(family):
    model = load(hf_model=build(family), tokenizer=tokenizer())
    with pytest.raises(errors.UnsupportedTarget, match="does more to it"):
        model.run(Run(prompt=PROMPT, edits=[Edit(
            Target("z", layer=0, head=1), Path(source_prompt=SOURCE, to=None))]))


def test_a_path_leads_through_layers_of_one_branch():
    model = load(hf_model=build("nemotron_h"), tokenizer=tokenizer())
    result = model.run(Run(prompt=PROMPT, edits=[Edit(
        Target("attn_out", layer=0), Path(source_prompt=SOURCE, to=None))]))
    layers = model.host.model.model.layers
    ids, source = ([token.id for token in model.tokens(text)] for text in (PROMPT, SOURCE))
    kept: dict[str, torch.Tensor] = {}

    def keep(name):
        def look(value):
            kept[name] = value.clone()
            return value
        return look

    hooked_logits(model.host.model, source, [(layers[0].mixer, "out", keep("sent"))])
    hooked_logits(model.host.model, ids, [(layers[1].mixer, "out", keep("mlp")),
                                          (layers[2].mixer, "out", keep("mamba"))])
    expected = hooked_logits(model.host.model, ids, [
        (layers[0].mixer, "out", lambda value: kept["sent"]),
        (layers[1].mixer, "out", lambda value: kept["mlp"]),
        (layers[2].mixer, "out", lambda value: kept["mamba"])])[-1]
    clean = hooked_logits(model.host.model, ids)[-1]
    p, q = (logits.double().log_softmax(-1) for logits in (clean, expected))
    kl = float((p.exp() * (p - q)).sum())
    assert kl > 1e-3
    assert result.metrics["kl"].edited == pytest.approx(kl, rel=1e-6)
