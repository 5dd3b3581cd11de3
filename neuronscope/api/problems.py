"""Every error as RFC 9457 `application/problem+json`, without the sender's input."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Match

from neuronscope.errors import (
    Busy,
    InvalidField,
    MalformedRequest,
    MethodNotAllowed,
    NeuronScopeError,
    NotFound,
    Unauthorized,
)
from neuronscope.service.explain import as_failure, as_problem, explain

MEDIA_TYPE = "application/problem+json"
POLICY = {
    "Content-Security-Policy":
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""The security headers of every answer."""
NO_STORE = {"Cache-Control": "no-store"}
"""Beside them, of every answer that is not the page."""


class Problem(BaseModel):
    """What went wrong. `code` is stable; `pointer` is a JSON pointer into the body."""

    type: str = Field(description="`/problems/` and the code")
    title: str
    status: int
    code: str
    detail: str
    pointer: str = ""
    hint: str = ""


def problem_response(error: NeuronScopeError) -> Response:
    """The response for an error, with the headers that its status calls for.

    The security headers are among them: an unexpected error is answered outside `Security`.
    """
    return JSONResponse(as_problem(error), status_code=error.status, media_type=MEDIA_TYPE,
                        headers=POLICY | NO_STORE | _headers(error))


def add_handlers(app: FastAPI) -> None:
    """Replaces FastAPI's own error answers, which repeat the input."""
    app.add_exception_handler(NeuronScopeError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _headers(error: NeuronScopeError) -> dict[str, str]:
    match error:
        case Busy():
            return {"Retry-After": str(error.retry_after_s)}
        case MethodNotAllowed():
            return {"Allow": error.allow}
        case MalformedRequest():
            return {"Connection": "close"}
        case Unauthorized():
            return {"WWW-Authenticate": "Bearer"}
        case _:
            return {}


def _methods(request: Request) -> list[str]:
    """The methods that routes take at the request's address."""
    return [method for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
            if any(route.matches({**request.scope, "method": method})[0] is Match.FULL
                   for route in request.app.routes)]


async def _own(_request: Request, error: Any) -> Response:
    return problem_response(error)


async def _left(_request: Request, _error: Exception) -> Response:
    """The sender has gone before the end of its request: nobody reads the answer."""
    return problem_response(MalformedRequest("The request was broken off."))


async def _unexpected(_request: Request, error: Exception) -> Response:
    return problem_response(as_failure(error))


async def _invalid(_request: Request, error: Any) -> Response:
    """Of a parameter: a body has been checked before (`StrictRoute`)."""
    item = error.errors()[0]
    found = explain([item | {"loc": ()}], None)
    return problem_response(InvalidField(
        f"The {item['loc'][0]} parameter `{item['loc'][-1]}` is not valid. {found.detail}"))


async def _http(request: Request, error: Any) -> Response:
    if error.status_code == 405:
        allow = ", ".join(_methods(request)) or (error.headers or {}).get("Allow", "")
        return problem_response(MethodNotAllowed(f"This address takes {allow}.", allow=allow))
    if error.status_code == 404:
        return problem_response(NotFound("There is nothing at this address.",
                                         hint="The addresses are listed at /api/openapi.json."))
    return problem_response(InvalidField("The request is not valid."))
