"""Every address of the interface, against everyone who should not get through.

The addresses come from the application's own routes: a new one cannot be forgotten.
"""

from __future__ import annotations

import re
import socket

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts

from neuronscope.api.app import create_app, document
from neuronscope.api.security import _is_here
from neuronscope.settings import Settings

HEALTH = ("GET", "/api/health")


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """(method, address) of every route that the application has, told of or not."""
    return [(method, re.sub(r"\{[\w:]+\}", "0" * 16, route.path))
            for route in iter_route_contexts(app.routes)
            for method in sorted(route.methods or {"GET"}) if method != "HEAD"]


@pytest.fixture(scope="session")
def addresses(tmp_path_factory):
    app = create_app(Settings(data=tmp_path_factory.mktemp("routes")))
    found = routes_of(app)
    told = {(method.upper(), re.sub(r"\{\w+\}", "0" * 16, path))
            for path, methods in document(app)["paths"].items() for method in methods}
    assert len(found) > 20 and HEALTH in found and told < set(found)
    assert len(set(found)) == len(found) and ("GET", "/api/openapi.json") in found
    return [*found, ("GET", "/api/nothing"), ("POST", "/api")]


def test_a_route_that_the_document_does_not_tell_of_is_held_to_all_this(tmp_path):
    app, router = create_app(Settings(data=tmp_path)), APIRouter(include_in_schema=False)
    for place in (app, router):
        place.add_api_route("/api/hidden/{key}" if place is app else "/deeper", lambda: None,
                            methods=["POST"], include_in_schema=False)
    app.include_router(router, prefix="/api")
    app.mount("/api/mounted", FastAPI(openapi_url=None))
    assert {("POST", "/api/hidden/" + "0" * 16), ("POST", "/api/deeper"),
            ("GET", "/api/mounted")} <= set(routes_of(app))


def send(server, method, path, **headers):
    return server.bare.request(method, path, headers={
        name.replace("_", "-"): value for name, value in headers.items()})


def expect(answer, status, code):
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    headers(answer)
    assert answer.headers["cache-control"] == "no-store"


def headers(answer):
    assert answer.headers["content-security-policy"] == (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_without_the_token_nothing_but_health_answers(server, addresses):
    for method, path in addresses:
        if (method, path) == HEALTH:
            assert send(server, method, path).status_code == 200
            continue
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"},
                      {"Authorization": server.token}, {"Authorization": f"Basic {server.token}"},
                      {"Authorization": f"Bearer {server.token}x"}):
            answer = send(server, method, path, **given)
            expect(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"


def test_another_host_name_is_refused_everywhere(server, addresses):
    port = server.lab.settings.port
    for method, path in [*addresses, ("GET", "/"), ("GET", "/assets/x.js")]:
        for host in ("evil.example", f"evil.example:{port}", f"localhost.evil.example:{port}",
                     f"localhost:{port + 1}", "localhost", f"127.0.0.2:{port}", f"0.0.0.0:{port}",
                     f"127.1:{port}", f"[::2]:{port}", f"localhost@evil.example:{port}",
                     f"localhost:{port}.evil.example", f"localhost.:{port}", f"[::1]x:{port}",
                     f"user:pass@localhost:{port}", f"localhost:{port}@evil.example",
                     f"[::ffff:127.0.0.1]:{port}", f"[::1%25lo]:{port}", f"127.0.0.1.:{port}",
                     f"2130706433:{port}", f"0x7f.1:{port}", f"localhost:{port}, evil.example",
                     f"localhost:{port}/x", f"localhost:{port}#x", f"[localhost]:{port}", ""):
            answer = send(server, method, path, Host=host,
                          Authorization=f"Bearer {server.token}")
            assert (answer.status_code, answer.json().get("code")) == (
                403, "host-not-allowed"), (host, path, answer.text[:300])


def test_where_every_address_is_served_the_one_that_was_reached_may_be_named():
    """No name: other pages reach it by names of theirs (DNS rebinding)."""
    scope = {"server": ("192.168.1.7", 8000)}
    for name, bound in (("192.168.1.7", "0.0.0.0"), ("192.168.1.7", "192.168.1.7"),
                        ("localhost", "0.0.0.0"), ("127.0.0.1", "0.0.0.0")):
        assert _is_here(f"{name}:8000", scope, bound)
    for name, bound in (("192.168.1.8", "0.0.0.0"), ("evil.example", "0.0.0.0"),
                        ("0.0.0.0", "127.0.0.1"), ("192.168.1.7", "127.0.0.1")):
        assert not _is_here(f"{name}:8000", scope, bound)


def test_every_method_that_an_address_lacks_is_answered_with_those_that_it_has(server, addresses):
    methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X-OTHER"}
    known = [path for _, path in addresses
             if path not in ("/api", "/api/nothing", "/api/openapi.json")]
    for path in known:
        for method in methods - {each for each, other in addresses if other == path}:
            answer = send(server, method, path, Authorization=f"Bearer {server.token}",
                          X_NeuronScope="1")
            assert answer.status_code == 405, (method, path)
            headers(answer)
            taken = set(answer.headers["allow"].split(", "))
            assert {each for each, other in addresses if other == path} <= taken <= methods


def test_every_address_that_takes_a_body_bounds_it_and_takes_one_kind(server, bodies):
    assert len(bodies) >= 5
    for method, path, kind in bodies:
        for other in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                      "application/xml", "", f"{kind}x"):
            answer = send(server, method, path, Authorization=f"Bearer {server.token}",
                          Content_Type=other, X_NeuronScope="1")
            expect(answer, 415, "unsupported-media-type")
        port = server.lab.settings.port
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n"
                               f"Authorization: Bearer {server.token}\r\nContent-Type: {kind}\r\n"
                               f"Connection: close\r\nContent-Length: {10**15}\r\n\r\n".encode())
            assert b" 413 " in connection.recv(4096).split(b"\r\n")[0], path


@pytest.fixture(scope="session")
def bodies(tmp_path_factory):
    """(method, address, media type) of every operation with a body."""
    app = create_app(Settings(data=tmp_path_factory.mktemp("bodies")))
    return [(method.upper(), re.sub(r"\{\w+\}", "0" * 16, path), kind)
            for path, methods in document(app)["paths"].items()
            for method, operation in methods.items()
            for kind in operation.get("requestBody", {}).get("content", {})]


def test_answers_of_every_kind_carry_the_headers(server, addresses):
    try:
        for method, path in addresses:
            answer = send(server, method, path, Authorization=f"Bearer {server.token}",
                          X_NeuronScope="1", Content_Type="application/json")
            headers(answer)
            assert answer.headers["cache-control"] == "no-store"
    finally:
        server.lab.load("tiny")  # one of these addresses has unloaded it
    for path in ("/", "/history", "/assets/nothing.js"):
        headers(server.bare.get(path))


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
def test_the_names_of_this_machine_are_taken(server, name):
    assert send(server, *HEALTH, Host=f"{name}:{server.lab.settings.port}").status_code == 200


def test_two_host_headers_are_refused(server):
    port = server.lab.settings.port
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /api/health HTTP/1.1\r\nHost: localhost:{port}\r\n"
                           f"Host: evil.example\r\nConnection: close\r\n\r\n".encode())
        assert b" 200 " not in connection.recv(4096).split(b"\r\n")[0]


def test_other_sites_are_refused_everywhere_even_with_the_token(server, addresses):
    own = f"http://localhost:{server.lab.settings.port}"
    foreign = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
               {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": f"{own}.evil"},
               {"Origin": own.replace("http", "https")}, {"Origin": "http://localhost:5173"}]
    for method, path in addresses:
        for given in foreign:
            answer = send(server, method, path, Authorization=f"Bearer {server.token}", **given)
            expect(answer, 403, "origin-not-allowed")


def test_the_own_page_and_scripts_are_let_through(server):
    own = f"http://localhost:{server.lab.settings.port}"
    for given in ({}, {"Origin": own, "Sec-Fetch-Site": "same-origin"},
                  {"Sec-Fetch-Site": "none"}):
        answer = send(server, "GET", "/api/models", Authorization=f"Bearer {server.token}", **given)
        assert answer.status_code == 200
        headers(answer)


def test_a_link_from_another_site_may_open_the_page(server):
    answer = send(server, "GET", "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")
    assert answer.status_code in {200, 503}
    headers(answer)


def test_changes_need_json_or_the_header_that_no_form_can_send(server, addresses):
    changing = [pair for pair in addresses
                if pair[0] not in {"GET"} and pair[1] not in {"/api"}]
    assert len(changing) >= 9
    for method, path in changing:
        answer = send(server, method, path, Authorization=f"Bearer {server.token}",
                      Content_Type="text/plain")
        assert (answer.status_code, answer.json()["code"]) in {
            (415, "unsupported-media-type"), (403, "header-required")}, path


def test_preflight_is_not_answered(server):
    answer = send(server, "OPTIONS", "/api/experiments", Origin="http://evil.example",
                  Access_Control_Request_Method="POST")
    assert answer.status_code == 403
    headers(answer)


def test_no_socket_but_http(server):
    answer = server.bare.get("/api/health", headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
    assert answer.status_code != 101


@pytest.mark.parametrize("path", [
    "/../neuronscope/main.py", "/..%2f..%2fpyproject.toml", "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/../../main.py", "/%00", "//etc/passwd", "/x/%5c..%5c..%5cmain.py"])
def test_nothing_outside_the_page_is_served(server, path):
    port = server.lab.settings.port
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n"
                           "Connection: close\r\n\r\n".encode())
        text = b""
        while piece := connection.recv(65536):
            text += piece
    assert b"root:" not in text and b"import" not in text and b"[project]" not in text


def test_an_unexpected_failure_tells_nothing_of_itself(server, monkeypatch):
    def fails(*_: object):
        raise KeyError("/home/someone/secret")

    monkeypatch.setattr(server.lab, "models", fails)
    answer = send(server, "GET", "/api/models", Authorization=f"Bearer {server.token}")
    expect(answer, 500, "run-failed")
    assert "secret" not in answer.text


def test_the_interface_describes_itself_without_fetching_anything(server):
    answer = server.client.get("/api/openapi.json")
    assert isinstance(answer, httpx.Response) and answer.json()["openapi"].startswith("3.")
    for path in ("/docs", "/redoc"):
        assert "cdn" not in server.client.get(path).text
