"""One experiment as a bundle that is downloaded."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from neuronscope.service.lab import Lab

ZIP = "application/zip"
BUNDLE_ANSWERS = {200: {"description": "A bundle, as `neuronscope import` takes it in",
                        "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}}


def bundle_of(lab: Lab, key: str) -> FileResponse:
    """The answer; its file is removed when it has been sent.

    Raises: NotFound, Gone, Conflict while the experiment runs, StorageError.
    """
    handle, name = tempfile.mkstemp(suffix=".zip", prefix="neuronscope-")
    os.close(handle)
    file = Path(name)
    with ExitStack() as undo:
        undo.callback(file.unlink, missing_ok=True)
        found, = lab.export(file, [key]).experiments
        undo.pop_all()
    return FileResponse(file, media_type=ZIP, filename=f"{found}.neuronscope.zip",
                        background=BackgroundTask(file.unlink, missing_ok=True))
