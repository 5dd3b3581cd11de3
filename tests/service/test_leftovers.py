"""What a killed process leaves half written is no half key, and does not stay."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from neuronscope.models.sealed import KEY_FILE, _secret
from neuronscope.models.vectors import Vectors
from neuronscope.service.leftovers import clear
from neuronscope.service.token import FILE_NAME, LOCK_NAME, access_token
from neuronscope.settings import Settings
from neuronscope.wholefile import write_whole


def test_a_token_whose_writing_was_interrupted_is_made_anew(tmp_path):
    for name in (LOCK_NAME, FILE_NAME):
        (tmp_path / name).touch()
    token = access_token(Settings(data=tmp_path))
    assert len(token) >= 32 and token == access_token(Settings(data=tmp_path))
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_a_key_of_certifications_whose_writing_was_interrupted_is_made_anew(tmp_path):
    (tmp_path / KEY_FILE).touch()
    key = _secret(tmp_path)
    assert len(key) == 64 and key == _secret(tmp_path)


def test_parts_of_files_are_removed_and_whole_ones_stay(tmp_path):
    names = ["token", "vectors/a.npy", "certified/b.json", "mine.part"]
    parts = ["token.x1.part", "vectors/a.npy.x2.part", "certified/b.json.x3.part",
             "x.sqlite.before-1.backup.part"]
    for name in (*names, *parts):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert clear(tmp_path) == 4
    assert sorted(file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*")
                  if file.is_file()) == sorted(names)


def test_a_file_that_cannot_be_put_in_place_leaves_no_part(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "there", b"x")
    assert [file.name for file in tmp_path.iterdir()] == ["there"]


def test_files_are_on_disk_before_they_are_told_of(tmp_path, monkeypatch):
    """Content, then the name, then the folder: a power cut in between loses nothing told of."""
    steps, own_sync, own_replace = [], os.fsync, Path.replace

    def sync(number):
        info = os.fstat(number)
        steps.append("folder" if stat.S_ISDIR(info.st_mode) else "content")
        own_sync(number)

    def replace(part, file):
        steps.append("name")
        return own_replace(part, file)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    write_whole(tmp_path / "x", b"1")
    assert steps == ["content", "name", "folder"]
    steps.clear()
    vectors = Vectors(tmp_path / "vectors")
    vectors.add([1.0])
    assert steps == ["folder", "content", "name", "folder"]  # first of all, the new folder's own
    steps.clear()
    vectors.add([1.0])  # it may be there because its writer was killed before the last step
    assert steps == ["folder", "folder"]
