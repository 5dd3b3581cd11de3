"""Files that appear whole, or not at all, whatever is killed meanwhile, power cuts included."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Writes a file for its owner alone, in place of an earlier one; it is on disk on return.

    Raises: OSError; where that is before the file has its name, nothing has changed.
    """
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        put_in_place(Path(part), file)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise


def put_in_place(part: Path, file: Path) -> None:
    """Gives a closed file its name, in this order: its content on disk, the name, the folder.

    Raises: OSError.
    """
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    part.replace(file)
    synchronise(file.parent)


def make_folder(folder: Path) -> None:
    """Makes a folder for its owner alone where there is none; its name is on disk on return.

    Raises: OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    synchronise(folder.parent)


def synchronise(folder: Path) -> None:
    """Makes the names in a folder durable, where the system lets a folder be opened.

    Raises: OSError.
    """
    with suppress(PermissionError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def digest_of(file: Path) -> str:
    """The SHA-256 of a file's content, read piece by piece. Raises: OSError."""
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while piece := handle.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


class Checked:
    """Which files have the content that they should have.

    All of a file is read for that once, and again only where the system says that it changed.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[int, int, int]] = {}

    def holds(self, file: Path, sha256: str | None) -> bool:
        """Whether the file has this SHA-256 (None: it is not known). Raises: OSError."""
        found = file.stat()
        stamp = found.st_ino, found.st_size, found.st_mtime_ns
        if self._seen.get(file) != stamp:
            if sha256 is not None and digest_of(file) != sha256:
                return False
            self._seen[file] = stamp
        return True
