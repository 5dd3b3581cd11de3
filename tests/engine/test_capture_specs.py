"""What a capture means on a model: its targets merged, its hash, and what is refused."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from neuronscope.engine.capture_resolve import resolve_capture
from neuronscope.errors import InvalidInput, OutOfRange, OverlappingEdits
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Noise, Path, Zero
from neuronscope.spec.target import Target
from tests.engine.conftest import loaded
from tests.tiny import PROMPT, SOURCE


@pytest.mark.parametrize("targets, merged", [
    ([Target("z", layer=1), Target("z", layer=1)], [Target("z", layer=(1,))]),
    ([Target("z", layer=1, head=0), Target("z", layer=1, head=[2])],
     [Target("z", layer=(1,), head=(0, 2))]),
    ([Target("z", layer=-1, position=0), Target("z", layer=2, position=-1),
      Target("z", layer=2, position=[0, 3])], [Target("z", layer=(2,), position=(0, 3, 5))]),
    ([Target("z", layer=1, head=0, position=0), Target("z", layer=1, head=1, position=1),
      Target("z", layer=1, head=0, position=1), Target("z", layer=1, head=1, position=0)],
     [Target("z", layer=(1,), head=(0, 1), position=(0, 1))]),
    ([Target("z"), Target("z", layer=0, head=3, position=2)], [Target("z")]),
    ([Target("resid_pre", layer=0), Target("resid_pre", layer=[1, 2])], [Target("resid_pre")]),
    ([Target("mlp_out", layer=2), Target("embed"), Target("mlp_out", layer=0)],
     [Target("embed"), Target("mlp_out", layer=(0, 2))]),
    ([Target("embed", position=list(range(6)))], [Target("embed")]),
])
def test_targets_are_merged_where_they_make_a_block(llama, targets, merged):
    found = llama.capture(Capture(prompt=PROMPT, targets=targets))
    assert found.data.resolved["targets"] == [each.model_dump(mode="json") for each in merged]
    backwards = llama.capture(Capture(prompt=PROMPT, targets=targets[::-1]))
    again = llama.capture(Capture(prompt=PROMPT, targets=merged))
    assert found.capture_hash == backwards.capture_hash == again.capture_hash


AXIS = st.one_of(st.none(), st.integers(-4, 3), st.sets(st.integers(0, 3), min_size=1).map(tuple))


@settings(deadline=None)
@given(site=st.sampled_from(["z", "resid_post"]), layer=st.integers(-3, 2), head=AXIS,
       position=AXIS, tensors=st.booleans())
def test_the_hash_survives_json_and_resolving_again(site, layer, head, position, tensors):
    model = loaded("llama")
    target = Target(site, layer=layer, position=position, **({"head": head} if site == "z" else {}))
    asked = Capture(prompt=PROMPT, targets=[target], tensors=tensors)
    first = resolve_capture(asked, model.info, model.host.tokenizer)
    again = Capture.model_validate(json.loads(asked.model_dump_json()))
    whole = Capture.model_validate(json.loads(first.spec.model_dump_json()))
    for spec in (again, whole):
        found = resolve_capture(spec, model.info, model.host.tokenizer)
        assert (found.capture_hash, found.form) == (first.capture_hash, first.form)


@pytest.mark.parametrize("spec, error, pointer", [
    ({"targets": [Target("z", layer=1, head=0, position=0),
                  Target("z", layer=[0, 1], head=1, position=1)]}, InvalidInput, "/targets/1"),
    ({"targets": [Target("z", layer=9)]}, OutOfRange, "/targets/0/layer"),
    ({"targets": [Target("z"), Target("z", head=4)]}, OutOfRange, "/targets/1/head"),
    ({"targets": [Target("mlp_act", position=6)]}, OutOfRange, "/targets/0/position"),
    ({"edits": [Edit(Target("mlp_out", layer=7), Zero())]}, OutOfRange, "/edits/0/target/layer"),
    ({"edits": [Edit(Target("mlp_out"), Zero())] * 2}, OverlappingEdits, "/edits/1/target"),
    ({"edits": [Edit(Target("mlp_out"), Path(SOURCE))]}, InvalidInput, "/edits/0/op"),
    ({"edits": [Edit(Target("embed"), Noise(3.0, seed=1, draws=4))]}, InvalidInput,
     "/edits/0/op/draws"),
])
def test_what_cannot_be_captured_is_refused(llama, spec, error, pointer):
    with pytest.raises(error) as caught:
        llama.capture(Capture(**{"prompt": PROMPT, "targets": [Target("z")]} | spec))
    assert caught.value.pointer == pointer
