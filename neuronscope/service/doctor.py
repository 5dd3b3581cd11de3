"""What `neuronscope doctor` looks at. Nothing is made, migrated or repaired."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from neuronscope.errors import NeuronScopeError
from neuronscope.models.fingerprint import versions
from neuronscope.models.memory import free_bytes
from neuronscope.service.lock import holder_of, is_free
from neuronscope.service.token import is_ours
from neuronscope.settings import Settings
from neuronscope.store.database import Database, database_url
from neuronscope.store.migrate import schema_state
from neuronscope.version import __version__

SQLITE_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""SQLite before these can damage a WAL database that two connections write at one instant
(https://www.sqlite.org/wal.html#walresetbug): 3.51.3 and later are right, and of the two
older lines those from the given versions on."""
LOW_DISK = 2 * 1024**3
LOW_MEMORY = 1024**3


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and what to do where it is not well."""

    about: str
    state: Literal["ok", "note", "problem"]
    found: str
    hint: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything, one after the other."""
    yield Finding("versions", "ok", ", ".join(
        [f"neuronscope {__version__}", f"python {platform.python_version()}",
         *(f"{name} {number}" for name, number in versions().items())]))
    yield from _devices()
    yield _memory()
    yield from _folder(settings.data)
    yield _models(settings.models)
    yield _sqlite()
    yield _database(settings)
    yield _lock(settings.data)
    yield _port(settings.port)


def _devices() -> Iterator[Finding]:
    import torch

    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        yield Finding("device", "ok", f"cuda:{index} {torch.cuda.get_device_name(index)}, "
                                      f"{_size(free)} of {_size(total)} free")
    if torch.backends.mps.is_available():
        yield Finding("device", "ok", "mps")
    threads = f"cpu, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"
    gpu_without_torch = not torch.cuda.is_available() and shutil.which("nvidia-smi") is not None
    yield Finding("device", "note" if gpu_without_torch else "ok", threads,
                  "There is an NVIDIA driver, but this torch is a CPU build: "
                  "python3 run.py --torch cuda" if gpu_without_torch else "")


def _memory() -> Finding:
    import torch

    free = free_bytes(torch.device("cpu"))
    if free is None:
        return Finding("memory", "note", "how much is free cannot be asked on this system",
                       "Load only models whose files are well below this machine's memory.")
    low = free < LOW_MEMORY
    return Finding("memory", "note" if low else "ok", f"{_size(free)} free",
                   "End other programs, or load a small model; one that does not fit is refused."
                   if low else "")


def _folder(data: Path) -> Iterator[Finding]:
    there = data if data.is_dir() else next(
        (parent for parent in data.absolute().parents if parent.is_dir()), Path("/"))
    free = shutil.disk_usage(there).free
    low = free < LOW_DISK
    yield Finding("disk", "problem" if low else "ok", f"{_size(free)} free for {data.absolute()}",
                  "Free some space, or choose another folder with --data." if low else "")
    if data.exists() and not data.is_dir():
        yield Finding("data folder", "problem", f"{data.absolute()} is a file",
                      "Name a folder with --data.")
        return
    if not data.is_dir():
        yield Finding("data folder", "ok", f"{data.absolute()} will be made")
        return
    mode = stat.S_IMODE(data.stat().st_mode)
    if os.access(data, os.R_OK | os.X_OK) and not is_ours(data):
        yield Finding("data folder", "problem", f"{data.absolute()} has other things in it, and "
                      "is no data folder of NeuronScope",
                      "Name a new or an empty folder with --data.")
    elif not os.access(data, os.W_OK | os.X_OK):
        yield Finding("data folder", "problem", f"{data.absolute()} cannot be written",
                      "Change its owner or permissions, or choose another with --data.")
    elif os.name == "posix" and mode & 0o077:
        yield Finding("data folder", "note", f"{data.absolute()} is open to others ({mode:o})",
                      "It is closed to others when NeuronScope next uses it.")
    else:
        yield Finding("data folder", "ok", str(data.absolute()))


def _models(folder: Path) -> Finding:
    from neuronscope.models.discover import Registry

    entries = Registry(folder).entries()
    bad = [entry for entry in entries if entry.problem]
    told = f"{len(entries)} in {folder.absolute()}"
    if not entries:
        return Finding("models", "note", f"none in {folder.absolute()}",
                       "The embedded model is there all the same; --models names another folder.")
    if bad:
        return Finding("models", "note", f"{told}, {len(bad)} of them cannot be loaded",
                       f"{bad[0].id}: {bad[0].problem}")
    return Finding("models", "ok", told)


def _sqlite() -> Finding:
    found = sqlite3.sqlite_version_info
    sound = found >= SQLITE_FIXED[0] or any(
        found[:2] == fixed[:2] and found >= fixed for fixed in SQLITE_FIXED)
    if sound:
        return Finding("sqlite", "ok", sqlite3.sqlite_version)
    return Finding(
        "sqlite", "note", f"{sqlite3.sqlite_version}, which can damage a database that two "
        "connections write at one instant",
        "NeuronScope writes through one; let no other program write to its file. Python with "
        "SQLite 3.51.3 or newer is free of it.")


def _database(settings: Settings) -> Finding:
    url = database_url(settings.database_url, settings.data)
    try:
        parsed = make_url(url)
    except ArgumentError:
        return Finding("database", "problem", "its address is none that SQLAlchemy can read",
                       "Set NEURONSCOPE_DATABASE_URL to one, or leave it empty.")
    name = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        name = str(parsed.database)
        if not Path(name).is_file():
            return Finding("database", "ok", f"{name} will be made")
        if problem := _integrity(Path(name)):
            return Finding("database", "problem", f"{name}: {problem}",
                           "Keep a copy, and try `sqlite3 FILE .recover` into a new file.")
    return _schema(name, url)


def _schema(name: str, url: str) -> Finding:
    """How the tables stand to this version. name: the database's, for readers."""
    try:
        with closing(Database(url, make=False)) as database:
            state, records = schema_state(database)
    except NeuronScopeError as error:
        return Finding("database", "problem", f"{name}: {error.detail}", error.hint)
    if state == "empty":
        return Finding("database", "ok", f"{name} is empty; its tables will be made")
    if state == "newer":
        return Finding("database", "problem", f"{name} is from a newer version",
                       "Use that version, or another data folder.")
    older = "; it will be brought to this version, after a backup" if state == "older" else ""
    return Finding("database", "ok", f"{name}, {records} experiments, integrity ok{older}")


def _integrity(file: Path) -> str:
    """What SQLite finds wrong with a file; empty where nothing is."""
    try:
        with closing(sqlite3.connect(f"file:{file.absolute()}?mode=ro", uri=True)) as connection:
            (told,), *more = connection.execute("PRAGMA integrity_check(3)").fetchall()
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    if told != "ok" or more:
        return str(told)
    return "a row refers to one that is gone" if broken else ""


def _lock(data: Path) -> Finding:
    if is_free(data):
        return Finding("lock", "ok", "no other instance uses the data folder")
    return Finding("lock", "note", f"the data folder is in use by {holder_of(data)}",
                   "Use that instance, or another folder with --data.")


def _port(port: int) -> Finding:
    if not any(_answers(host, port) for host in ("127.0.0.1", "::1")):
        return Finding("port", "ok", f"{port} is free")
    return Finding("port", "note", f"{port} is in use",
                   "`neuronscope serve` takes the next free one, or the one that --port names.")


def _answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1024**3:.1f} GiB"

