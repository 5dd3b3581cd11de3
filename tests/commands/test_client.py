"""`neuronscope.Client` gives over REST what the lab gives in the process."""

from __future__ import annotations

import time

import numpy as np
import pytest

import neuronscope.client
from neuronscope.client import Client
from neuronscope.errors import (
    Conflict,
    Gone,
    InvalidField,
    ModelNotFound,
    NotFound,
    OutOfRange,
    StorageError,
    Unauthorized,
    VectorNotFound,
)
from neuronscope.service.views import Annotation
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.ops import Add, Stored, Zero
from neuronscope.spec.target import Target
from tests.served import RUN, SWEEP, served, write_models
from tests.tiny import PROMPT


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    with served(Settings(data=data, models=write_models(tmp_path_factory.mktemp("models")))) as one:
        one.lab.announce(one.url)
        yield one


@pytest.fixture
def client(running):
    with Client(data=running.lab.settings.data) as each:
        yield each


def test_a_run_is_the_lab_s_own_record(client, running):
    record, created = client.run(RUN)
    assert created
    assert record == running.lab.record(record.id)
    assert client.run(RUN) == (record, False)
    assert client.run(RUN, rerun=True)[1]


def test_a_run_is_waited_for_however_long_the_queue_is(running, monkeypatch):
    monkeypatch.setattr(neuronscope.client, "TIMEOUT_S", 0.2)
    start = running.lab.start_run

    def late(*given, **how):
        time.sleep(1)
        return start(*given, **how)

    monkeypatch.setattr(running.lab, "start_run", late)
    with Client(data=running.lab.settings.data) as hurried:
        assert hurried.run(RUN, rerun=True)[1]


def test_a_sweep_is_followed_to_its_end(client, running):
    told = []
    record, created = client.sweep(SWEEP, progress=lambda done, total: told.append((done, total)))
    assert created
    assert record == running.lab.record(record.id)
    assert told[-1] == (36, 36)
    assert client.plan(SWEEP).n_cells == 36
    assert client.plan(RUN).n_forwards == 3
    assert client.plan(SWEEP).estimate_s > 0


def test_the_history_is_filtered_as_the_server_does(client):
    run, sweep = client.run(RUN)[0], client.sweep(SWEEP)[0]
    ids = {line.id for line in client.history(site="attn_out", op="zero").items}
    assert sweep.id in ids and run.id not in ids
    assert client.history(since="2999-01-01").items == ()
    assert run.id in {line.id for line in client.history(until="2999-01-01T00:00:00+02:00").items}
    with pytest.raises(InvalidField):
        client.history(site="nowhere")


def test_what_is_stored_is_verified_and_a_whole_sweep_needs_no_resuming(client):
    told = []
    record, _ = client.sweep(SWEEP)
    found = client.verify(record.id, lambda done, total: told.append((done, total)))
    assert found.verdict == "exact" and found.n_compared > 72
    assert told[-1] == (36, 36)
    assert client.resume(record.id) == record


def test_a_capture_is_the_lab_s_own_and_its_arrays_come_one_by_one(client, running, tmp_path):
    spec = Capture(prompt=PROMPT, targets=[Target("z", head=[0, 3]), Target("resid_post")])
    record, created = client.capture(spec)
    assert created and record == running.lab.captures.get(record.id)
    assert client.capture(spec) == (record, False)
    assert client.capture(spec, rerun=True)[1]
    far, near = (lab.captures.open(record.id) for lab in (client, running.lab))
    assert far.data == record.data and list(far.arrays) == list(near.arrays)
    for name, array in near.arrays.items():
        assert np.array_equal(far.arrays[name], array)
    with pytest.raises(KeyError):
        far.arrays["q.0"]
    far.to_safetensors(tmp_path / "far.safetensors")
    assert (tmp_path / "far.safetensors").read_bytes() == (
        running.lab.captures.file(record.id).read_bytes())
    assert record.id in [line.id for line in client.captures.page().items]
    client.captures.delete(record.id)
    with pytest.raises(Gone):
        client.captures.open(record.id)
    alone, _ = client.capture(spec.model_copy(update={"tensors": False}))
    assert len(client.captures.open(alone.id).arrays) == 0


def test_the_rest_of_the_lab(client):
    record, _ = client.run(RUN)
    client.annotate(record.id, Annotation(name="first"))
    assert client.record(record.id).name == "first"
    assert record.id in [line.id for line in client.history(q="first").items]
    assert client.health().model == "tiny"
    assert client.tokenize(PROMPT).n_tokens == 6
    assert {entry.id for entry in client.models()} >= {"tiny", "other"}
    client.delete(record.id)


def test_a_vector_is_the_lab_s_own_whichever_way_it_comes(client, running, tmp_path):
    matrix = np.arange(64, dtype=np.float32).reshape(2, 32)
    np.save(tmp_path / "m.npy", matrix)
    sha = client.add_vector(matrix, "two")
    assert sha == client.add_vector(tmp_path / "m.npy") == running.lab.add_vector(matrix.copy())
    assert [(info.sha256, info.name) for info in client.vectors()] == [(sha, "two")]
    spec = Run(prompt=PROMPT, edits=[Edit(Target("resid_pre", layer=1), Add(Stored(sha, 1)))])
    assert client.run(spec)[0].result.metrics["kl"].edited > 0
    with pytest.raises(VectorNotFound):
        client.run(Run(prompt=PROMPT, edits=[Edit(Target("embed"), Add(Stored("0" * 64)))]))


def test_a_model_is_loaded_and_a_missing_one_is_named(client):
    assert client.load("other").id == "other"
    assert client.model().info.id == "other"
    with pytest.raises(ModelNotFound):
        client.load("absent")
    client.load("tiny")


def test_errors_arrive_as_their_own_classes(client):
    with pytest.raises(OutOfRange, match="this model has 0–2") as caught:
        client.run(Run(prompt=PROMPT, edits=[Edit(Target("mlp_out", layer=9), Zero())]))
    assert caught.value.pointer == "/edits/0/target/layer"
    with pytest.raises(NotFound):
        client.record("0" * 16)


def test_a_wrong_token_no_server_and_no_token(running, tmp_path):
    with Client(url=running.url, token="wrong") as stranger, pytest.raises(Unauthorized):
        stranger.models()
    with pytest.raises(Conflict, match="No server uses"):
        Client(data=tmp_path)
    with pytest.raises(StorageError):
        Client(url=running.url, data=tmp_path)
    with (Client(url="http://localhost:9", token="x") as nobody,
          pytest.raises(Conflict, match="does not answer")):
        nobody.health()
