"""Who may talk to the server: this machine, NeuronScope's own page, holders of the token.

A loopback address is reachable by every page that the user visits and by every user of the
machine. So each request must name this host (against DNS rebinding), must not come from
another site (against forged requests), and for data must carry the token (against other
users). Pure ASGI, before any route.
"""

from __future__ import annotations

import hmac
import ipaddress
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neuronscope.api.problems import NO_STORE, POLICY, problem_response
from neuronscope.errors import (
    HostNotAllowed,
    MalformedRequest,
    NeuronScopeError,
    OriginNotAllowed,
    Unauthorized,
)

API = "/api"
OPEN = "/api/health"
"""What needs no token, and says less without it."""
DATA = (".json", ".csv")
"""How the address of a page ends where its data is asked for (see routes/pages.py)."""
KNOWS_TOKEN = "neuronscope.knows_token"
"""The member of a request's scope that says whether it carries the token."""
LOOPBACK = {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}
ANY_ADDRESS = {"0.0.0.0", "::"}
AUTHORITY = re.compile(
    r"(?:(?P<name>[A-Za-z0-9._-]+)|\[(?P<v6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?")
"""A host, by name or address, and a port; nothing else."""
OWN_SITES = {None, "same-origin", "none"}


class Security:
    """Checks host, origin and token of every request, and sets the security headers.

    token: what `Authorization: Bearer` must carry. host: where the server listens; an
    address that is not loopback is allowed as a host name too.
    """

    def __init__(self, app: ASGIApp, *, token: str, host: str) -> None:
        self._app = app
        self._token = token.encode()
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        sender = _with_headers(send, no_store=_is_api(scope["path"]))
        try:
            self._check(scope)
        except NeuronScopeError as error:
            await problem_response(error)(scope, receive, sender)
            return
        await self._app(scope, receive, sender)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            raise MalformedRequest("The request tells the length of its body twice.",
                                   hint="Send Content-Length, or Transfer-Encoding: chunked.")
        if not self._names_us(headers, scope):
            raise HostNotAllowed("The request's Host is not this server.",
                                 hint="Open it as http://localhost with the server's port.")
        if not _is_api(scope["path"]):
            return
        if not _from_own_site(headers):
            raise OriginNotAllowed("Pages of other sites may not use this server.")
        scope[KNOWS_TOKEN] = self._knows_token(headers)
        if scope["path"] != OPEN and not scope[KNOWS_TOKEN]:
            raise Unauthorized(
                "The access token is missing or wrong.",
                hint="Send `Authorization: Bearer <token>`; the token is in the file `token` "
                     "in the data folder, and in the address that the server prints.",
            )

    def _names_us(self, headers: Headers, scope: Scope) -> bool:
        hosts = headers.getlist("host")
        return len(hosts) == 1 and _is_here(hosts[0], scope, self._host)

    def _knows_token(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self._token)
        return right and scheme.lower() == "bearer"


def _is_api(path: str) -> bool:
    """Whether an address gives data; the page's own files do not end so."""
    return path == API or path.startswith(f"{API}/") or path.endswith(DATA)


def _port(scope: Scope) -> int:
    server = scope.get("server")
    default = 443 if scope.get("scheme") == "https" else 80
    return server[1] if server and server[1] else default


def _is_here(authority: str, scope: Scope, bound: str) -> bool:
    """Whether `host[:port]` names a loopback address, or the bound one, and this port.

    Where the server listens on every address of the machine, the one that the connection
    came in at is named: other pages reach it by their own names only.
    """
    parts = AUTHORITY.fullmatch(authority)
    if parts is None or int(parts["port"] or 80) != _port(scope):
        return False
    name = (parts["name"] or parts["v6"]).lower()
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address in LOOPBACK or name == bound or (
        bound in ANY_ADDRESS and address == ipaddress.ip_address(scope["server"][0]))


def _from_own_site(headers: Headers) -> bool:
    if headers.get("sec-fetch-site") not in OWN_SITES:
        return False
    origin = headers.get("origin")
    return origin is None or origin == f"http://{headers['host']}"


def _with_headers(send: Send, *, no_store: bool) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(POLICY)
            if no_store:
                headers.update(NO_STORE)
        await send(message)

    return sender
