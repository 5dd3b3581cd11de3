"""Many experiments at once over REST: sent while they are read, taken in only when all is checked.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import httpx
import pytest

from neuronscope.cli import main
from neuronscope.client import Client
from neuronscope.errors import BadBundle, InvalidInput, NotFound
from neuronscope.service.bundles import MANIFEST, Bundle
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.target import Target
from neuronscope.store.history import Filter
from tests.served import LONG, RUN, SWEEP, served
from tests.tiny import PROMPT

ZIP = {"Content-Type": "application/zip"}


@pytest.fixture(scope="module")
def other(tmp_path_factory, models):
    """A second server, without a model, that takes small bundles alone."""
    data = tmp_path_factory.mktemp("other")
    with served(Settings(data=data, models=models, max_import=60_000), load=None) as running:
        running.lab.announce(running.url)
        yield running


@pytest.fixture(scope="module")
def stored(server):
    """The ids of three runs and a sweep, oldest first, two of them with the tag `moved`."""
    lab = server.lab
    keys = [*(lab.run(RUN, rerun=True)[0].id for _ in range(3)),
            lab.sweep(SWEEP, rerun=True)[0].id]
    for key in (keys[0], keys[3]):
        server.client.patch(f"/api/experiments/{key}", json={"tags": ["moved"]})
    return keys


def bundle(client, tmp_path, **params) -> Bundle:
    answer = client.get("/api/export", params=params)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    (tmp_path / "some.zip").write_bytes(answer.content)
    opened = Bundle(tmp_path / "some.zip")
    assert int(answer.headers["NeuronScope-Experiments"]) == len(opened.manifest.experiments)
    return opened


def test_ids_and_filters_choose_as_the_history_does(client, server, stored, tmp_path):
    for params, expected in (
            ({"id": stored[1]}, [stored[1]]), ({"tag": "moved"}, [stored[0], stored[3]]),
            ({"tag": "moved", "kind": "sweep"}, [stored[3]]), ({"tag": "none"}, []),
            ({"id": stored[2], "tag": "moved"}, [stored[2], stored[0], stored[3]]),
            ({"until": "2000-01-01"}, [])):
        with bundle(client, tmp_path, **params) as opened:
            assert list(opened.manifest.experiments) == expected
            assert list(opened.records()) == [server.lab.record(key) for key in expected]
    with bundle(client, tmp_path, all=True) as opened:
        whole = [line.id for line in server.lab.history(limit=200).items]
        assert list(opened.manifest.experiments)[-len(whole):] == whole[::-1]


@pytest.mark.parametrize(("params", "status", "code"), [
    ({}, 422, "invalid-input"), ({"id": "0" * 16}, 404, "not-found"),
    ({"capture": "none"}, 404, "not-found"), ({"site": "nowhere"}, 422, "invalid-field"),
    ({"since": "yesterday"}, 422, "invalid-field"), ({"all": "x"}, 422, "invalid-field")])
def test_what_cannot_be_exported_is_said_before_anything_is_sent(client, params, status, code):
    answer = client.get("/api/export", params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_running_sweep_is_left_out_and_told_of(client, server, tmp_path):
    accepted = server.lab.start_sweep(LONG, rerun=True)
    with bundle_of_running(client, tmp_path) as opened:
        assert accepted.id in opened.manifest.running
        assert accepted.id not in opened.manifest.experiments
    assert client.get("/api/export", params={"id": accepted.id}).json()["code"] == "conflict"
    server.lab.cancel(accepted.job.id)


def bundle_of_running(client, tmp_path) -> Bundle:
    (tmp_path / "x.zip").write_bytes(client.get("/api/export", params={"kind": "sweep"}).content)
    return Bundle(tmp_path / "x.zip")


def test_what_is_sent_to_another_server_is_there_as_it_was(client, server, other, stored):
    sent = client.get("/api/export", params={"tag": "moved"}).content
    answer = other.client.post("/api/import", content=sent, headers=ZIP)
    assert answer.status_code == 200
    assert answer.json()["experiments"] == [stored[0], stored[3]]
    for key in (stored[0], stored[3]):
        path = f"/api/experiments/{key}"
        assert other.client.get(path).content == client.get(path).content
    again = other.client.post("/api/import", content=sent, headers=ZIP).json()
    assert again["experiments"] == [] and len(again["present"]) == 2
    assert list(other.lab.settings.data.glob("incoming/*")) == []
    other.lab.load("tiny")
    assert other.lab.verify(stored[0]).verdict == "exact"


def test_a_client_sends_and_fetches_captures_and_vectors_too(server, other, tmp_path):
    with (Client(url=server.url, token=server.token) as here,
          Client(data=other.lab.settings.data) as there):
        capture, _ = here.capture(Capture(prompt=PROMPT, targets=[Target("z", layer=1)]))
        told: list[int] = []
        manifest = here.export(tmp_path / "c.zip", [], [capture.id], told=told.append)
        assert manifest.captures == (capture.id,)
        assert told[-1] == (tmp_path / "c.zip").stat().st_size
        assert there.take_in(tmp_path / "c.zip").captures == (capture.id,)
        far, near = (lab.captures.open(capture.id).arrays["z.1"] for lab in (there, here))
        assert (far == near).all()
        with pytest.raises(InvalidInput, match="Nothing was named"):
            here.export(tmp_path / "d.zip")
        with pytest.raises(NotFound):
            here.export(tmp_path / "d.zip", ["none"])
        with pytest.raises(NotFound):
            there.take_in(tmp_path / "none.zip")
        assert here.export(tmp_path / "d.zip", chosen=Filter(tag="none")).experiments == ()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.zip", "d.zip"]


def test_the_commands_use_the_server_that_has_the_folder(other, client, stored, tmp_path, capsys):
    file, data = str(tmp_path / "one.zip"), str(other.lab.settings.data)
    (tmp_path / "one.zip").write_bytes(client.get("/api/export", params={"id": stored[1]}).content)
    assert main(["import", file, "--data", data]) == 0
    assert "1 experiments" in capsys.readouterr().out
    assert main(["export", file, "--kind", "run", "--of", "tiny", "--data", data]) == 0
    assert stored[1] in {line.id for line in other.lab.history().items}
    with Bundle(file) as opened:
        assert stored[1] in opened.manifest.experiments


def packed(content: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return file.getvalue()


def told(**files: int) -> bytes:
    return json.dumps({"format": 2, "neuronscope": "x", "created_at": "x", "files": [
        {"name": name, "sha256": "0" * 64, "n_bytes": size} for name, size in files.items()],
        "vectors": ["0" * 64]}).encode()


VECTOR = f"vectors/{'0' * 64}.safetensors"
HOSTILE = {
    "nothing": b"",
    "no zip": b"x" * 100,
    "end alone": b"PK\5\6" + b"\0" * 18,
    "other zip": packed({"x": b"y"}),
    "huge list": b"PK\5\6" + b"\0" * 8 + b"\xff\xff\xff\x7f" + b"\0" * 6,
    "bomb in the manifest": packed({MANIFEST: b" " * 2**25}),
    "bomb that is told of": packed({MANIFEST: told(**{VECTOR: 2**24}), VECTOR: b"\0" * 2**24}),
    "bomb that is not told of": packed({MANIFEST: told(**{VECTOR: 10}), VECTOR: b"\0" * 2**24}),
    "another packing": packed({MANIFEST: told(**{VECTOR: 3}), VECTOR: b"abc"}, zipfile.ZIP_LZMA),
    "a path": packed({MANIFEST: told(**{"../../evil": 3}), "../../evil": b"abc"}),
    "deep": packed({MANIFEST: b"[" * 100_000}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_and_leave_nothing(other, name):
    answer = other.client.post("/api/import", content=HOSTILE[name], headers=ZIP)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-bundle")
    assert list(other.lab.settings.data.glob("incoming/*")) == []
    assert other.lab.vectors.all() == []


def test_too_much_is_refused_with_and_without_a_declared_length(other):
    for content in (b"x" * 60_001, iter([b"x" * 50_000, b"x" * 50_000])):
        answer = other.client.post("/api/import", content=content, headers=ZIP)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
        assert "NEURONSCOPE_MAX_IMPORT" in answer.json()["hint"]
    assert list(other.lab.settings.data.glob("incoming/*")) == []


@pytest.mark.parametrize("media", ["application/json", "text/plain", "multipart/form-data", ""])
def test_another_content_type_is_refused(other, media):
    answer = other.client.post("/api/import", content=b"{}", headers={"Content-Type": media})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_one_bundle_is_received_at_a_time_in_a_file_of_the_owner_s(other):
    with other.lab.incoming.file() as file:
        assert Path(file.name).stat().st_mode & 0o777 == 0o600
        answer = other.client.post("/api/import", content=b"x", headers=ZIP)
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert answer.headers["retry-after"]
    assert list(other.lab.settings.data.glob("incoming/*")) == []


def test_a_receiver_that_goes_away_ends_the_export(server, stored, tmp_path):
    lab = server.lab
    pieces = lab.exported(stored * 3).pieces()
    steps = lab.exported(stored, chosen=Filter())
    assert isinstance(next(pieces), bytes)
    pieces.close()
    assert steps.manifest is None
    with server.client.stream("GET", "/api/export", params={"all": True}) as answer:
        next(answer.iter_raw(100))
    assert server.client.get("/api/health").status_code == 200


def test_an_export_that_breaks_off_is_no_file(server, stored, tmp_path, monkeypatch):
    def broken(*_: object):
        raise BadBundle("stop")

    monkeypatch.setattr("neuronscope.service.exporting.cells_out", broken)
    with (Client(url=server.url, token=server.token) as client,
          pytest.raises((httpx.HTTPError, Exception), match="does not answer")):
        client.export(tmp_path / "x.zip", stored)
    assert list(tmp_path.iterdir()) == []
