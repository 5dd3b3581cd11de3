"""Request bodies: JSON only, read strictly, never larger than the limit.

`StrictRoute` does this for every route that takes a body, and asks the others that change
something for a header that a foreign page cannot send without being asked first (CORS).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from neuronscope.errors import BodyTooLarge, HeaderRequired, UnsupportedMediaType
from neuronscope.service.strict_json import parse

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
INTENT_HEADER = "x-neuronscope"


class StrictRequest(Request):
    """A request whose JSON has been parsed by our own parser."""

    parsed: Any = None

    async def read(self, limit: int) -> None:
        """Reads and parses the body.

        Raises: UnsupportedMediaType, BodyTooLarge, and what `parse` raises.
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
        self.parsed = parse(self._body)

    async def json(self) -> Any:
        return self.parsed


class StrictRoute(APIRoute):
    """A route whose body is JSON, or which needs the header `X-NeuronScope` to change things."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handle(request: Request) -> Response:
            if takes_body:
                strict = StrictRequest(request.scope, request.receive)
                await strict.read(request.app.state.settings.max_body)
                return await answer(strict)
            if request.method not in SAFE_METHODS and INTENT_HEADER not in request.headers:
                raise HeaderRequired("A change without a body needs the header X-NeuronScope.",
                                     hint="Send `X-NeuronScope: 1`.")
            return await answer(request)

        return handle


def _check_type(content_type: str) -> None:
    media, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower()
    if media.strip().lower() != "application/json" or charset not in {"", "charset=utf-8"}:
        raise UnsupportedMediaType("The body must be JSON in UTF-8.",
                                   hint="Send `Content-Type: application/json`.")


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.",
                        hint="A larger limit can be set: NEURONSCOPE_MAX_BODY.")
