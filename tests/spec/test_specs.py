"""What a spec accepts, refuses, and means the same as."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from neuronscope.errors import catalogue
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Over, Run, Sweep, parse_experiment
from neuronscope.spec.hashing import canonical, content_hash
from neuronscope.spec.metrics import KL, LogitDiff, Prob, Recovered
from neuronscope.spec.ops import Add, Mean, Patch, PromptDifference, Reference, Values, Zero
from neuronscope.spec.selection import meet, normalise
from neuronscope.spec.target import SITES, Target

RUN = """{"prompt": "The Eiffel Tower is in",
 "edits": [{"target": {"site": "mlp_out", "layer": 0}, "op": {"kind": "zero"}}],
 "metrics": [{"kind": "kl"}, {"kind": "prob", "token": " Paris"}]}"""
SWEEP = """{"prompt": "The Eiffel Tower is in",
 "op": {"kind": "patch", "source_prompt": "The Colosseum is in"},
 "over": {"sites": ["resid_pre", "attn_out", "mlp_out"], "layers": "all", "positions": "all"},
 "metrics": [{"kind": "logit_diff", "answer": " Paris", "foil": " Rome"}]}"""


def test_the_json_forms_are_the_python_forms():
    assert parse_experiment(json.loads(RUN)) == Run(
        prompt="The Eiffel Tower is in", edits=[Edit(Target("mlp_out", layer=0), Zero())],
        metrics=[KL(), Prob(" Paris")])
    assert parse_experiment(json.loads(SWEEP)) == Sweep(
        prompt="The Eiffel Tower is in", op=Patch("The Colosseum is in"),
        over=Over(sites=["resid_pre", "attn_out", "mlp_out"], layers="all", positions="all"),
        metrics=[LogitDiff(" Paris", " Rome")])


@pytest.mark.parametrize("text", [
    '{"kind": "mean", "reference": {"prompts": ["a", [1, 2]]}, "pool": "all_positions"}',
    '{"kind": "add", "direction": {"kind": "prompts", "positive": ["a"], "negative": ["b"]},'
    ' "scale": 4, "unit": "site_norm"}',
    '{"kind": "add", "direction": {"kind": "unembed", "token": 5}}',
    '{"kind": "add", "direction": {"kind": "random", "seed": 7}}',
    '{"kind": "patch", "source_prompt": [1, 2], "positions": [[0, 1], [-1, -1]]}'])
def test_each_operation_has_its_json_form_and_survives_a_round_trip(text):
    spec = {"prompt": [3], "edits": [{"target": {"site": "z"}, "op": json.loads(text)}]}
    run = Run.model_validate(spec)
    assert Run.model_validate(json.loads(run.model_dump_json())) == run
    assert run.edits[0].op.kind == json.loads(text)["kind"]


INDEX = st.integers(-3, 2)
TARGETS = st.one_of(
    st.builds(Target, site=st.just("embed"), position=st.one_of(st.none(), INDEX)),
    st.builds(Target, site=st.just("z"), layer=st.one_of(st.none(), INDEX, st.sets(
        st.integers(0, 2), min_size=1).map(tuple)), head=st.one_of(st.none(), INDEX)),
    st.builds(Target, site=st.just("mlp_act"), layer=INDEX, neuron=st.one_of(st.none(), INDEX)))


@settings(deadline=None)
@given(st.builds(Capture, prompt=st.lists(st.integers(0, 9), min_size=1).map(tuple),
                 targets=st.lists(TARGETS, min_size=1, max_size=4).map(tuple),
                 edits=st.lists(st.builds(Edit, target=TARGETS, op=st.just(Zero())),
                                max_size=2).map(tuple),
                 ordered=st.booleans(), tensors=st.booleans()))
def test_a_capture_survives_a_json_round_trip_with_its_hash(spec):
    back = Capture.model_validate(json.loads(spec.model_dump_json()))
    assert back == spec
    assert content_hash(back.model_dump(mode="json")) == content_hash(spec.model_dump(mode="json"))


@pytest.mark.parametrize(("alias", "site", "layer"), [
    ("blocks.3.hook_resid_pre", "resid_pre", 3), ("blocks.0.hook_resid_post", "resid_post", 0),
    ("blocks.11.hook_attn_out", "attn_out", 11), ("blocks.2.hook_mlp_out", "mlp_out", 2),
    ("blocks.2.attn.hook_z", "z", 2), ("blocks.2.mlp.hook_post", "mlp_act", 2),
    ("ln_final.hook_normalized", "final_norm", None)])
def test_transformerlens_names_are_aliases(alias, site, layer):
    assert Target(alias) == Target(site, layer=layer)
    if layer is not None:
        with pytest.raises(ValidationError, match="names its layer already"):
            Target(alias, layer=1)


@pytest.mark.parametrize("site", sorted(SITES))
@pytest.mark.parametrize("axis", ["layer", "head", "neuron", "position"])
def test_an_axis_is_accepted_exactly_where_the_site_has_it(site, axis):
    if axis in SITES[site].axes:
        assert getattr(Target(site, **{axis: 1}), axis) == 1
        return
    with pytest.raises(ValidationError, match=f"{site} has no {axis} axis"):
        Target(site, **{axis: 1})


@pytest.mark.parametrize("bad", [
    {"prompt": "x", "unknown": 1}, {"prompt": 5}, {"prompt": "x", "top_k": True},
    {"prompt": "x", "top_k": 0}, {"prompt": "x", "top_k": 1.5}, {"prompt": "x", "metrics": []},
    {"prompt": "x", "read_position": "1"}, {"prompt": "x", "metrics": [{"kind": "kl", "x": 1}]},
    {"prompt": "x", "metrics": [{"kind": "nope"}]}, {"prompt": [1.5]}, {"prompt": [True]},
    {"prompt": "x", "edits": [{"target": {"site": "z", "head": [1, 1]}, "op": {"kind": "zero"}}]},
    {"prompt": "x", "edits": [{"target": {"site": "attn_pattern"}, "op": {"kind": "zero"}}]},
    {"prompt": "x", "read_position": 2**60}])
def test_a_run_that_is_not_well_formed_is_refused(bad):
    with pytest.raises(ValidationError):
        Run.model_validate(bad)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_must_be_finite(number):
    for build in (lambda: Add(Values([1.0, number])), lambda: Add(Values([1.0]), scale=number)):
        with pytest.raises(ValidationError):
            build()


def test_specs_cannot_be_changed_and_name_their_arguments():
    with pytest.raises(ValidationError, match="frozen"):
        Target("z").layer = 3
    with pytest.raises(TypeError, match="takes 1 positional"):
        Target("z", 3)
    with pytest.raises(TypeError, match="got site twice"):
        Target("z", site="z")


def test_a_target_reads_well():
    assert str(Target("mlp_out", layer=3)) == "mlp_out.3"
    assert str(Target("z", layer=5, head=2, position=-1)) == "z.5.2@-1"
    assert str(Target("mlp_act", layer=[1, 2], neuron=[7, 8])) == "mlp_act.1,2.7,8"


def test_canonical_form_ignores_order_and_spelling_of_numbers():
    assert canonical({"b": 1.0, "a": [True, None, "é"]}) == '{"a":[true,null,"é"],"b":1}'.encode()
    assert content_hash({"x": 1, "y": 2}) == content_hash({"y": 2.0, "x": 1.0})
    assert len(content_hash({})) == 64


@given(size=st.integers(1, 30), data=st.data())
def test_selections_are_sorted_and_whole_ones_are_none(size, data):
    chosen = data.draw(st.lists(st.integers(0, size - 1), min_size=1, unique=True))
    flipped = tuple(i - size if data.draw(st.booleans()) else i for i in chosen)
    plain = normalise(flipped, size, "head", "this model")
    assert plain == (None if len(chosen) == size else tuple(sorted(chosen)))
    assert normalise(plain, size, "head", "this model") == plain


@given(st.sets(st.integers(0, 9), min_size=1), st.sets(st.integers(0, 9), min_size=1))
def test_selections_meet_where_they_share_an_index(left, right):
    assert meet(tuple(left), tuple(right)) == bool(left & right)
    assert meet(None, tuple(right)) and meet(tuple(left), None)


def test_every_error_code_has_a_status_and_is_unique():
    codes = catalogue()
    assert all(400 <= cls.status < 600 and cls.title for cls in codes.values())
    subclasses = {cls.__name__ for cls in codes.values()}
    assert len(subclasses) == len(codes)


def test_recovered_needs_a_metric_of_tokens():
    with pytest.raises(ValidationError):
        Recovered(KL())


def test_mean_and_difference_need_prompts():
    for build in (lambda: Reference([]), lambda: PromptDifference(positive=[], negative=["a"]),
                  Mean):
        with pytest.raises(ValidationError):
            build()
