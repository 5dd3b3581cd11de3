"""Kept digests of weight files: used while nothing shows a change, and not a moment longer."""

from __future__ import annotations

import json
import os

import pytest
import torch
from safetensors.torch import load_file, save_file

from neuronscope.errors import ModelRefused
from neuronscope.models import digests, fingerprint
from neuronscope.models import load as loading
from neuronscope.models.digests import known_digest
from neuronscope.models.fingerprint import driver_version, environment, weights_digest
from neuronscope.models.load import load
from tests.tiny import save

CPU = torch.device("cpu")


@pytest.fixture
def model(tmp_path):
    return save("llama", tmp_path / "tiny")


@pytest.fixture
def files(model, monkeypatch):
    """A model's weight files, whose changes are taken to be long ago."""
    monkeypatch.setattr(digests, "SETTLED_S", -60.0)
    return list(model.glob("*.safetensors"))


@pytest.fixture
def reads(monkeypatch):
    """Grows by one whenever the files are read."""
    seen = []

    def counted(files):
        seen.append(files)
        return weights_digest(files)

    monkeypatch.setattr(digests, "weights_digest", counted)
    return seen


def change(file):
    """One weight becomes another; size and modification time stay as they were."""
    before = file.stat()
    tensors = load_file(file)
    name = sorted(tensors)[0]
    tensors[name] = tensors[name] + 1
    save_file(tensors, file, metadata={"format": "pt"})
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size


def test_files_are_read_once(files, reads, tmp_path):
    first = known_digest(files, tmp_path)
    assert known_digest(files, tmp_path) == first == weights_digest(files)
    assert len(reads) == 1
    assert known_digest(files, tmp_path, anew=True) == first
    assert len(reads) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no change times")
def test_a_change_is_noticed_whatever_the_modification_time_says(files, reads, tmp_path):
    first = known_digest(files, tmp_path)
    change(files[0])
    assert known_digest(files, tmp_path) == weights_digest(files) != first


def test_what_has_just_been_written_is_not_kept(files, reads, tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "SETTLED_S", 3600.0)
    known_digest(files, tmp_path)
    known_digest(files, tmp_path)
    assert len(reads) == 2 and not list(tmp_path.glob("digest-*"))


@pytest.mark.parametrize("spoilt", [
    lambda text: json.dumps(json.loads(text) | {"body": "0" * 64}), lambda text: text[:-9],
    lambda text: "[]"])
def test_a_forged_or_damaged_digest_is_made_anew(files, reads, tmp_path, spoilt):
    first = known_digest(files, tmp_path)
    kept, = tmp_path.glob("digest-*.json")
    kept.write_text(spoilt(kept.read_text()))
    assert known_digest(files, tmp_path) == first and len(reads) == 2


def test_files_that_change_while_they_are_read_are_refused(files, model, monkeypatch):
    read = loading.read_model

    def changing(*given):
        found = read(*given)
        change(files[0])
        return found

    monkeypatch.setattr(loading, "read_model", changing)
    with pytest.raises(ModelRefused, match="changed while they were read"):
        load(model)


def test_the_environment_tells_code_and_precision(monkeypatch):
    before = environment(CPU)
    assert len(before["code"]) == 64 and before["accelerate"]
    torch.set_float32_matmul_precision("medium")
    try:
        assert environment(CPU) != before
    finally:
        torch.set_float32_matmul_precision(before["matmul_precision"])
    monkeypatch.setattr(fingerprint, "COMPUTING", ("engine",))
    fingerprint.code.cache_clear()
    assert environment(CPU)["code"] != before["code"]
    fingerprint.code.cache_clear()


@pytest.mark.parametrize(("text", "found"), [
    ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 2024\n", "550.54.15"),
    ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n",
     "580.65.06"),
    ("something else\n", "unknown")])
def test_the_driver_is_read_from_the_kernel_module(tmp_path, text, found):
    file = tmp_path / "version"
    file.write_text(text)
    assert driver_version(file) == found
    assert driver_version(tmp_path / "absent") == "unknown"
