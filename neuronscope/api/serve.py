"""`neuronscope serve`: binds, opens the lab, tells the address, stops gracefully."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
import threading
from contextlib import nullcontext
from dataclasses import replace
from types import FrameType
from typing import Any

import uvicorn

from neuronscope.api.app import create_app
from neuronscope.api.http import OPEN_REQUESTS_S, BoundedHttp
from neuronscope.api.opening import opened
from neuronscope.errors import Conflict, InvalidInput
from neuronscope.service.lab import Lab
from neuronscope.service.opening import open_served, settle
from neuronscope.service.token import access_token
from neuronscope.settings import Settings

PORTS_TRIED = 20
HTTP: dict[str, Any] = {"http": BoundedHttp, "ws": "none", "proxy_headers": False}
"""How uvicorn is to speak: no sockets but HTTP, and no headers of a proxy are believed."""
BY_HAND = "If no browser opens, or it may not read the file that leads there, open that address.\n"
"""A browser in a sandbox (snap, flatpak) reads no hidden folders, such as `.neuronscope`."""


def serve(settings: Settings, *, open_browser: bool = True, model: str | None = None,
          port_given: bool = False, allow_remote: bool = False) -> None:
    """Serves until it is interrupted.

    model: registry id to load; None for the default. port_given: the port was asked for,
    so no other is tried. allow_remote: listen on an address that others can reach.
    Raises: InvalidInput for a remote host that is not allowed, Conflict for a port in use,
        DataFolderLocked, NewerDatabase, StorageError, ModelNotFound.
    """
    _check_host(settings.host, allow_remote)
    sockets = _bind(settings.host, settings.port, 1 if port_given else PORTS_TRIED)
    try:
        port = sockets[0].getsockname()[1]
        settings = replace(settings, port=port)
        with open_served(settings, model) as lab:
            _run(lab, sockets, _address(settings), open_browser)
    finally:
        for each in sockets:
            each.close()


def page_address(settings: Settings) -> str:
    """The page's address with the token in its fragment, which browsers do not send."""
    return f"{_address(settings)}/#token={access_token(settings)}"


class _Server(uvicorn.Server):
    """Ends the running job first, so that its event streams end too; then exits with 0."""

    def __init__(self, config: uvicorn.Config, lab: Lab) -> None:
        super().__init__(config)
        self._lab = lab

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        threading.Thread(target=self._lab.stop).start()
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        settle()
        self._lab.announce(_address(self._lab.settings))


def _run(lab: Lab, sockets: list[socket.socket], address: str, open_browser: bool) -> None:
    url = page_address(lab.settings)
    config = uvicorn.Config(create_app(lab), log_level="warning", lifespan="off",
                            timeout_graceful_shutdown=OPEN_REQUESTS_S, server_header=False,
                            **HTTP)
    sys.stdout.write(f"NeuronScope is at {url}\n{BY_HAND if open_browser else ''}")
    sys.stdout.flush()
    with opened(url, lab.settings.data) if open_browser else nullcontext():
        _Server(config, lab).run(sockets=sockets)


def _address(settings: Settings) -> str:
    host = settings.host
    name = "localhost" if _is_loopback(host) else f"[{host}]" if ":" in host else host
    return f"http://{name}:{settings.port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_host(host: str, allow_remote: bool) -> None:
    if not _is_loopback(host) and not allow_remote:
        raise InvalidInput("The host is not this machine alone: others could reach the server.",
                           hint="Add --allow-remote if that is meant.")


def _bind(host: str, port: int, tries: int) -> list[socket.socket]:
    """Listening sockets on the first free port from `port` on; both loopbacks for localhost.

    Raises: Conflict.
    """
    addresses = ["127.0.0.1", "::1"] if host in {"localhost", "127.0.0.1"} else [host]
    for candidate in range(port, port + tries) if port else [0]:
        try:
            return _bind_all(addresses, candidate)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise InvalidInput("The host is not an address of this machine.") from None
    raise Conflict(f"Port {port} is in use.", hint="Choose another with --port.")


def _bind_all(addresses: list[str], port: int) -> list[socket.socket]:
    """One socket per address, on one port; ::1 is left out where there is no IPv6."""
    bound: list[socket.socket] = []
    for address in addresses:
        try:
            each = _listen(address, port or (bound[0].getsockname()[1] if bound else 0))
        except OSError as error:
            if bound and error.errno != errno.EADDRINUSE:
                continue
            for other in bound:
                other.close()
            raise
        bound.append(each)
    return bound


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sends at once (TCP_NODELAY) only where the protocol is named: 40 ms an answer
    each = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        each.bind((address, port))
    except OSError:
        each.close()
        raise
    return each
