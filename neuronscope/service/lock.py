"""One instance per data folder, and one per database: locks that the system frees when their
holder ends."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from neuronscope.errors import DataFolderLocked, NeuronScopeError, StorageError
from neuronscope.service.token import LOCK_NAME, private, private_folder, usable
from neuronscope.settings import Settings
from neuronscope.store.database import database_url, held, sqlite_file

HOLDER_NAME = "instance.json"
PATIENCE_S = 0.3
"""So long a lock is tried for: `is_free` may have it for an instant."""


class FolderLock:
    """Holds the data folder until `release`.

    Raises: DataFolderLocked, naming the instance that holds it; InvalidInput, StorageFull for a
        folder that cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        private_folder(folder)
        self._holder = folder / HOLDER_NAME
        with usable(folder):
            self._file: int | None = private(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT)
        self._also: list[Callable[[], None]] = []
        if not _taken_within(self._file, PATIENCE_S):
            os.close(self._file)
            raise self._refusal()
        self.announce("")

    def announce(self, url: str) -> None:
        """Writes down who holds the folder, for the message to a second instance."""
        text = json.dumps({"pid": os.getpid(), "url": url})
        with open(self._holder, "w", encoding="utf-8", opener=private) as out:
            out.write(text)

    def hold(self, free: Callable[[], None]) -> None:
        """Keeps something else as long; `free` is called on release."""
        self._also.append(free)

    def release(self) -> None:
        """Frees the folder and what is held with it; once it is free, does nothing."""
        if self._file is None:
            return
        while self._also:
            self._also.pop()()
        self._holder.unlink(missing_ok=True)
        os.close(self._file)
        self._file = None

    def _refusal(self) -> DataFolderLocked:
        return DataFolderLocked(f"The data folder is in use by {holder_of(self._holder.parent)}.",
                                hint="Stop it, or choose another data folder.")


def holder_of(folder: Path) -> str:
    """In words, who wrote down last that it holds the folder."""
    try:
        holder = json.loads((folder / HOLDER_NAME).read_text(encoding="utf-8"))
        return f"process {holder['pid']}" + (f" at {holder['url']}" if holder["url"] else "")
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def is_free(folder: Path) -> bool:
    """Whether no process holds the folder.

    To find out it is held for an instant, which others who look do not notice, and who takes
    the folder just then waits for.
    """
    if not (folder / LOCK_NAME).is_file():
        return True
    file = os.open(folder / LOCK_NAME, os.O_RDWR)
    try:
        _lock(file, shared=True)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


@contextmanager
def holding(settings: Settings) -> Iterator[FolderLock]:
    """The locks of a lab's data folder and of its database, until `release`; both are freed where
    the block raises one of our errors.

    Raises: DataFolderLocked; InvalidInput, StorageError of the database.
    """
    lock = FolderLock(settings.data)
    try:
        lock.hold(_database_lock(database_url(settings.database_url, settings.data)))
        yield lock
    except NeuronScopeError:
        lock.release()
        raise


def _database_lock(url: str) -> Callable[[], None]:
    """Holds a database, which two data folders might name, and returns what frees it.

    Of SQLite by a file beside it, wherever it is.
    Raises: DataFolderLocked, InvalidInput, StorageError.
    """
    refusal = DataFolderLocked("The database is in use by an instance with another data folder.",
                               hint="Stop it, or choose another database.")
    file = sqlite_file(url)
    if file is None:
        return held(url, refusal)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = file.resolve().with_name(f"{file.resolve().name}.{LOCK_NAME}")
        lock = private(beside, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise StorageError.of(error, "The lock beside the database cannot be made.",
                              hint="Check the permissions of its folder.") from None
    try:
        _lock(lock)
    except OSError:
        os.close(lock)
        raise refusal from None
    return lambda: os.close(lock)


def _taken_within(file: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            _lock(file)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _lock(file: int, *, shared: bool = False) -> None:
    """Takes an exclusive lock at once; a shared one where the system has them.

    Raises: OSError when another process holds it.
    """
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
