"""One instance per data folder: a lock that the system frees when its holder ends."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from neuronscope.errors import DataFolderLocked
from neuronscope.service.token import LOCK_NAME, private, private_folder, usable

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
        if not _taken_within(self._file, PATIENCE_S):
            os.close(self._file)
            raise self._refusal()
        self.announce("")

    def announce(self, url: str) -> None:
        """Writes down who holds the folder, for the message to a second instance."""
        text = json.dumps({"pid": os.getpid(), "url": url})
        with open(self._holder, "w", encoding="utf-8", opener=private) as out:
            out.write(text)

    def release(self) -> None:
        """Frees the folder; once it is free, does nothing."""
        if self._file is None:
            return
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
