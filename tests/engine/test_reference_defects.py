"""Faults seen in an earlier tool of this kind: each must stay impossible here.

Those of the server and of storage are in tests/api and tests/service.
"""

from __future__ import annotations

import json

import pytest
import torch
from pydantic import ValidationError

from neuronscope import errors
from neuronscope.engine.resolve import resolve
from neuronscope.engine.session import load
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, LogProb, Prob, Rank
from neuronscope.spec.ops import Add, Mean, Patch, Reference, Unembed, Values, Zero
from neuronscope.spec.target import Target
from tests.tiny import LONGER, PROMPT, SOURCE, build, tokenizer


def run(model, *edits, **more):
    return model.run(Run(prompt=PROMPT, edits=edits, **more))


def kl(model, *edits) -> float:
    return run(model, *edits).metrics["kl"].edited


def test_patching_a_later_position_is_not_a_no_op_and_minus_one_is_the_last(model):
    values = [kl(model, Edit(Target("resid_pre", layer=1, position=at), Patch(SOURCE)))
              for at in (1, 2, 5, -1)]
    assert min(values) > 0
    assert values[2] == values[3]


def test_add_uses_its_direction_head_and_neuron(llama):
    one, other = ([1.0] + [0.0] * 7), ([0.0] * 7 + [1.0])
    base = {"layer": 1}
    results = {kl(llama, Edit(Target("z", **base, **where), Add(Values(v), scale=5.0)))
               for v in (one, other) for where in ({"head": 0}, {"head": 1}, {})}
    assert len(results) == 6
    narrow, wide = (kl(llama, Edit(Target("mlp_act", layer=1, neuron=n), Add(
        Values([5.0] * 48)))) for n in (3, None))
    assert narrow != wide
    assert kl(llama, Edit(Target("z", layer=1, head=0), Add(Values(one), scale=5.0))) in results


def test_mean_needs_a_named_reference_and_is_not_the_input_itself(llama):
    with pytest.raises(ValidationError):
        Mean()
    assert kl(llama, Edit(Target("attn_out", layer=1), Mean(Reference([SOURCE])))) > 0


def test_neuron_and_position_are_both_honoured(llama):
    found = {kl(llama, Edit(Target("mlp_act", layer=1, neuron=neuron, position=at), Zero()))
             for neuron in (3, 11) for at in (2, 4)}
    assert len(found) == 4


def test_head_and_neuron_together_are_refused():
    for site in ("z", "mlp_act"):
        with pytest.raises(ValidationError, match=r"no (head|neuron) axis"):
            Target(site, layer=0, head=1, neuron=2)


@pytest.mark.parametrize(("where", "told"), [
    ({"head": 99}, "head 99: this model has 0–3"), ({"head": -5}, "head -5: this model has 0–3"),
    ({"layer": 3}, "layer 3: this model has 0–2"),
    ({"position": 6}, "position 6: the prompt of 6 tokens has 0–5")])
def test_an_index_out_of_range_is_refused_not_clamped(llama, where, told):
    with pytest.raises(errors.OutOfRange, match=told):
        run(llama, Edit(Target("z", **where), Zero()))


def test_head_minus_one_is_the_last_head(llama):
    last, third = (kl(llama, Edit(Target("z", layer=0, head=head), Zero())) for head in (-1, 3))
    assert last == third > 0


def test_a_head_on_an_mlp_is_refused():
    with pytest.raises(ValidationError, match="head can be chosen on q, k, v, pattern, z"):
        Target("mlp_out", layer=0, head=1)


def test_unequal_lengths_are_refused_not_truncated(llama):
    with pytest.raises(errors.LengthMismatch, match="6 tokens, the source prompt 7"):
        run(llama, Edit(Target("resid_pre", layer=1), Patch(LONGER)))


def test_contributions_are_what_is_added_to_the_residual(model, family):
    from tests.naive import value_at

    hf = model.host.model
    ids = [token.id for token in model.tokens(PROMPT)]
    for layer in range(3):
        parts = {site: value_at(hf, family, ids, site, layer).double()
                 for site in ("resid_pre", "attn_out", "mlp_out", "resid_post")}
        total = parts["resid_pre"] + parts["attn_out"] + parts["mlp_out"]
        assert (total - parts["resid_post"]).abs().max() < 1e-3
        for site in ("attn_out", "mlp_out"):
            point = model.host.point(site, layer)
            from tests.tiny import site_module
            assert (point.module, point.side) == site_module(hf, family, site, layer)
            assert point.scale == 1.0


@pytest.mark.parametrize("field", ["max_new_tokens", "temperature", "capture_targets", "name"])
def test_fields_that_change_nothing_do_not_exist(field):
    with pytest.raises(ValidationError, match="Extra inputs"):
        Run(prompt="x", **{field: 1})


def test_the_hash_is_whole_and_covers_weights_tokenizer_and_dtype(llama):
    spec = Run(prompt=PROMPT, edits=[Edit(Target("mlp_out", layer=0), Zero())])
    first = llama.resolve(spec)
    assert len(first.spec_hash) == 64
    other = load(hf_model=build("llama", seed=1), tokenizer=tokenizer())
    assert other.info.model_digest != llama.info.model_digest
    assert other.resolve(spec).spec_hash != first.spec_hash
    half = load(hf_model=build("llama").bfloat16(), tokenizer=tokenizer())
    assert half.resolve(spec).spec_hash != first.spec_hash
    renamed = load(hf_model=build("llama"), tokenizer=tokenizer(), model_id="another name")
    assert renamed.resolve(spec).spec_hash == first.spec_hash
    eager = load(hf_model=build("llama", _attn_implementation="eager"), tokenizer=tokenizer())
    assert eager.resolve(spec).spec_hash != first.spec_hash


def test_sweeps_run_on_text_only_and_multimodal_models_alike(model):
    grid = model.sweep(Sweep(prompt=PROMPT, op=Zero(), over=Over(
        sites=["attn_out", "mlp_out"], layers="all")))
    assert grid.complete and grid.shape == (2, 3) and (grid.values["kl"] > 0).all()


def test_out_of_memory_fails_its_cell_and_the_grid_is_not_complete():
    model = load(hf_model=build("llama"), tokenizer=tokenizer())
    calls = iter(range(100))

    def sometimes(module, args):
        if next(calls) == 4:  # clean, no-op, then cells: the third cell
            raise torch.OutOfMemoryError

    model.host.model.register_forward_pre_hook(sometimes)
    grid = model.sweep(Sweep(prompt=PROMPT, op=Zero(), mode="exact",
                             over=Over(sites=["z"], layers="all", heads="all")))
    assert not grid.complete and grid.data.reasons == ("1 of 12 cells failed",)
    assert grid.data.errors == {"2": "out of memory"}
    assert grid.status["kl"].flatten().tolist() == ["ok"] * 2 + ["failed"] + ["ok"] * 9


def test_numbers_that_are_not_finite_are_recorded_and_readable(llama):
    result = run(llama, Edit(Target("resid_pre", layer=1), Add(Values([1e30] * 32), scale=1e9)),
                 metrics=[KL(), Prob("w17")])
    assert (result.metrics["kl"].edited, result.metrics["kl"].status) == (None, "non_finite")
    assert "non-finite" in [note.code for note in result.warnings]
    plain = json.loads(result.model_dump_json(), parse_constant=pytest.fail)
    assert type(result).model_validate(plain) == result


def test_tokens_are_known_by_id_and_rank_needs_no_loop(llama):
    by_text = run(llama, Edit(Target("z", layer=1), Zero()), metrics=[Rank("w17")])
    by_id = run(llama, Edit(Target("z", layer=1), Zero()), metrics=[Rank(17)])
    assert by_text.metrics == by_id.metrics
    assert by_text.metrics["rank"].tokens == (17,)
    assert by_text.spec_hash == by_id.spec_hash


@pytest.mark.parametrize(("edit", "error"), [
    (Edit(Target("resid_pre", layer=1), Add(Values([1.0] * 31))), errors.BadDirection),
    (Edit(Target("resid_pre", layer=1), Add(Values([0.0] * 32))), errors.BadDirection),
    (Edit(Target("mlp_act", layer=1), Add(Unembed("w17"))), errors.BadDirection),
    (Edit(Target("resid_pre", layer=1), Mean(Reference([LONGER]), pool="per_position")),
     errors.LengthMismatch),
    (Edit(Target("resid_pre", layer=1), Mean(Reference([[1, 2]]))), errors.MissingSource),
    (Edit(Target("resid_pre", layer=1, position=2), Patch(LONGER, positions=[(1, 1)])),
     errors.LengthMismatch),
    (Edit(Target("resid_pre", layer=1), Patch(LONGER, positions=[(1, 1), (1, 2)])),
     errors.OutOfRange),
    (Edit(Target("resid_pre", layer=1), Patch([5000])), errors.OutOfRange),
])
def test_edits_without_sound_data_are_refused(llama, edit, error):
    with pytest.raises(error):
        run(llama, edit)


@pytest.mark.parametrize("pair", [
    (Target("z", layer=1), Target("z", layer=1, head=2)),
    (Target("resid_post", layer=0, position=2), Target("resid_pre", layer=1)),
    (Target("embed"), Target("resid_pre", layer=0, position=1)),
    (Target("mlp_act", neuron=[1, 2]), Target("mlp_act", layer=2, neuron=[2, 3])),
])
def test_overlapping_edits_are_refused(llama, pair):
    with pytest.raises(errors.OverlappingEdits):
        run(llama, *(Edit(target, Zero()) for target in pair))


@pytest.mark.parametrize("more", [{"prompt": "w3 <extra>"}, {"metrics": [Prob("<extra>")]},
                                  {"metrics": [Prob(96)]}, {"prompt": [3, 96]}])
def test_a_token_that_only_the_tokenizer_has_is_refused(more):
    larger = tokenizer()
    larger.add_tokens(["<extra>"])
    model = load(hf_model=build("llama"), tokenizer=larger)
    with pytest.raises(errors.OutOfRange, match="Token id 96: this model has 0–95"):
        model.run(Run(**{"prompt": PROMPT, **more}))


def test_a_token_that_the_model_masks_has_no_log_probability():
    class Masking(torch.nn.Linear):
        def forward(self, hidden):
            return super().forward(hidden).index_fill(-1, torch.tensor([5]), -torch.inf)

    hf_model = build("llama")
    hf_model.lm_head.__class__ = Masking
    model = load(hf_model=hf_model, tokenizer=tokenizer())
    found = model.run(Run(prompt=PROMPT, metrics=[LogProb("w5"), Prob("w5")])).metrics
    assert (found["log_prob"].clean, found["log_prob"].status) == (None, "non_finite")
    assert (found["prob"].clean, found["prob"].status) == (0.0, "ok")


def test_all_neurons_of_a_model_whose_layers_differ_in_width_are_refused(llama):
    uneven = llama.info.model_copy(update={"d_mlp": None})
    with pytest.raises(errors.UnsupportedTarget, match="no single number of neurons"):
        resolve(Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["mlp_act"], neurons="all")),
                uneven, llama.host.tokenizer)
