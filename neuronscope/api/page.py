"""The built page: its files, and `index.html` for addresses that the page itself resolves."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, PlainTextResponse, Response

from neuronscope.errors import NotFound

WEB = Path(__file__).parent.parent / "web"
NOT_BUILT = (
    "The page has not been built. In the folder `frontend`: npm ci && npm run build\n"
    "The REST interface works without it: /api/openapi.json\n"
)


def add_page(app: FastAPI, folder: Path = WEB) -> None:
    """Serves `folder` for every address outside /api. Added after all other routes."""

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            raise NotFound("There is nothing at this address.",
                           hint="The addresses are listed at /api/openapi.json.")
        return _file(folder.resolve(), path)


def _file(folder: Path, path: str) -> Response:
    index = folder / "index.html"
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT, status_code=503)
    if "\0" in path:
        raise NotFound("There is no such file.")
    wanted = (folder / path).resolve()
    if wanted.is_relative_to(folder) and wanted.is_file():
        return FileResponse(wanted)
    if "." in path.rsplit("/", 1)[-1]:
        raise NotFound("There is no such file.")
    return FileResponse(index, headers={"Cache-Control": "no-cache"})
