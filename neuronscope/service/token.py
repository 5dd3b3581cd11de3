"""The access token: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuronscope.errors import InvalidInput, StorageError, StorageFull
from neuronscope.settings import Settings
from neuronscope.store.database import FILE_NAME as DATABASE_NAME
from neuronscope.wholefile import write_whole

FILE_NAME = "token"
LOCK_NAME = "lock"
N_BYTES = 32


def access_token(settings: Settings) -> str:
    """The token of the settings, or that of the data folder, which is made if absent.

    Raises: as `private_folder`.
    """
    if settings.token:
        return settings.token
    private_folder(settings.data)
    file = settings.data / FILE_NAME
    with usable(settings.data):
        if not (file.is_file() and file.read_bytes().strip()):
            write_whole(file, f"{secrets.token_urlsafe(N_BYTES)}\n".encode("ascii"))
        return file.read_text(encoding="ascii").strip()


def private_folder(folder: Path) -> None:
    """Makes a data folder, or closes an existing one, for everyone but its owner.

    The lock's file is the first in it, and marks it. A folder that has other things in it, but
    no such file, is someone else's, and stays as it is.
    Raises: InvalidInput for such a folder, or one that cannot be made; StorageFull.
    """
    with usable(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not is_ours(folder):
            raise InvalidInput(
                f"The folder {str(folder)!r} has other things in it and is no data folder of "
                "NeuronScope, which would close it to other users.",
                hint="Name a new or an empty folder with --data, such as one within it.")
        folder.chmod(0o700)
        os.close(private(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT))


def is_ours(folder: Path) -> bool:
    """Whether a folder is empty, or holds a lock or database of NeuronScope. Raises: OSError."""
    names = {each.name for each in folder.iterdir()}
    return not names or bool(names & {LOCK_NAME, DATABASE_NAME})


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Says what the system has against a data folder.

    Raises: InvalidInput; StorageFull where space is lacking.
    """
    try:
        yield
    except OSError as error:
        told = f"The data folder {str(folder)!r} cannot be used ({error.strerror})."
        if isinstance(full := StorageError.of(error, told), StorageFull):
            raise full from None
        raise InvalidInput(told, hint="Name a folder that you can write to with --data.") from None


def private(file: str | Path, flags: int) -> int:
    """Opens a file that its owner alone can read and write, whatever the umask.

    Raises: OSError.
    """
    descriptor = os.open(file, flags, 0o600)
    if os.name == "posix" and flags & os.O_CREAT:
        os.fchmod(descriptor, 0o600)
    return descriptor
