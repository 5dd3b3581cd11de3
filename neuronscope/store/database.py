"""One writer, many readers.

SQLite is opened with WAL and `synchronous=FULL`, so that what has been acknowledged
survives a power cut. All writes go through one connection that takes its lock at once
(`BEGIN IMMEDIATE`); readers cannot write at all. PostgreSQL gives the same: commits that wait
for the disk, a lock that every writing transaction takes first (so that numbers appear in their
order), and readers that see one state and cannot write.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from neuronscope.errors import (
    FREE_SPACE,
    InvalidInput,
    NeuronScopeError,
    StorageError,
    StorageFull,
)
from neuronscope.store.letters import folded

BUSY_TIMEOUT_MS = 10_000
FILE_NAME = "neuronscope.sqlite"
SQLITE_FULL, POSTGRES_FULL = 13, "53100"
WRITERS_LOCK = 0x6E6575726F6E
LABS_LOCK = WRITERS_LOCK + 1
"""The advisory locks of PostgreSQL that a writing transaction and an instance hold."""


def database_url(url: str, folder: Path) -> str:
    """`url`, or where it is empty the SQLite file in `folder`."""
    return url or f"sqlite:///{(folder / FILE_NAME).absolute()}"


class Database:
    """A database that is read and written through `read()` and `write()`.

    url: SQLAlchemy URL. An SQLite file is created with mode 0600, unless `make` is false.
    Raises: InvalidInput for another kind of database, or one whose driver is missing.
    """

    def __init__(self, url: str, *, make: bool = True) -> None:
        parsed = _parsed(url)
        self.file = _sqlite_file(parsed)
        if self.file is not None and make:
            _create_private(self.file)
        self._writer = _engine(parsed, read_only=False)
        self._reader = _engine(parsed, read_only=True)
        self._turn = threading.RLock()
        self._open: Connection | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction on the only writing connection; committed on leaving.

        Within another of the same thread it is part of that one.
        Raises: StorageError when the database cannot store it (disk full, no permission).
        """
        with self._turn, _stored():
            if self._open is not None:
                yield self._open
                return
            with self._writer.begin() as connection:
                self._open = connection
                try:
                    yield connection
                finally:
                    self._open = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view that cannot write.

        Raises: StorageError when the database cannot be read.
        """
        with _stored(), self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()


def held(url: str, refusal: NeuronScopeError) -> Callable[[], None]:
    """Keeps a PostgreSQL database from every other instance, and returns what frees it.

    It is freed, too, when its connection or the database's server ends.
    Raises: `refusal` where another has it; StorageError; InvalidInput as `Database`.
    """
    engine = _connecting(_parsed(url), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with _stored():
        connection = engine.connect()
        if connection.execute(select(func.pg_try_advisory_lock(LABS_LOCK))).scalar():
            return connection.close
        connection.close()
    raise refusal


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for another. Raises: InvalidInput as `Database`."""
    return _sqlite_file(_parsed(url))


@contextmanager
def _stored() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if error.orig is not None and is_full(error.orig):
            raise StorageFull("The database has no more space.", hint=FREE_SPACE) from error
        raise StorageError(
            "The database did not accept the operation.",
            hint="Check free space and permissions of the data folder.",
        ) from error


def is_full(error: BaseException) -> bool:
    """Whether a driver says that the disk, or what the database may use of it, is full."""
    found = (getattr(error, "sqlite_errorcode", None), getattr(error, "sqlstate", None))
    return (found[0] == SQLITE_FULL or found[1] == POSTGRES_FULL
            or error.args == ("database or disk is full",))  # Python 3.10 tells no code


def _parsed(url: str) -> URL:
    """Raises: InvalidInput for what is no address of a database that can be used."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise InvalidInput("The database's address is not one of SQLite or PostgreSQL.",
                           hint="NEURONSCOPE_DATABASE_URL is like postgresql://user@host/name; "
                                "empty is SQLite in the data folder.")
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _sqlite_file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database)


def _create_private(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _engine(url: URL, *, read_only: bool) -> Engine:
    make = _sqlite if url.get_backend_name() == "sqlite" else _postgresql
    return make(url, read_only=read_only)


def _connecting(url: URL, **how: Any) -> Engine:
    """Raises: InvalidInput where the driver is missing."""
    try:
        return create_engine(url, **how)
    except (ImportError, NoSuchModuleError) as error:
        raise InvalidInput("The driver of this database is not installed.",
                           hint="pip install 'neuronscope[postgresql]'") from error


def _postgresql(url: URL, *, read_only: bool) -> Engine:
    engine = _connecting(
        url, pool_pre_ping=True, connect_args={"options": "-c synchronous_commit=on"},
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY" if read_only else
                                   f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")

    return engine


def _sqlite(url: URL, *, read_only: bool) -> Engine:
    engine = create_engine(url, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below, not in the driver
        for pragma in _pragmas(read_only):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.create_function("folded", 1, folded, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _pragmas(read_only: bool) -> list[str]:
    shared = [f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"]
    if read_only:
        return [*shared, "query_only=ON"]
    return [*shared, "journal_mode=WAL", "synchronous=FULL"]
