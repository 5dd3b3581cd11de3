"""HTTP as the server speaks it: bounded in time, and with problems for what is no HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from neuronscope.api.problems import MEDIA_TYPE, NO_STORE, POLICY
from neuronscope.errors import MalformedRequest
from neuronscope.service.explain import as_problem

OPEN_REQUESTS_S = 3
"""On stopping, open requests have so long to end."""


class BoundedHttp(H11Protocol):
    """Closes connections that keep it waiting for a request.

    head_s: so long the head of a request may take, and what is left of a body that has been
    refused. body_s: so long may pass between two pieces of a body. The length of a head is
    bounded by h11 (64 KiB), that of a body by its route.
    """

    head_s, body_s = 30.0, 60.0
    awaited = ""
    patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait("", 0)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is answered in the form of everything else that is refused."""
        error = MalformedRequest("This is no request of HTTP/1.1.")
        body = json.dumps(as_problem(error)).encode()
        headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)),
                   "Connection": "close", **NO_STORE, **POLICY}
        start = h11.Response(status_code=error.status, headers=list(headers.items()),
                             reason=b"Bad Request")
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in (start, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event))
        self.transport.close()

    def _watch(self) -> None:
        """Sets the clock for what is awaited now; only a body's is set back by each piece."""
        state = self.conn.their_state
        if self.transport.is_closing():
            self._wait("", 0)
        elif state is h11.SEND_BODY and self.conn.our_state is not h11.DONE:
            self._wait("body", self.body_s)
        elif state is h11.SEND_BODY or state is h11.IDLE:
            what = "head" if state is h11.IDLE else "rest"
            if self.awaited != what:
                self._wait(what, self.head_s)
        else:
            self._wait("", 0)

    def _wait(self, what: str, limit_s: float) -> None:
        if self.patience is not None:
            self.patience.cancel()
        self.awaited = what
        self.patience = self.loop.call_later(limit_s, self.transport.close) if what else None
