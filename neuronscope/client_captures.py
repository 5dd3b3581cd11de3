"""The captures of a running server: what `Lab.captures` offers, over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from neuronscope.errors import StorageError
from neuronscope.spec.captured import Captured
from neuronscope.spec.captures import CapturePage, CaptureRecord

Send = Callable[..., httpx.Response]
"""Sends a request; raises what the server's problem stands for."""


class ClientCaptures:
    """Reads and deletes a server's captures."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def get(self, key: str) -> CaptureRecord:
        """A stored capture by id or hash. Raises: NotFound, Gone."""
        return CaptureRecord.model_validate_json(
            self._send("GET", f"/api/captures/{key}").content)

    def page(self, *, q: str = "", cursor: str | None = None, limit: int = 50,
             **chosen: Any) -> CapturePage:
        """Newest first; `q` searches prompts and titles.

        chosen: `model`, `since`, `until` (ISO 8601, UTC). Raises: InvalidField.
        """
        given = {"q": q, "limit": limit, "cursor": cursor, **chosen}
        return CapturePage.model_validate_json(self._send("GET", "/api/captures", params={
            name: value for name, value in given.items() if value is not None}).content)

    def open(self, key: str) -> Captured:
        """A stored capture with its arrays, each fetched when it is asked for.

        Raises: NotFound, Gone.
        """
        record = self.get(key)
        return Captured(record.data, Remote(record, self._send))

    def delete(self, key: str) -> None:
        """Remove a capture with its tensors. Raises: NotFound, Gone."""
        self._send("DELETE", f"/api/captures/{key}")


class Remote(Mapping[str, np.ndarray]):
    """Arrays on a server."""

    def __init__(self, record: CaptureRecord, send: Send) -> None:
        self._send, self._address = send, f"/api/captures/{record.id}"
        kept = record.data.entries if record.data.spec.tensors else ()
        self._names = [entry.name for entry in kept]

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        return self

    def save(self, path: Path) -> None:
        answer = self._send("GET", self._address, headers={"Accept": "application/x-safetensors"})
        try:
            path.write_bytes(answer.content)
        except OSError as error:
            raise StorageError(f"The file of tensors could not be written ({error.strerror}).",
                               hint="Check the folder and its permissions.") from error

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        answer = self._send("GET", self._address, params={"entry": name},
                            headers={"Accept": "application/x-npy"})
        return np.load(BytesIO(answer.content), allow_pickle=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
