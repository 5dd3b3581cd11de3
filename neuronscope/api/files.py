"""Files as answers."""

from __future__ import annotations

from typing import Any

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

RANGES = {b"range", b"if-range"}


class WholeFile(FileResponse):
    """A file that is always sent whole: `Range` is ignored, as HTTP allows (RFC 9110, 14.2).

    What is wrong with a range would else be answered as plain text, not as a problem.
    """

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.headers["accept-ranges"] = "none"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = [pair for pair in scope["headers"] if pair[0] not in RANGES]
        await super().__call__({**scope, "headers": kept}, receive, send)
