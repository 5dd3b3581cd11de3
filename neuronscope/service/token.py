"""The access token: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from neuronscope.settings import Settings

FILE_NAME = "token"
N_BYTES = 32


def access_token(settings: Settings) -> str:
    """The token of the settings, or that of the data folder, which is made if absent."""
    if settings.token:
        return settings.token
    private_folder(settings.data)
    file = settings.data / FILE_NAME
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text(encoding="ascii").strip()
    token = secrets.token_urlsafe(N_BYTES)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(f"{token}\n")
    return token


def private_folder(folder: Path) -> None:
    """Makes the folder, or closes an existing one, for everyone but its owner."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
