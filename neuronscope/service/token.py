"""The access token: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from neuronscope.settings import Settings
from neuronscope.wholefile import write_whole

FILE_NAME = "token"
N_BYTES = 32


def access_token(settings: Settings) -> str:
    """The token of the settings, or that of the data folder, which is made if absent."""
    if settings.token:
        return settings.token
    private_folder(settings.data)
    file = settings.data / FILE_NAME
    if not (file.is_file() and file.read_bytes().strip()):
        write_whole(file, f"{secrets.token_urlsafe(N_BYTES)}\n".encode("ascii"))
    return file.read_text(encoding="ascii").strip()


def private_folder(folder: Path) -> None:
    """Makes the folder, or closes an existing one, for everyone but its owner."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def private(file: str | Path, flags: int) -> int:
    """Opens a file that its owner alone can read and write, whatever the umask.

    Raises: OSError.
    """
    descriptor = os.open(file, flags, 0o600)
    if os.name == "posix" and flags & os.O_CREAT:
        os.fchmod(descriptor, 0o600)
    return descriptor
