"""Bundles on their way out and in: sent while they are written, received into a file."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, BinaryIO

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from neuronscope.errors import BodyTooLarge, UnsupportedMediaType
from neuronscope.service.exporting import Export
from neuronscope.service.importing import write

ZIP = "application/zip"
BINARY = {"type": "string", "format": "binary"}
TOTAL = "NeuronScope-Experiments"
"""The header that tells how many experiments an export will have."""
BUNDLE_ANSWERS: dict[int | str, dict[str, Any]] = {200: {
    "description": "A bundle, as `neuronscope import` takes it in. It is written while it is "
                   "sent; one that is broken off is no bundle.",
    "content": {ZIP: {"schema": BINARY}},
    "headers": {TOTAL: {"schema": {"type": "integer"},
                        "description": "How many experiments were chosen"}}}}
BUNDLE_BODY = {"requestBody": {"required": True, "content": {ZIP: {"schema": BINARY}}}}
PIECE = 1 << 20


def streamed(export: Export, name: str) -> StreamingResponse:
    """The answer; a receiver that closes the connection ends the export."""
    return StreamingResponse(export.pieces(), media_type=ZIP, headers={
        TOTAL: str(len(export)),
        "Content-Disposition": f'attachment; filename="{name}.neuronscope.zip"'})


class BundleRoute(APIRoute):
    """A route whose body is a bundle: which is neither JSON nor what a foreign form can send."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            media = request.headers.get("content-type", "").partition(";")[0]
            if request.method == "POST" and media.strip().lower() != ZIP:
                raise UnsupportedMediaType("The body must be a bundle.",
                                           hint=f"Send `Content-Type: {ZIP}`.")
            return await answer(request)

        return handle


async def receive(request: Request, file: BinaryIO, limit: int) -> None:
    """Writes a request's body to a file, at most `limit` bytes. Raises: BodyTooLarge, StorageError.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    waiting, received = bytearray(), 0
    async for chunk in request.stream():
        waiting += chunk
        received += len(chunk)
        if received > limit:
            raise _too_large(limit)
        if len(waiting) >= PIECE:
            await run_in_threadpool(write, file, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(write, file, bytes(waiting))


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The bundle is larger than {limit} bytes.",
                        hint="A larger limit can be set: NEURONSCOPE_MAX_IMPORT; "
                             "`neuronscope import` without a server has none.")
