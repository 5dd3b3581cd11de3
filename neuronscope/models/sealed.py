"""Small JSON files of a folder, sealed with a key that the folder holds.

A seal shows that a file was written through this module with the folder's key. It does not keep
out somebody who can read the folder; what is read is checked again where that is possible.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from pathlib import Path
from typing import Any

from neuronscope.spec.hashing import canonical
from neuronscope.wholefile import write_whole

KEY_FILE = "key"


class NotSealed(ValueError):
    """Why a file's content is not to be used."""


def unseal(folder: Path, name: str) -> Any | None:
    """What was kept under a name; None where nothing was.

    Raises: NotSealed where there is a file that cannot be used, with the reason.
    """
    try:
        raw = (folder / f"{name}.json").read_bytes()
    except OSError:
        return None
    try:
        secret = (folder / KEY_FILE).read_bytes()
    except OSError:
        raise NotSealed("the key of its folder cannot be read") from None
    try:
        data = json.loads(raw)
        body = data["body"]
        sealed = hmac.compare_digest(str(data["seal"]), _seal(secret, name, body))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotSealed("it cannot be read") from None
    if not sealed:
        raise NotSealed("its seal is not that of this folder")
    return body


def seal(folder: Path, name: str, body: Any) -> None:
    """Keeps a JSON value under a name. Raises: OSError, ValueError for what JSON has not."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps({"seal": _seal(_secret(folder), name, body), "body": body})
    write_whole(folder / f"{name}.json", text.encode("utf-8"))


def _secret(folder: Path) -> bytes:
    """The folder's key, which is made if absent. Raises: OSError."""
    path = folder / KEY_FILE
    if not (path.is_file() and path.stat().st_size):
        write_whole(path, secrets.token_hex(32).encode("ascii"))
    return path.read_bytes()


def _seal(secret: bytes, name: str, body: Any) -> str:
    """The body's authentication code under the key of its folder."""
    return hmac.new(secret, name.encode() + canonical(body), hashlib.sha256).hexdigest()
