"""Bundles from and to a running server, in pieces: their size does not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from neuronscope.client_http import check, unreachable
from neuronscope.errors import NotFound
from neuronscope.service.bundles import PIECE, Bundle
from neuronscope.service.exporting import whole
from neuronscope.spec.bundle import Manifest, Taken
from neuronscope.store.history import Filter

PATIENT = httpx.Timeout(60.0, read=None)
"""A large bundle is checked for minutes before the server answers, and a run may wait in its
queue; a server that ends closes the connection."""

Told = Callable[[int], None]


def asked(experiments: Iterable[str], captures: Iterable[str], chosen: Filter | None
          ) -> dict[str, Any]:
    """The query parameters of an export."""
    filters = {} if chosen is None else {
        name: value for name, value in asdict(chosen).items() if value not in (None, "")}
    return {"id": list(experiments), "capture": list(captures), **filters,
            "all": chosen is not None and not filters}


def fetch(http: httpx.Client, path: Path, chosen: dict[str, Any], told: Told | None) -> Manifest:
    """Writes the bundle that a server makes of what is asked. Raises: as `Client.export`."""

    def pieces(response: httpx.Response) -> Iterator[bytes]:
        for piece in response.iter_raw(PIECE):
            yield piece
            if told is not None:
                told(response.num_bytes_downloaded)

    try:
        with http.stream("GET", "/api/export", params=chosen, timeout=PATIENT) as response:
            check(response)
            whole(path, pieces(response))
    except httpx.TransportError as error:
        raise unreachable(error) from None
    with Bundle(path) as bundle:
        return bundle.manifest


def send(http: httpx.Client, path: Path) -> Taken:
    """Sends a bundle. Raises: NotFound for a file that cannot be read; as `Client.take_in`."""
    try:
        with path.open("rb") as file:
            response = http.post("/api/import", content=file, timeout=PATIENT, headers={
                "Content-Type": "application/zip"})
    except OSError:
        raise NotFound(f"The file {path.name!r} cannot be read.") from None
    except httpx.TransportError as error:
        raise unreachable(error) from None
    check(response)
    return Taken.model_validate_json(response.content)
