"""Request bodies: JSON only, read strictly, never larger than the limit.

`StrictRoute` does this for every route that takes a body, and asks the others that change
something for a header that a foreign page cannot send without being asked first (CORS).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from neuronscope.errors import BodyTooLarge, HeaderRequired, UnsupportedMediaType
from neuronscope.service.explain import explain_validation
from neuronscope.service.strict_json import parse

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
INTENT_HEADER = "x-neuronscope"


LARGE = 32 * 1024
"""Bytes of a body that takes long enough to be noticed by others."""


class StrictRequest(Request):
    """A request whose JSON our own parser has read, and its type has taken."""

    checked: Any = None

    async def read(self, kind: TypeAdapter[Any], limit: int, turn: asyncio.Lock) -> None:
        """Reads, parses and checks the body. turn: of those that check a large one.

        Raises: UnsupportedMediaType, BodyTooLarge, and what `parse` and `explain` raise.
        """
        _check_type(self.headers.get("content-type", ""))
        declared = self.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        received = bytearray()
        async for chunk in self.stream():
            received += chunk
            if len(received) > limit:
                raise _too_large(limit)
        self._body = bytes(received)
        if len(received) < LARGE:
            self.checked = _checked(kind, self._body)
        else:
            async with turn:
                self.checked = await run_in_threadpool(_checked, kind, self._body)

    async def json(self) -> Any:
        return self.checked


class StrictRoute(APIRoute):
    """A route whose body is JSON, or which needs the header `X-NeuronScope` to change things."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        field = self.body_field
        kind = None if field is None else TypeAdapter(field.field_info.annotation)

        async def handle(request: Request) -> Response:
            if kind is not None:
                strict = StrictRequest(request.scope, request.receive)
                state = request.app.state
                await strict.read(kind, state.settings.max_body, state.large_bodies)
                return await answer(strict)
            if request.method not in SAFE_METHODS and INTENT_HEADER not in request.headers:
                raise HeaderRequired("A change without a body needs the header X-NeuronScope.",
                                     hint="Send `X-NeuronScope: 1`.")
            return await answer(request)

        return handle


def _checked(kind: TypeAdapter[Any], raw: bytes) -> Any:
    data = parse(raw)
    try:
        return kind.validate_python(data)
    except ValidationError as error:
        raise explain_validation(error, data) from None


def _check_type(content_type: str) -> None:
    sent = Message()
    sent["content-type"] = content_type
    charsets = {value for name, value in sent.get_params([]) if name.lower() == "charset"}
    if (sent.get_content_type() != "application/json"
            or not all(str(charset).lower() == "utf-8" for charset in charsets)):
        raise UnsupportedMediaType("The body must be JSON in UTF-8.",
                                   hint="Send `Content-Type: application/json`.")


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.",
                        hint="A larger limit can be set: NEURONSCOPE_MAX_BODY.")
