"""Real server processes: the address they print, a second instance, a graceful end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing, contextmanager

import httpx
import pytest

from neuronscope.api.serve import _bind, serve
from neuronscope.errors import Conflict, DataFolderLocked, InvalidInput
from neuronscope.main import asked_port
from neuronscope.settings import Settings
from tests.served import LONG, RUN_JSON, wait_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

SERVE = textwrap.dedent("""
    import sys
    from pathlib import Path
    from neuronscope.api.serve import serve
    from neuronscope.settings import Settings
    if __name__ == "__main__":
        settings = Settings(data=Path(sys.argv[1]), models=Path(sys.argv[2]), port=0)
        serve(settings, open_browser=False, model="tiny")
""")


@contextmanager
def process(*command: str, **env: str):
    """A server process, and the address and token of the line that it prints."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | env
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, env=environment) as running:
        try:
            line = running.stdout.readline()
            address = re.search(r"(http://localhost:\d+)/#token=(\S+)", line)
            assert address, line
            yield running, address[1], address[2]
        finally:
            running.kill()


def open_client(url: str, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}", "X-NeuronScope": "1"}
    return httpx.Client(base_url=url, headers=headers, timeout=60)


def end_with_a_stream_open(running, client) -> tuple[int, str, float]:
    """Sends SIGTERM during a sweep whose events are read: (exit code, last event, seconds)."""
    job = client.post("/api/sweeps", content=LONG.model_dump_json(),
                      headers={"Content-Type": "application/json"}).json()["job"]
    lines: list[str] = []

    def read():
        with client.stream("GET", f"/api/jobs/{job['id']}/events") as answer:
            lines.extend(line for line in answer.iter_lines() if line.startswith(("event", "data")))

    reader = threading.Thread(target=read)
    reader.start()
    wait_for(lambda: "event: cells" in lines)
    begun = time.monotonic()
    running.send_signal(signal.SIGTERM)
    code = running.wait(15)
    reader.join()
    assert lines[-2] == "event: end"
    return code, json.loads(lines[-1].removeprefix("data: "))["job"]["state"], \
        time.monotonic() - begun


def test_serve_prints_its_address_loads_the_model_and_ends_with_0(tmp_path, models):
    script = tmp_path / "server.py"
    script.write_text(SERVE)
    data = tmp_path / "data"
    with process(str(script), str(data), str(models)) as (running, url, token):
        assert token == (data / "token").read_text().strip()
        with closing(open_client(url, token)) as client:
            wait_for(lambda: answers(client))
            with pytest.raises(DataFolderLocked, match=rf"process {running.pid} at {url}"):
                serve(Settings(data=data, models=models, port=0), open_browser=False)
            wait_for(lambda: client.get("/api/health").json()["worker"] == "ready")
            assert client.post("/api/experiments", json=RUN_JSON).status_code == 201
            children = descendants(running.pid)
            code, state, seconds = end_with_a_stream_open(running, client)
    assert (code, state) == (0, "cancelled")
    assert seconds < 10
    wait_for(lambda: not any(map(exists, children)), 5)


def test_the_browser_is_led_to_the_page_by_a_file_and_told_no_token(tmp_path, models):
    """The arguments of a process can be read by every user of the machine."""
    browser, told, data = tmp_path / "browser", tmp_path / "told", tmp_path / "data"
    browser.write_text(f'#!/bin/sh\necho "$@" > {told}.part && mv {told}.part {told}\n')
    browser.chmod(0o700)
    command = ("-m", "neuronscope", "serve", "--port", "0", "--data", str(data), "--models",
               str(models), "--model", "tiny")
    with process(*command, BROWSER=f"{browser} %s") as (running, url, token):
        wait_for(told.exists)
        file = data / "open.html"
        assert told.read_text().strip() == file.as_uri()
        assert f'url={url}/#token={token}"' in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with closing(open_client(url, token)) as client:
            wait_for(lambda: answers(client))
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    assert not file.exists()


def test_uvicorn_serves_the_app_on_any_port(tmp_path, models):
    port = free_port()
    command = ("-m", "uvicorn", "neuronscope.main:app", "--host", "localhost", "--port", str(port),
               "--no-access-log")
    environment = {"NEURONSCOPE_DATA": str(tmp_path / "data"),
                   "NEURONSCOPE_MODELS": str(models / "tiny")}
    with process(*command, **environment) as (running, url, token):
        assert url.endswith(f":{port}")
        with closing(open_client(url, token)) as client:
            wait_for(lambda: answers(client))
            wait_for(lambda: client.get("/api/health").json()["worker"] == "ready")
            assert client.get("/api/model").json()["info"]["id"] == "tiny"
            _, state, seconds = end_with_a_stream_open(running, client)
    assert state == "cancelled"
    assert seconds < 10


def test_under_uvicorn_too_requests_are_bounded_and_none_keeps_the_server_from_ending(tmp_path):
    port = free_port()
    command = ("-m", "uvicorn", "neuronscope.main:app", "--host", "127.0.0.1", "--port", str(port))
    environment = {"NEURONSCOPE_DATA": str(tmp_path / "data"), "NEURONSCOPE_MODELS": str(tmp_path)}
    with process(*command, **environment) as (running, url, token):
        with closing(open_client(url, token)) as client:
            wait_for(lambda: answers(client))
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(b"no HTTP\r\n\r\n")
            assert b"application/problem+json" in other.recv(4096)
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(f"POST /api/tokenize HTTP/1.1\r\nHost: localhost:{port}\r\n"
                         f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
                         "Content-Length: 99\r\nExpect: 100-continue\r\n\r\n".encode())
            assert b" 100 " in slow.recv(4096)  # its body is waited for
            running.send_signal(signal.SIGTERM)
            running.wait(30)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/health").status_code == 200
    except httpx.TransportError:
        return False


def descendants(pid: int) -> list[int]:
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], check=True, text=True,
                              capture_output=True).stdout.split()
    return [int(child) for child in children]


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_port_in_use_is_left_for_the_next_free_one():
    first = _bind("127.0.0.1", 0, 1)
    for each in first:
        each.listen()
    port = first[0].getsockname()[1]
    try:
        with pytest.raises(Conflict):
            _bind("127.0.0.1", port, 1)
        second = _bind("127.0.0.1", port, 20)
        assert second[0].getsockname()[1] > port
        for each in second:
            each.close()
    finally:
        for each in first:
            each.close()


def test_both_loopback_addresses_are_listened_at():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    for host in ("localhost", "127.0.0.1"):
        bound = _bind(host, 0, 1)
        names = [each.getsockname()[:2] for each in bound]
        for each in bound:
            each.close()
        assert [name for name, _ in names] == ["127.0.0.1", "::1"]
        assert len({port for _, port in names}) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_an_address_that_others_reach_must_be_allowed(host, tmp_path):
    with pytest.raises(InvalidInput, match="allow-remote"):
        serve(Settings(data=tmp_path, host=host), open_browser=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "port"), [
    (["uvicorn", "x:app"], None), (["uvicorn", "--port", "81"], 81), (["--port=82"], 82),
    (["--port"], None), (["--port", "x"], None)])
def test_the_port_is_found_among_uvicorns_arguments(arguments, port):
    assert asked_port(arguments) == port
