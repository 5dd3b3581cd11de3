"""Settings: a value that is passed on, never a global."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

PREFIX = "NEURONSCOPE_"
LAST_PORT = 65535
LEAST = {"max_cells": 1, "max_capture": 1, "sweep_memory": 0, "max_queue": 1, "max_body": 1,
         "max_import": 1}
TOKEN = re.compile("[A-Za-z0-9._~-]{32,}")
"""What an access token may be: characters that an address may hold, 192 bits if drawn at random."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, with its default.

    data: folder of the database, the token and the lock.
    models: folder with model folders, or itself a model folder.
    database_url: SQLAlchemy URL; empty means SQLite in `data`.
    host, port: where the server listens.
    token: access token, at least 32 characters; empty means one is made and kept in `data`.
    device, dtype: what a model is loaded on and as; `auto` chooses.
    device_map, max_memory, offload_folder, quantization: for models that one device does not
    hold; empty is none. See neuronscope.models.options.
    max_cells: largest sweep that is accepted.
    max_capture: bytes of the largest capture's tensors.
    sweep_memory: bytes that a sweep may take beside the model; 0 chooses.
    max_queue: jobs that may wait before new ones are answered 503.
    max_body: largest request body, bytes.
    max_import: largest bundle that is taken in over REST, bytes.
    """

    data: Path = Path(".neuronscope")
    models: Path = Path("LLM")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""
    device: str = "auto"
    dtype: str = "auto"
    device_map: str = ""
    max_memory: str = ""
    offload_folder: str = ""
    quantization: str = ""
    max_cells: int = 250_000
    max_capture: int = 1024**3
    sweep_memory: int = 0
    max_queue: int = 64
    max_body: int = 1024 * 1024
    max_import: int = 1024**3

    def __post_init__(self) -> None:
        """Raises: ValueError for a value that the setting cannot have."""
        if self.token and not TOKEN.fullmatch(self.token):
            raise ValueError("token is too easily guessed, or not fit for an address: give at "
                             "least 32 letters, digits or any of -._~, or leave it empty and one "
                             "is made")
        if not 0 <= self.port <= LAST_PORT:
            raise ValueError(f"port {self.port} is none: ports are 0 to {LAST_PORT}, 0 being "
                             "any free one")
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} {getattr(self, name)} is too small: at least {least}")

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None, **given: object) -> Settings:
        """Defaults, overridden by `NEURONSCOPE_<NAME>` variables, overridden by `given`.

        Raises: ValueError for a variable that is not a setting, or not a number where one is due.
        """
        env = os.environ if env is None else env
        base = cls()
        values: dict[str, object] = {}
        for key, text in env.items():
            if not key.startswith(PREFIX):
                continue
            name = key[len(PREFIX):].lower()
            if name not in cls.__dataclass_fields__:
                known = ", ".join(PREFIX + field.upper() for field in cls.__dataclass_fields__)
                raise ValueError(f"{key} is not a setting; the settings are {known}")
            values[name] = _read(key, text, getattr(base, name))
        values.update({name: value for name, value in given.items() if value is not None})
        return replace(base, **values)  # type: ignore[arg-type]


def _read(key: str, text: str, default: object) -> object:
    """The value of an environment variable. Raises: ValueError where it is not of the kind."""
    if not isinstance(default, int):
        return type(default)(text) if isinstance(default, str) else Path(text)
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{key} is {text!r}, which is not a whole number") from None
