"""A PostgreSQL server of the tests' own, where one is installed.

It listens on a socket in a temporary folder alone, as another user where the tests run as
root (the server refuses root), and forgets everything when the tests end.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

OWNER = "neuronscope"
SYSTEM_USERS = ("postgres", "nobody")
START_S = 60.0
SETTINGS = {"listen_addresses": "", "fsync": "off", "shared_buffers": "32MB",
            "max_connections": "60"}


class Absent(Exception):
    """What is needed to start a server is not here; the message says what."""


def programs() -> Path:
    """The folder of `initdb` and `postgres`. Raises: Absent."""
    if os.name != "posix":
        raise Absent("a PostgreSQL server is only started on systems with Unix sockets")
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise Absent("the driver is missing: pip install 'psycopg[binary]'") from None
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    raise Absent("no PostgreSQL server is installed (Debian: apt-get install postgresql)")


@contextmanager
def server() -> Iterator[str]:
    """A running server: the folder of its socket. Raises: Absent."""
    folder = programs()
    where = Path(tempfile.mkdtemp(prefix="ns-pg-"))
    user = _unprivileged(where)
    try:
        data = where / "data"
        subprocess.run([folder / "initdb", "-D", data, "-U", OWNER, "--auth=trust", "--no-sync",
                        "--encoding=UTF8", "--locale=C.UTF-8"], user=user, cwd=where, check=True,
                       capture_output=True, env=_environment())
        options = [word for name, value in (SETTINGS | {"unix_socket_directories": str(where)}
                                            ).items() for word in ("-c", f"{name}={value}")]
        with (where / "log").open("wb") as log, subprocess.Popen(
                [folder / "postgres", "-D", data, *options], user=user, cwd=where, stdout=log,
                stderr=log, env=_environment()) as process:
            try:
                _wait(where, process)
                yield str(where)
            finally:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:  # a client is left
                    process.kill()
    finally:
        shutil.rmtree(where, ignore_errors=True)


@contextmanager
def database(socket: str, name: str, template: str = "template1") -> Iterator[str]:
    """A new database of the server, a copy of another one: its SQLAlchemy URL."""
    import psycopg

    with psycopg.connect(host=socket, user=OWNER, dbname="postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield f"postgresql://{OWNER}@/{name}?host={socket}"
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[str]:
    """The folder of a server's socket; skips where none can be started."""
    try:
        with server() as folder:
            yield folder
    except Absent as reason:
        pytest.skip(str(reason))


def _unprivileged(where: Path) -> str | None:
    """The user that the server runs as, owner of the folder; None where that is ours."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    for name in SYSTEM_USERS:
        if name in known:
            shutil.chown(where, name)
            return name
    raise Absent(f"root may not run PostgreSQL, and there is no user {' or '.join(SYSTEM_USERS)}")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def _wait(where: Path, process: subprocess.Popen) -> None:
    import psycopg

    until = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(host=str(where), user=OWNER, dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError((where / "log").read_text(errors="replace")) from None
            time.sleep(0.05)
