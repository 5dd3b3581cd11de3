"""The built page: its files, and `index.html` for addresses that the page itself resolves."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from neuronscope.api.files import WholeFile

WEB = Path(__file__).parent.parent / "web"
NOT_BUILT = (
    "The page has not been built. In the folder `frontend`: npm ci && npm run build\n"
    "The REST interface works without it: /api/openapi.json\n"
)


def add_page(app: FastAPI, folder: Path = WEB) -> None:
    """Answers what no route takes: from `folder`, and under /api with 404."""

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].lstrip("/")
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404)
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await _file(folder.resolve(), path)(scope, receive, send)

    app.router.default = page


def _file(folder: Path, path: str) -> Response:
    index = folder / "index.html"
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT, status_code=503)
    if (wanted := _within(folder, path)) is not None:
        return WholeFile(wanted)
    if "." in path.rsplit("/", 1)[-1]:
        raise HTTPException(404)
    return WholeFile(index, headers={"Cache-Control": "no-cache"})


def _within(folder: Path, path: str) -> Path | None:
    """The file of a path below the folder; None where there is none."""
    try:
        wanted = (folder / path).resolve()
        return wanted if wanted.is_relative_to(folder) and wanted.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None
