"""What people do on the page, in words that the tests share."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

EXPERIMENT = re.compile(r"/e/\w+$")
SWEEP = re.compile(r"/s/\w+")


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
    expect(page.get_by_text("not run", exact=False)).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)


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
