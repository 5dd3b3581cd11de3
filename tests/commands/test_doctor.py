"""Doctor says what is wrong, what to do, and leaves everything as it is."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from contextlib import closing

import pytest

from neuronscope.cli import main
from neuronscope.service import doctor, lock
from neuronscope.service.lab import Lab
from neuronscope.service.lock import FolderLock
from neuronscope.settings import Settings
from tests.served import RUN


@pytest.fixture
def ask(tmp_path, models, monkeypatch, capsys):
    """Calls doctor in an empty folder: (exit code, findings by what they are about)."""
    monkeypatch.chdir(tmp_path)

    def call():
        code = main(["doctor", "--json", "--models", str(models)])
        return code, {each["about"]: each for each in json.loads(capsys.readouterr().out)}

    return call


@pytest.fixture
def used(tmp_path, models):
    """A data folder with one experiment in it."""
    data = tmp_path / ".neuronscope"
    with Lab(Settings(data=data, models=models)) as lab:
        lab.load("tiny")
        lab.run(RUN)
    return data


def test_in_an_empty_folder_nothing_is_wrong_and_nothing_is_made(ask, tmp_path):
    code, found = ask()
    assert code == 0 and list(tmp_path.iterdir()) == []
    assert set(found) == {"versions", "device", "memory", "disk", "data folder", "models",
                          "sqlite", "database", "lock", "port"}
    assert "3 in" in found["models"]["found"] and "broken" not in found["models"]["hint"]
    assert all(each["hint"] for each in found.values() if each["state"] != "ok")


def test_a_used_folder_is_counted_and_left_as_it_is(ask, used):
    before = {file.name: file.stat().st_mtime_ns for file in used.iterdir()}
    code, found = ask()
    assert code == 0 and "1 experiments, integrity ok" in found["database"]["found"]
    assert {file.name: file.stat().st_mtime_ns for file in used.iterdir()
            if not file.name.endswith(("-wal", "-shm"))} == {
        name: time for name, time in before.items() if not name.endswith(("-wal", "-shm"))}


def test_a_damaged_database_is_a_problem(ask, used):
    file = used / "neuronscope.sqlite"
    content = bytearray(file.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    file.write_bytes(content)
    code, found = ask()
    assert code == 1 and found["database"]["state"] == "problem"
    assert ".recover" in found["database"]["hint"]


def test_a_file_that_is_no_database_is_a_problem(ask, used):
    (used / "neuronscope.sqlite").write_bytes(b"not a database at all, but long enough" * 99)
    code, found = ask()
    assert code == 1 and "not a database" in found["database"]["found"]


def test_another_instance_and_a_port_in_use_are_told(ask, used):
    held = FolderLock(used)
    held.announce("http://localhost:8123")
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        settings = Settings(data=used, port=port)
        found = {each.about: each for each in doctor.examine(settings)}
    assert f"process {os.getpid()} at http://localhost:8123" in found["lock"].found
    assert found["port"].state == "note" and str(port) in found["port"].found
    held.release()
    assert ask()[1]["lock"]["state"] == "ok"


def test_looking_at_the_lock_keeps_nobody_from_taking_it(used, monkeypatch):
    """Neither another who looks, nor a server that starts just then."""
    looking = os.open(used / lock.LOCK_NAME, os.O_RDWR)
    lock._lock(looking, shared=True)
    assert lock.is_free(used)
    monkeypatch.setattr(lock.time, "sleep", lambda _: os.close(looking))
    FolderLock(used).release()


def test_a_port_in_use_on_the_other_loopback_is_told(tmp_path):
    try:
        listening = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with closing(listening):
        settings = Settings(data=tmp_path, port=listening.getsockname()[1])
        found = {each.about: each for each in doctor.examine(settings)}
    assert found["port"].state == "note"


def test_little_memory_is_told_with_what_to_do(ask, monkeypatch):
    monkeypatch.setattr(doctor, "free_bytes", lambda _: 2**20)
    code, found = ask()
    assert code == 0 and found["memory"]["state"] == "note"
    assert "small model" in found["memory"]["hint"]


def test_a_folder_of_other_things_is_a_problem(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    found = {each.about: each for each in doctor.examine(Settings(data=tmp_path))}
    assert found["data folder"].state == "problem" and "--data" in found["data folder"].hint


@pytest.mark.parametrize(("version", "state"), [
    ((3, 40, 1), "note"), ((3, 44, 5), "note"), ((3, 44, 6), "ok"), ((3, 50, 7), "ok"),
    ((3, 51, 2), "note"), ((3, 51, 3), "ok"), ((3, 53, 0), "ok")])
def test_sqlite_versions_with_the_write_ahead_defect_are_named(version, state, monkeypatch, ask):
    monkeypatch.setattr(doctor.sqlite3, "sqlite_version_info", version)
    assert ask()[1]["sqlite"]["state"] == state


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_folder_that_is_open_to_others_is_told(ask, used):
    used.chmod(0o755)
    assert "open to others (755)" in ask()[1]["data folder"]["found"]


def test_a_newer_database_is_a_problem(ask, used):
    with closing(sqlite3.connect(used / "neuronscope.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'm9999'")
    code, found = ask()
    assert code == 1 and "newer version" in found["database"]["found"]


def test_settings_that_cannot_be_are_said_to_be_so(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    settings = Settings(data=file, models=tmp_path, database_url="nonsense")
    found = {each.about: each for each in doctor.examine(settings)
             if each.state == "problem"}
    assert found["data folder"].found.endswith("is a file")
    assert "SQLAlchemy" in found["database"].found
    assert all(each.hint for each in found.values())


def test_an_empty_database_is_told_to_be_empty(tmp_path):
    with closing(sqlite3.connect(tmp_path / "neuronscope.sqlite")) as connection:
        connection.execute("VACUUM")
    found = {each.about: each for each in doctor.examine(Settings(data=tmp_path))}
    assert found["database"].state == "ok" and "is empty" in found["database"].found
