"""How `neuronscope serve` ends where it cannot begin, and what it leaves as it was."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing

import numpy as np
import pytest

from neuronscope.settings import Settings
from neuronscope.store.database import FILE_NAME
from tests.served import served


@pytest.mark.parametrize(("words", "told"), [
    (("--host", "0.0.0.0"), "--allow-remote"),
    (("--host", "nowhere.invalid", "--allow-remote"), "not an address of this machine"),
    (("--port", "70000"), "70000"),
    (("--model", "no-such-model"), "`neuronscope models`"),
])
def test_bad_input_ends_with_2_and_one_line(ns, words, told):
    code, out, err = ns("serve", "--no-browser", *words)
    assert (code, out) == (2, ""), err
    assert told in err and "Traceback" not in err


@pytest.mark.parametrize(("name", "text", "told"), [
    ("PORT", "many", "NEURONSCOPE_PORT is 'many'"), ("PORT", "-1", "0 to 65535"),
    ("MAX_QUEUE", "0", "at least 1"), ("TOKEN", "x", "at least 32"),
    ("TOKEN", "a b " * 8, "at least 32"), ("TOKEN", "ü" * 32, "at least 32"),
    ("SPEED", "9", "the settings are")])
def test_a_variable_that_is_no_setting_ends_with_2(ns, monkeypatch, name, text, told):
    monkeypatch.setenv(f"NEURONSCOPE_{name}", text)
    code, out, err = ns("serve", "--no-browser")
    assert (code, out) == (2, "") and told in err


@pytest.fixture
def places(tmp_path):
    """Data folders that cannot be, by what is the matter."""
    file = tmp_path / "file"
    file.write_text("x")
    others = tmp_path / "others"
    others.mkdir()
    (others / "thesis.tex").write_text("x")
    others.chmod(0o777)
    (tmp_path / "deadlock" / "lock").mkdir(parents=True)
    return {"a file": file, "below a file": file / "data", "not ours": others,
            "the lock is a folder": tmp_path / "deadlock", "no name": tmp_path / ("x" * 300)}


@pytest.mark.parametrize("place", ["a file", "below a file", "not ours", "the lock is a folder",
                                   "no name"])
@pytest.mark.parametrize("command", ["serve --no-browser", "show", "vectors add x.npy"])
def test_a_data_folder_that_cannot_be_ends_with_2_and_stays_as_it_was(ns, places, place, command):
    code, out, err = ns(*command.split(), "--data", str(places[place]))
    assert (code, out) == (2, ""), err
    assert "--data" in err and "Traceback" not in err
    if place == "not ours":
        assert stat.S_IMODE(places[place].stat().st_mode) == 0o777
        assert [each.name for each in places[place].iterdir()] == ["thesis.tex"]


def test_vectors_added_before_anything_else_leave_a_folder_that_can_be_used(ns, tmp_path):
    np.save(tmp_path / "one.npy", np.ones(4))
    assert ns("vectors", "add", str(tmp_path / "one.npy"))[0] == 0
    assert stat.S_IMODE((tmp_path / ".neuronscope").stat().st_mode) == 0o700
    assert ns("show")[0] == 0


def test_a_held_folder_ends_with_3_and_names_the_holder(ns, models, tmp_path):
    settings = Settings(data=tmp_path / "data", models=models)
    with served(settings, load=None) as running:
        code, _, err = ns("serve", "--no-browser", "--data", str(tmp_path / "data"))
        assert code == 3
        assert f"process {os.getpid()}" in err
        assert running.client.get("/api/health").status_code == 200


def test_a_database_of_a_newer_version_ends_with_4_and_stays_as_it_was(ns, tmp_path):
    assert ns("show")[0] == 0
    file = tmp_path / ".neuronscope" / FILE_NAME
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    code, out, err = ns("serve", "--no-browser")
    assert (code, out) == (4, "") and "nothing was changed" in err
    assert file.read_bytes() == before
