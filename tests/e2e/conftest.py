"""A real server with the embedded model, and a real Chromium before it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
INSTALL = f"{sys.executable} -m playwright install --with-deps chromium"
STARTS_WITHIN_S = 240.0
PATIENCE_MS = 45_000.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-pictures", action="store_true",
                     help="write the README's pictures to docs/images")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Server:
    """A `neuronscope serve` of its own, with a data folder of its own."""

    url: str
    token: str
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def address(self, path: str = "/") -> str:
        return f"{self.url}{path}#token={self.token}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(
    data: Path, port: int, model: str = "atlas", models: Path | None = None
) -> Server:
    """Starts it with the embedded model, or one of a folder, and waits until that is loaded."""
    command = [sys.executable, "-m", "neuronscope", "serve", "--no-browser",
               "--port", str(port), "--data", str(data), "--model", model]
    command += ["--models", str(models)] if models else []
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    said: list[str] = []
    Thread(target=_listen, args=(process, said), daemon=True).start()
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"(http://[^\s/]+)/?#token=(\S+)", "".join(said))
        if found and _has_model(found[1], found[2]):
            return Server(found[1], found[2], process, said)
        time.sleep(0.05)
    process.kill()
    pytest.fail(f"The server did not start. It said:\n{''.join(said)}")


def _has_model(url: str, token: str) -> bool:
    try:
        answer = httpx.get(f"{url}/api/model", headers={"Authorization": f"Bearer {token}"})
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and answer.json()["info"] is not None


def _listen(process: subprocess.Popen[str], said: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout:
        said.extend(iter(process.stdout.readline, ""))


def stop_server(server: Server) -> None:
    server.process.terminate()
    try:
        server.process.wait(20)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = start_server(tmp_path_factory.mktemp("data"), free_port())
    yield started
    stop_server(started)


def chromium_path(playwright: Playwright) -> str:
    """Playwright's own Chromium, or one that is installed; a missing one fails the tests."""
    own = [os.environ.get("CHROMIUM_PATH", ""), playwright.chromium.executable_path]
    for path in [*own, *(shutil.which(name) or "" for name in NAMES)]:
        if path and Path(path).exists():
            return path
    pytest.fail(f"Chromium is missing, so the page cannot be tested. Install it with:\n  {INSTALL}",
                pytrace=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        path = chromium_path(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator:
    """Opens an address in a fresh profile; the page may not throw, nor load what is not ours."""
    contexts, errors = [], []

    def open_it(path: str = "/", *, theme: str = "light", width: int = 1440, height: int = 900,
                scale: float = 1.0, touch: bool = False, at: Server = server) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height},
                                      color_scheme=theme, device_scale_factor=scale,
                                      reduced_motion="reduce", accept_downloads=True,
                                      has_touch=touch)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(f"thrown: {error}"))
        page.on("request", lambda request: request.url.startswith((at.url, "blob:"))
                or errors.append(f"loaded from elsewhere: {request.url}"))
        page.on("console", lambda message: errors.append(message.text)
                if "Content Security Policy" in message.text else None)
        page.goto(at.address(path))
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert errors == []
