"""The application: routes, errors, security and page around one `Lab`."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import FrameType
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.concurrency import run_in_threadpool

from neuronscope.api.deps import only_known_parameters
from neuronscope.api.http import OPEN_REQUESTS_S, BoundedHttp
from neuronscope.api.page import add_page
from neuronscope.api.problems import MEDIA_TYPE, Problem, add_handlers
from neuronscope.api.routes import (
    bundles,
    captures,
    experiments,
    jobs,
    models,
    pages,
    server,
    sweeps,
    vectors,
)
from neuronscope.api.security import Security
from neuronscope.api.sse import CellsEvent, EndEvent
from neuronscope.service.lab import Lab
from neuronscope.service.opening import open_served, settle
from neuronscope.service.token import access_token
from neuronscope.service.views import Progress
from neuronscope.settings import Settings
from neuronscope.version import __version__

ROUTERS = (server.router, models.router, experiments.router, sweeps.router, captures.router,
           jobs.router, vectors.router, bundles.router)
PROBLEM = {
    "description": "A problem (RFC 9457)",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
ONLY_IN_EVENTS = (Problem, Progress, CellsEvent, EndEvent)


def create_app(source: Lab | Settings, *, opened: Callable[[Lab], None] | None = None) -> FastAPI:
    """The application.

    source: an open lab, which the caller closes; or settings, from which a lab with the
    model in a process of its own is opened when the server starts and closed when it stops.
    opened: called with the lab that was opened so.
    """
    given = isinstance(source, Lab)
    settings = source.settings if given else source
    app = FastAPI(title="NeuronScope", version=__version__, openapi_url="/api/openapi.json",
                  docs_url=None, redoc_url=None, redirect_slashes=False,
                  lifespan=None if given else _opener(opened),
                  generate_unique_id_function=_operation, responses={"default": PROBLEM})
    app.state.settings = settings
    app.state.large_bodies = asyncio.Lock()
    if given:
        app.state.lab = source
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    for router in (*ROUTERS, pages.router):
        app.include_router(router, prefix="" if router is pages.router else "/api",
                           dependencies=[Depends(only_known_parameters)])
    add_handlers(app)
    add_page(app)
    app.add_middleware(Security, token=access_token(settings), host=settings.host)
    return app


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the models that only errors and events use."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes,
                             description="Causal experiments on language models.")
        pairs = [(model, "serialization") for model in ONLY_IN_EVENTS]
        _, extra = models_json_schema(pairs, ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"] = extra["$defs"] | schema["components"]["schemas"]
        schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"token": []}]
        app.openapi_schema = schema
    return app.openapi_schema


def _operation(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def _opener(opened: Callable[[Lab], None] | None) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        lab = await run_in_threadpool(open_served, app.state.settings)
        app.state.lab = lab
        _stop_with_server(lab)
        settle()
        if opened is not None:
            opened(lab)
        try:
            yield
        finally:
            await run_in_threadpool(lab.close)

    return lifespan


def _stop_with_server(lab: Lab) -> None:
    """Before the server's own handling of SIGTERM and Ctrl-C, ends the running job.

    Its event streams end with it. Otherwise the server would wait for them for ever.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        following = signal.getsignal(number)
        server = getattr(following, "__self__", None)
        if isinstance(server, uvicorn.Server):
            _bound(server.config)
        signal.signal(number, _first(lab, following))


def _bound(config: uvicorn.Config) -> None:
    """Sets what `neuronscope serve` sets, where `uvicorn` was started with nothing else.

    Without it an answer that nobody reads keeps the server from ending, and a request that does
    not come keeps its connection.
    """
    if config.timeout_graceful_shutdown is None:
        config.timeout_graceful_shutdown = OPEN_REQUESTS_S
    if config.http == "auto":
        config.http_protocol_class = BoundedHttp


def _first(lab: Lab, following: Any) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=lab.stop).start()
        if callable(following):
            following(number, frame)

    return handle
