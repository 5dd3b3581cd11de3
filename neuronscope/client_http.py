"""What the client makes of a server's answers, events and files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from neuronscope.errors import (
    Busy,
    Conflict,
    NeuronScopeError,
    RunFailed,
    StorageError,
    catalogue,
)
from neuronscope.service.lock import HOLDER_NAME
from neuronscope.service.token import FILE_NAME


def check(response: httpx.Response) -> None:
    """Raises: what a problem that was answered stands for."""
    if response.is_error:
        response.read()
        try:
            raise error_of(response.json())
        except ValueError:
            raise RunFailed(f"The server answered {response.status_code}.") from None


def error_of(problem: dict[str, Any]) -> NeuronScopeError:
    """The error that a problem document stands for."""
    cls = catalogue().get(problem.get("code", ""), RunFailed)
    detail, hint = problem.get("detail", ""), problem.get("hint", "")
    if issubclass(cls, Busy):
        return cls(detail, hint=hint)
    error = cls.__new__(cls)
    NeuronScopeError.__init__(error, detail, hint=hint, pointer=problem.get("pointer", ""))
    return error


def frames(lines: Iterator[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, event, data) of each server-sent event."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif "event" in fields:
            yield fields.get("id", "0"), fields["event"], json.loads(fields["data"])
            fields = {}


def unreachable(error: httpx.TransportError) -> Conflict:
    """What a broken connection is told as."""
    return Conflict(f"The server does not answer ({type(error).__name__}).",
                    hint="Is it running? `neuronscope serve` starts one.")


def url_in(data: Path) -> str:
    """Where the server of a data folder listens. Raises: Conflict."""
    try:
        url = json.loads((data / HOLDER_NAME).read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        url = ""
    if not url:
        raise Conflict(f"No server uses the data folder {str(data)!r}.",
                       hint="Start one with `neuronscope serve`, or give its url.")
    return url


def token_in(data: Path) -> str:
    """The access token of a data folder. Raises: StorageError."""
    try:
        return (data / FILE_NAME).read_text(encoding="ascii").strip()
    except OSError:
        raise StorageError(f"The access token in {str(data)!r} cannot be read.",
                           hint="Give the token that the server printed.") from None
