"""How `neuronscope serve` ends where it cannot begin, and what it leaves as it was."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

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
    ("MAX_QUEUE", "0", "at least 1"), ("SPEED", "9", "the settings are")])
def test_a_variable_that_is_no_setting_ends_with_2(ns, monkeypatch, name, text, told):
    monkeypatch.setenv(f"NEURONSCOPE_{name}", text)
    code, out, err = ns("serve", "--no-browser")
    assert (code, out) == (2, "") and told in err


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
