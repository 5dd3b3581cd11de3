"""What strangers' bundles cannot do: pass for results of one's own, keep the lab busy, outlive it.
"""

from __future__ import annotations

import json
import threading
import zipfile

import pytest

from neuronscope.errors import (
    BadBundle,
    DamagedFile,
    DataFolderLocked,
    NeuronScopeError,
    ServerStopped,
)
from neuronscope.service import importing
from neuronscope.service.bundles import MANIFEST, SMALL_MANIFEST
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.ops import Add, Stored
from neuronscope.spec.target import Target
from neuronscope.store.history import Filter
from tests.served import RUN, SWEEP, wait_for
from tests.service.test_bundles import edited, rewritten
from tests.tiny import PROMPT

RUNS = "experiments/000000.jsonl"
CAPTURE = Capture(prompt=PROMPT, targets=[Target("z", layer=1)])


@pytest.fixture(scope="module")
def made(models, tmp_path_factory):
    """A bundle of a run, a sweep and a capture."""
    folder = tmp_path_factory.mktemp("made")
    with Lab(Settings(data=folder / "data", models=models)) as lab:
        lab.load("tiny")
        keys = [lab.run(RUN)[0].id, lab.sweep(SWEEP)[0].id]
        lab.export(folder / "all.zip", keys, [lab.capture(CAPTURE)[0].id])
    return (folder / "all.zip").read_bytes()


@pytest.fixture
def file(made, tmp_path):
    """A copy of it, to be changed."""
    (tmp_path / "all.zip").write_bytes(made)
    return tmp_path / "all.zip"


@pytest.fixture
def elsewhere(tmp_path, models):
    with Lab(Settings(data=tmp_path / "elsewhere", models=models)) as other:
        yield other


def body_of(change):
    """Changes the body of an experiment; `change` gets its data."""
    def apply(moved):
        body = json.loads(moved["body"])
        change(body)
        moved["body"] = json.dumps(body)
    return apply


def test_imported_results_do_not_answer_for_runs_of_one_s_own(file, elsewhere):
    """Not even where they say that they were measured in this very environment."""
    rewritten(file, edited(RUNS, body_of(lambda body: body["metrics"]["kl"].update(edited=99.0))),
              honest=True)
    taken = elsewhere.take_in(file)
    assert len(taken.experiments) == 2
    elsewhere.load("tiny")
    record, new = elsewhere.run(RUN)
    assert new and record.result.metrics["kl"].edited < 9
    assert elsewhere.sweep(SWEEP)[1] and elsewhere.capture(CAPTURE)[1]
    assert elsewhere.record(taken.experiments[0]).result.metrics["kl"].edited == 99
    assert elsewhere.record(record.result.spec_hash) == record
    assert not elsewhere.run(RUN)[1]
    assert elsewhere.verify(taken.experiments[0]).verdict == "mismatch"


def test_results_of_one_s_own_that_come_back_stay_one_s_own(lab, tmp_path):
    key, capture = lab.run(RUN)[0].id, lab.capture(CAPTURE)[0].id
    lab.export(tmp_path / "own.zip", [key], [capture])
    assert lab.take_in(tmp_path / "own.zip").present == tuple(sorted((key, capture)))
    assert not (lab.run(RUN)[1] or lab.capture(CAPTURE)[1])


@pytest.mark.parametrize("place", [0, 1])
def test_an_environment_that_is_not_the_result_s_own_is_refused(file, elsewhere, place):
    def other(body):
        body.get("head", body)["environment"]["threads"] = 999

    rewritten(file, edited(RUNS, body_of(other), place), honest=True)
    with pytest.raises(BadBundle, match="not what its hash says"):
        elsewhere.take_in(file)


@pytest.mark.parametrize("name", ["experiments", "captures", "files"])
def test_what_is_listed_twice_is_refused_at_once(file, elsewhere, name):
    def twice(content):
        manifest = json.loads(content[MANIFEST])
        manifest[name] *= 2
        content[MANIFEST] = json.dumps(manifest).encode()

    rewritten(file, twice, honest=True)
    with pytest.raises(BadBundle):
        elsewhere.take_in(file)


def test_a_list_of_contents_that_is_too_long_for_its_bundle_is_not_read(elsewhere, tmp_path,
                                                                       monkeypatch):
    def never(*_):
        raise AssertionError("it was read")

    monkeypatch.setattr("neuronscope.service.bundles.Manifest.model_validate_json", never)
    for blanks, size in ((SMALL_MANIFEST + 1, 0), (2**20, 1)):
        with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, b" " * blanks)
            archive.writestr("x", bytes(range(256)) * 2**8 * size)
        with pytest.raises(BadBundle, match="more than"):
            elsewhere.take_in(tmp_path / "x.zip")


def test_an_import_ends_before_its_lab_gives_the_folder_away(file, elsewhere, monkeypatch):
    inside, go_on, ended = threading.Event(), threading.Event(), []
    own = importing.put_in

    def slow(*given):
        inside.set()
        assert go_on.wait(60)
        return own(*given)

    def take_in():
        try:
            elsewhere.take_in(file)
        except NeuronScopeError as error:
            ended.append(error)

    monkeypatch.setattr(importing, "put_in", slow)
    taking, closing = (threading.Thread(target=work) for work in (take_in, elsewhere.close))
    taking.start()
    assert inside.wait(60)
    closing.start()
    wait_for(lambda: elsewhere._guests._closing)
    with pytest.raises(DataFolderLocked):
        Lab(elsewhere.settings)
    go_on.set()
    taking.join()
    closing.join()
    assert [type(error) for error in ended] == [ServerStopped]
    with Lab(elsewhere.settings) as again:
        assert again.history(Filter(kind="sweep")).items == ()
        taken = again.take_in(file)
        assert len({*taken.experiments, *taken.present}) == 2 and len(taken.captures) == 1


def test_an_export_ends_with_its_lab(elsewhere):
    begun = elsewhere.exported(chosen=Filter()).pieces()
    elsewhere.stop()
    with pytest.raises(ServerStopped):
        next(begun)
    with pytest.raises(ServerStopped):
        elsewhere.exported(chosen=Filter())


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_a_bundle_says_itself_which_vectors_are_missing(lab, elsewhere, tmp_path, damage):
    sha = lab.add_vector([1.0] * 32)
    edit = Edit(Target("resid_pre", layer=1), Add(Stored(sha)))
    keys = [lab.run(RUN)[0].id, lab.run(Run(prompt=PROMPT, edits=[edit]))[0].id]
    file = lab.settings.data / "vectors" / f"{sha}.npy"
    content = file.read_bytes()
    file.unlink()
    if damage == "damaged":
        file.write_bytes(content[:-1] + b"\0")
    manifest = lab.export(tmp_path / "x.zip", chosen=Filter())
    assert (manifest.experiments, manifest.vectors) == (tuple(keys), ())
    assert manifest.missing == (sha,)
    taken = elsewhere.take_in(tmp_path / "x.zip")
    assert (taken.experiments, taken.missing) == (tuple(keys), (sha,))
    assert elsewhere.record(keys[1]) == lab.record(keys[1])
    elsewhere.add_vector([1.0] * 32)
    assert elsewhere.take_in(tmp_path / "x.zip").missing == ()


def test_a_damaged_capture_is_not_exported(lab, tmp_path):
    key = lab.capture(CAPTURE)[0].id
    lab.captures.file(key).write_bytes(b"x")
    with pytest.raises(DamagedFile, match=key):
        lab.exported(captures=[key])
