"""Bytes on a socket that no client library would send."""

from __future__ import annotations

import json
import socket
import time

import pytest

from neuronscope.api.http import BoundedHttp

JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture
def talk(server):
    """Sends bytes, after the headers that every request needs, and returns all that comes."""
    port = server.lab.settings.port
    own = f"Host: localhost:{port}\r\nAuthorization: Bearer {server.token}\r\n".encode()

    def call(first: bytes, rest: bytes = b"", *, headers: bytes = own, within_s: float = 20):
        with socket.create_connection(("127.0.0.1", port), timeout=within_s) as connection:
            connection.sendall(first + b"\r\n" + headers + rest)
            return received(connection)

    return call


def received(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def parted(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}, body


@pytest.mark.parametrize("rest", [
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", b"Content-Length: -5\r\n\r\n",
    b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", b"Content-Length: 0x5\r\n\r\nhello",
    b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"X: a\0b\r\n\r\n", b"X : a\r\n\r\n",
    b"X\xff: a\r\n\r\n", b"X: " + b"a" * 200_000 + b"\r\n\r\n", b"no colon\r\n\r\n"])
def test_what_is_no_http_is_a_problem_and_the_end_of_the_connection(talk, rest):
    answers = talk(b"POST /api/tokenize HTTP/1.1", JSON + rest)
    status, headers, body = parted(answers)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["code"] == "malformed-request"
    assert headers["x-content-type-options"] == "nosniff" and headers["connection"] == "close"


@pytest.mark.parametrize("first", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /\xff HTTP/1.1", b"GET /api/health",
    b"GET /a b HTTP/1.1", b"get", b"PRI * HTTP/2.0", b"\0\0\0\0"])
def test_another_protocol_is_refused(talk, first):
    assert parted(talk(first, b"\r\n"))[0] in {400, 403, 404, 405}


def test_a_body_with_two_lengths_is_refused_and_what_follows_it_is_not_read(talk):
    """The way to smuggle a request past a proxy that counts otherwise."""
    hidden = b"GET /api/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answers = talk(b"POST /api/tokenize HTTP/1.1",
                   JSON + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + hidden)
    status, _, body = parted(answers)
    assert status == 400 and json.loads(body)["code"] == "malformed-request"
    assert answers.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("target", [
    b"http://evil.example/api/models", b"//api/models", b"/x/../api/models", b"/API/models",
    b"/api;x/models", b"/api%2fmodels", b"/./api/models", b"/%61pi/models", b"/api/models%00"])
def test_no_spelling_of_an_address_gets_past_the_token(talk, server, target):
    port = server.lab.settings.port
    host = f"Host: localhost:{port}\r\nConnection: close\r\n".encode()
    status, headers, body = parted(talk(b"GET " + target + b" HTTP/1.1", b"\r\n", headers=host))
    page = headers["content-type"].startswith("text/html")
    assert page or status in {401, 404, 503}, (status, body)


@pytest.mark.parametrize("length", [300, 5000, 60_000])
@pytest.mark.parametrize("end", [b"", b".js", b"/x"])
def test_an_address_that_no_file_can_have_is_none(talk, length, end):
    first = b"GET /" + b"a" * length + end + b" HTTP/1.1"
    assert parted(talk(first, b"Connection: close\r\n\r\n"))[0] in {200, 404, 503}


def test_a_request_that_is_broken_off_leaves_the_server_well(server, caplog):
    port = server.lab.settings.port
    head = (f"POST /api/tokenize HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer "
            f"{server.token}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + b'{"prompt":')
    assert server.client.post("/api/tokenize", json={"prompt": "w3"}).status_code == 200
    assert "Exception" not in caplog.text


@pytest.mark.parametrize("sent", [b"", b"GET /api/he", b"GET /api/health HTTP/1.1\r\nX: "])
def test_a_head_that_does_not_come_is_not_waited_for(server, monkeypatch, sent):
    monkeypatch.setattr(BoundedHttp, "head_s", 0.3)
    with socket.create_connection(("127.0.0.1", server.lab.settings.port), 60) as connection:
        connection.sendall(sent)
        assert received(connection) == b""


def test_a_head_that_comes_byte_by_byte_has_no_more_time(server, monkeypatch):
    monkeypatch.setattr(BoundedHttp, "head_s", 0.5)
    with socket.create_connection(("127.0.0.1", server.lab.settings.port), 60) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(600):
                connection.sendall(b"X: a\r\n")
                time.sleep(0.1)


@pytest.mark.parametrize("token", [True, False])
def test_a_body_that_does_not_come_is_not_waited_for(talk, server, monkeypatch, token):
    """Nor is that of a request which has been refused already."""
    monkeypatch.setattr(BoundedHttp, "body_s", 0.3)
    monkeypatch.setattr(BoundedHttp, "head_s", 0.3)
    own = f"Host: localhost:{server.lab.settings.port}\r\n".encode()
    proof = f"Authorization: Bearer {server.token}\r\n".encode() if token else b""
    answer = talk(b"POST /api/tokenize HTTP/1.1", JSON + b"Content-Length: 100\r\n\r\n{",
                  headers=own + proof, within_s=60)
    assert parted(answer)[0] == 401 if not token else answer == b""


def test_an_open_answer_is_not_cut_short(server, monkeypatch):
    """The bounds are for requests: a job that takes long is waited for."""
    monkeypatch.setattr(BoundedHttp, "head_s", 0.2)
    monkeypatch.setattr(BoundedHttp, "body_s", 0.2)
    health = server.lab.health

    def slow():
        time.sleep(0.8)
        return health()

    monkeypatch.setattr(server.lab, "health", slow)
    assert server.client.get("/api/health").status_code == 200
