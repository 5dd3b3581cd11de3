"""What people do on the page, in words that the tests share."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import STARTS_WITHIN_S, Server

EXPERIMENT = re.compile(r"/e/\w+$")
SWEEP = re.compile(r"/s/\w+")
SWEEP_MS = 150_000


def result(page: Page) -> Locator:
    return page.get_by_role("region", name="Result", exact=True)


def prompt(page: Page) -> Locator:
    return page.get_by_role("textbox", name=re.compile("^Prompt"))


def ready(page: Page) -> Locator:
    """The Run button, once it can be pressed."""
    button = page.get_by_role("button", name=re.compile("^Run")).first
    expect(button).to_be_enabled()
    return button


def run(page: Page) -> None:
    """One click on the first Run button, and its result."""
    ready(page).click()
    page.wait_for_url(EXPERIMENT)
    expect(result(page).get_by_role("row").filter(has_text="KL")).to_be_visible()


def sweep(page: Page, preset: str) -> None:
    """Chooses a preset, runs it, and waits for the last cell."""
    page.get_by_role("button", name=preset).click()
    start_sweep(page)


def start_sweep(page: Page) -> None:
    """Runs the sweep that the form holds, and waits for the last cell."""
    page.get_by_role("button", name="Run sweep").click()
    page.wait_for_url(SWEEP)
    finished(page)


def operation(page: Page, name: str) -> None:
    """Chooses what the edit does."""
    page.get_by_role("group", name="What the edit does").get_by_role(
        "button", name=name, exact=True).click()


def finished(page: Page) -> None:
    expect(page.get_by_role("grid")).to_be_visible()
    expect(page.get_by_text("not run", exact=False)).to_have_count(0, timeout=SWEEP_MS)
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)


def save(page: Page, kind: str, within: Locator | None = None) -> Path:
    """Saves the chart with the key e, or by the button within a part; returns its file."""
    if within is None:
        page.get_by_role("button", name=re.compile("^Export")).first.blur()
        page.keyboard.press("e")
    else:
        within.get_by_role("button", name=re.compile("^Export")).click()
    menu = page.get_by_role("list", name="Save the chart as")
    with page.expect_download() as saved:
        menu.get_by_role("button", name=re.compile(f"^{kind}")).click()
    assert saved.value.suggested_filename.endswith(f".{kind.lower()}")
    return saved.value.path()


def colours(page: Page) -> int:
    """How many different colours the heatmap's canvas shows."""
    return page.evaluate("""() => {
        const canvas = document.querySelector('[role=grid] canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] === 255) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
        return seen.size;
    }""")


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return page.evaluate(
        "() => Math.max(document.documentElement.scrollWidth, "
        "document.querySelector('main').scrollWidth) - window.innerWidth")


def ask(server: Server, method: str, path: str, **body: Any) -> Any:
    """One call of the REST interface beside the page."""
    answer = httpx.request(method, f"{server.url}/api/{path}", json=body or None, timeout=60,
                           headers={"Authorization": f"Bearer {server.token}",
                                    "X-NeuronScope": "1"})
    assert answer.is_success, answer.text
    return answer.json()


def stored(server: Server, kind: str, **spec: Any) -> str:
    """The id of a run (`experiments`) or a sweep (`sweeps`) that has ended."""
    found = ask(server, "POST", kind, **spec)["id"]
    deadline = time.monotonic() + STARTS_WITHIN_S
    while kind == "sweeps" and ask(server, "GET", f"sweeps/{found}")["job"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
