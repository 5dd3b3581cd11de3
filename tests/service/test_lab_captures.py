"""Captures in the lab: in this process, and with the model in a process of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronscope.engine.session import Model
from neuronscope.errors import CaptureSize, Gone, NoModel, StorageError
from neuronscope.models.load import load
from neuronscope.service.child import ChildProcess
from neuronscope.service.lab import Lab
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Zero
from neuronscope.spec.target import Target
from tests.tiny import PROMPT

SPEC = Capture(prompt=PROMPT, targets=[Target("z", head=1), Target("embed")],
               edits=[Edit(Target("mlp_out", layer=0), Zero())])
TIMES = {"started_at", "duration_s"}


def without_times(data) -> dict:
    return data.model_dump(mode="json", exclude=TIMES)


def test_a_stored_capture_is_the_engines(lab, models):
    record, created = lab.capture(SPEC)
    engine = Model(load(models / "tiny", model_id="tiny")).capture(SPEC)
    assert created and without_times(record.data) == without_times(engine.data)
    stored = lab.captures.open(record.id)
    assert stored.data == record.data
    assert {name: array.tolist() for name, array in stored.arrays.items()} == {
        name: array.tolist() for name, array in engine.arrays.items()}


def test_the_same_capture_is_answered_from_the_store(lab):
    first, _ = lab.capture(SPEC)
    assert lab.capture(Capture.model_validate(SPEC.model_dump())) == (first, False)
    second, created = lab.capture(SPEC, rerun=True)
    assert created and second.id != first.id
    lab.captures.file(second.id).unlink()
    with pytest.raises(StorageError):
        lab.captures.open(second.id)
    assert lab.capture(SPEC)[1]


def test_a_process_of_its_own_gives_the_same(settings, lab):
    record, _ = lab.capture(SPEC)
    here = {name: array.copy() for name, array in lab.captures.open(record.id).arrays.items()}
    lab.close()
    with Lab(replace(settings, data=settings.data / "other"), ChildProcess()) as other:
        other.load("tiny")
        far, created = other.capture(SPEC)
        arrays = other.captures.open(far.id).arrays
        assert created and far.data.entries == record.data.entries
        assert all(np.array_equal(arrays[name], here[name]) for name in here)
        assert [file.stem for file in (settings.data / "other" / "captures").iterdir()] == [far.id]


def test_the_limit_is_a_setting(settings):
    with Lab(replace(settings, max_capture=1000)) as lab:
        with pytest.raises(NoModel):
            lab.capture(SPEC)
        lab.load("tiny")
        with pytest.raises(CaptureSize, match="allowed are 1,000"):
            lab.capture(SPEC)
        record, _ = lab.capture(SPEC.model_copy(update={"tensors": False}))
        assert record.data.n_bytes == 0 and len(lab.captures.open(record.id).arrays) == 0
    assert not (settings.data / "captures").exists()


def test_a_capture_that_fails_leaves_nothing(lab, monkeypatch):
    def full(*_: object):
        raise StorageError("The disk is full.")

    monkeypatch.setattr("neuronscope.spec.captured.write", full)
    with pytest.raises(StorageError):
        lab.capture(SPEC)
    assert list((lab.settings.data / "captures").iterdir()) == []
    assert lab.captures.page().items == ()


def test_captures_outlive_the_lab_and_leave_with_their_file(lab, settings):
    record, _ = lab.capture(SPEC)
    lab.close()
    with Lab(settings) as later:
        assert later.captures.get(record.id) == record
        (line,) = later.captures.page().items
        assert line.id == record.id
        assert line.title == "head 1 of every layer, token embeddings under zero MLP of layer 0"
        later.captures.open(record.id).to_safetensors(settings.data / "copy.safetensors")
        assert (settings.data / "copy.safetensors").read_bytes() == (
            later.captures.file(record.id).read_bytes())
        later.captures.delete(record.id)
        with pytest.raises(Gone):
            later.captures.open(record.id)
        assert list((settings.data / "captures").iterdir()) == []
