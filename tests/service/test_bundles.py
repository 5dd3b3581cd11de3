"""What is exported is taken in elsewhere as it was; what was tampered with is refused."""

from __future__ import annotations

import hashlib
import json
import zipfile

import numpy as np
import pytest
from sqlalchemy import text

from neuronscope.errors import BadBundle, Conflict, Gone, InvalidInput, StorageError
from neuronscope.service.bundles import MANIFEST, Bundle
from neuronscope.service.lab import Lab
from neuronscope.service.views import Annotation
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.metrics import Prob
from neuronscope.spec.ops import Add, Stored
from neuronscope.spec.target import Target
from neuronscope.store.history import Filter
from tests.served import LONG, RUN, SWEEP, wait_for
from tests.tiny import PROMPT


@pytest.fixture
def exported(lab, tmp_path):
    """A bundle of a run, a run that names a vector, a sweep, a stopped sweep and a capture."""
    sha = lab.add_vector(np.arange(64, dtype=np.float32).reshape(2, 32), "two rows")
    vector = Run(prompt=PROMPT, metrics=[Prob("w5")],
                 edits=[Edit(Target("resid_pre", layer=1), Add(Stored(sha, 1)))])
    keys = [lab.run(RUN)[0].id, lab.run(vector)[0].id, lab.sweep(SWEEP)[0].id]
    lab.annotate(keys[0], Annotation(name="first", notes="see", tags=("a", "b"), starred=True))
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    with pytest.raises(Conflict, match="running"):
        lab.export(tmp_path / "no.zip", [accepted.id])
    lab.cancel(accepted.job.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    keys.append(accepted.id)
    spec = Capture(prompt=PROMPT, targets=[Target("z", layer=1)])
    capture = lab.capture(spec)[0].id
    file = tmp_path / "all.zip"
    manifest = lab.export(file, keys, [capture])
    assert manifest.experiments == tuple(keys) and manifest.vectors == (sha,)
    return file, keys, capture, sha


@pytest.fixture
def elsewhere(tmp_path, models):
    with Lab(Settings(data=tmp_path / "elsewhere", models=models)) as other:
        yield other


def test_a_bundle_is_read_without_storing_anything(lab, exported):
    file, keys, capture, sha = exported
    with Bundle(file) as bundle:
        assert list(bundle.records()) == [lab.record(key) for key in keys]
        tensors = b"".join(bundle.pieces(f"captures/{capture}.safetensors"))
        assert tensors == lab.captures.file(capture).read_bytes()
        assert bundle.record(keys[2]) == lab.record(keys[2])
        assert (bundle.vector(sha)[0] == lab.vectors.whole(sha)).all()


def test_what_is_taken_in_is_what_was_exported_and_verifies(lab, exported, elsewhere):
    file, keys, capture, sha = exported
    taken = elsewhere.take_in(file)
    assert (taken.experiments, taken.captures, taken.present) == (tuple(keys), (capture,), ())
    assert [elsewhere.record(key) for key in keys] == [lab.record(key) for key in keys]
    assert elsewhere.captures.get(capture) == lab.captures.get(capture)
    assert (elsewhere.captures.open(capture).arrays["z.1"]
            == lab.captures.open(capture).arrays["z.1"]).all()
    assert elsewhere.vectors.info(sha) == lab.vectors.info(sha)
    assert [line.id for line in elsewhere.history(Filter(tag="a", site="mlp_out")).items] == [
        keys[0]]
    elsewhere.load("tiny")
    assert {elsewhere.verify(key).verdict for key in keys} == {"exact"}
    assert elsewhere.resume(keys[3]).state == "complete"


def test_taking_in_twice_changes_nothing_and_a_deleted_one_comes_back(exported, elsewhere):
    file, keys, capture, _ = exported
    elsewhere.take_in(file)
    before = elsewhere.history()
    again = elsewhere.take_in(file)
    assert again.experiments == () and set(again.present) == {*keys, capture}
    assert elsewhere.history() == before
    elsewhere.delete(keys[0])
    with pytest.raises(Gone):
        elsewhere.record(keys[0])
    assert elsewhere.take_in(file).experiments == (keys[0],)
    assert elsewhere.record(keys[0]).name == "first"


def rewritten(file, change, *, honest: bool) -> None:
    """Changes the bundle's files; `honest` lets the manifest tell their new hashes."""
    with zipfile.ZipFile(file) as old:
        content = {name: old.read(name) for name in old.namelist()}
    change(content)
    manifest = json.loads(content[MANIFEST])
    if honest:
        for each in manifest["files"]:
            if each["name"] in content:
                each["sha256"] = hashlib.sha256(content[each["name"]]).hexdigest()
                each["n_bytes"] = len(content[each["name"]])
    with zipfile.ZipFile(file, "w") as new:
        for name, data in (content | {MANIFEST: json.dumps(manifest).encode()}).items():
            new.writestr(name, data)


def flip(name: str):
    def change(content):
        content[name] = content[name][:-20] + b"0" + content[name][-19:]
    return change


def lines_of(content, name: str) -> list[dict]:
    return [json.loads(line) for line in content[name].splitlines()]


def as_lines(rows: list[dict]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def edited(name: str, change, place: int = 0):
    """Changes one line of a file; `change` gets its data."""
    def apply(content):
        rows = lines_of(content, name)
        change(rows[place])
        content[name] = as_lines(rows)
    return apply


def other_spec(moved):
    moved["body"] = moved["body"].replace('"kind":"zero"', '"kind":"noise"')


def more_cells(moved):
    """A sweep of a million cells that its coordinates do not have."""
    moved["body"] = moved["body"].replace('"n_cells":36', '"n_cells":1000000')
    moved["n_cells"] = 1_000_000


def other_metric(moved):
    """A grid whose metric is not that of its cells."""
    moved["body"] = moved["body"].replace('"metrics":{"kl":', '"metrics":{"js":')


def other_tensors(name: str, **given):
    """A file of tensors whose header tells something else of its one entry."""
    def change(content):
        length = int.from_bytes(content[name][:8], "little")
        header = json.loads(content[name][8:8 + length])
        header["z.1"].update(given)
        head = json.dumps(header).encode()
        content[name] = len(head).to_bytes(8, "little") + head + content[name][8 + length:]
    return change


def fewer_cells(runs: str, cells: str):
    """A sweep that is complete, it says, with the first of its cells alone."""
    def change(content):
        edited(runs, lambda moved: moved.update(n_stored=1), 2)(content)
        content[cells] = content[cells].splitlines(keepends=True)[0]
    return change


def without_vectors(content):
    """A manifest that knows of no vector, as of none are in it."""
    manifest = json.loads(content[MANIFEST])
    manifest["files"] = [each for each in manifest["files"] if "vectors/" not in each["name"]]
    content[MANIFEST] = json.dumps(manifest | {"vectors": []}).encode()


def shorter(name: str):
    def change(content):
        content[name] = b"".join(content[name].splitlines(keepends=True)[:-1])
    return change


def test_whatever_was_changed_is_refused_and_nothing_of_it_stored(exported, elsewhere):
    file, keys, capture, sha = exported
    names = {"runs": "experiments/000000.jsonl", "capture": f"captures/{capture}.safetensors",
             "vector": f"vectors/{sha}.safetensors", "cells": f"cells/{keys[2]}.jsonl"}
    whole = file.read_bytes()
    cases = [
        *((flip(name), False) for name in names.values()), (flip(names["vector"]), True),
        *((lambda content, name=name: content.pop(name), True) for name in names.values()),
        *((shorter(name), True) for name in (names["runs"], names["cells"])),
        *((edited(names["runs"], change), True) for change in (
            other_spec, lambda moved: moved.update(created_at="9"),
            lambda moved: moved.update(name="a\0b"), lambda moved: moved.update(tags=["a", "a"]),
            lambda moved: moved.update(n_cells=2**60), lambda moved: moved.update(starred=1),
            lambda moved: moved.update(n_stored=1), lambda moved: moved.update(model_id="m"),
            lambda moved: moved.update(model_digest="0" * 64))),
        (fewer_cells(names["runs"], names["cells"]), True), (without_vectors, True),
        *((edited(names["runs"], change, 2), True) for change in (
            more_cells, lambda moved: moved.update(n_cells=35),
            lambda moved: moved.update(kind="run"), other_metric)),
        *((edited(names["cells"], change), True) for change in (
            lambda cell: cell.update(index=-1), lambda cell: cell.update(index=10**6),
            lambda cell: cell.update(index=1), lambda cell: cell.update(values={}))),
        *((other_tensors(names["capture"], **given), True) for given in (
            {"shape": [6.0, 4.0, 8.0]}, {"shape": [192]}, {"dtype": "BF16", "shape": [6, 8, 8]},
            {"shape": [0], "data_offsets": [0, 0]}, {"data_offsets": [0.0, 768.0]})),
        (lambda content: content.update({names["capture"]: b"\xff" * 7 + b"\0{}"}), True)]
    for change, honest in cases:
        file.write_bytes(whole)
        rewritten(file, change, honest=honest)
        with pytest.raises(BadBundle):
            elsewhere.take_in(file)
        assert elsewhere.history().items == () and elsewhere.captures.page().items == ()
        assert elsewhere.vectors.all() == []


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"0" * 200])
def test_a_file_that_is_no_bundle_says_so(elsewhere, tmp_path, content):
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    with pytest.raises(BadBundle, match="not a bundle"):
        elsewhere.take_in(file)


def test_names_in_a_bundle_never_become_paths(exported, elsewhere, tmp_path):
    file, _, capture, _ = exported

    def change(content):
        manifest = json.loads(content[MANIFEST])
        manifest["captures"] = ["../../../evil"]
        content[MANIFEST] = json.dumps(manifest).encode()

    rewritten(file, change, honest=True)
    with pytest.raises(InvalidInput):
        elsewhere.take_in(file)
    assert not list(tmp_path.rglob("*evil*"))
    assert capture


def test_an_id_that_belongs_to_something_else_is_a_conflict(exported, elsewhere):
    file, keys, _, _ = exported
    elsewhere.take_in(file)

    def other(moved):
        moved["body"] = moved["body"].replace('"draws":1', '"draws":2')

    rewritten(file, edited("experiments/000000.jsonl", other), honest=True)
    before = elsewhere.record(keys[0])
    with pytest.raises(Conflict, match="belongs to something else"):
        elsewhere.take_in(file)
    assert elsewhere.record(keys[0]) == before


def test_a_bundle_that_cannot_be_written_leaves_no_part_of_it(lab, tmp_path):
    key = lab.run(RUN)[0].id
    with pytest.raises(Exception, match="could not be written"):
        lab.export(tmp_path / "nowhere" / "x.zip", [key])
    assert list(tmp_path.glob("**/*.part")) == []


def test_a_capture_whose_row_cannot_be_stored_leaves_no_file(lab, elsewhere, tmp_path):
    capture = lab.capture(Capture(prompt=PROMPT, targets=[Target("z", layer=1)]))[0].id
    lab.export(tmp_path / "x.zip", captures=[capture])
    with elsewhere._store.database.write() as connection:
        connection.execute(text("CREATE TRIGGER no BEFORE INSERT ON captures "
                                "BEGIN SELECT RAISE(ABORT, 'no'); END"))
    with pytest.raises(StorageError):
        elsewhere.take_in(tmp_path / "x.zip")
    assert list((tmp_path / "elsewhere" / "captures").iterdir()) == []
