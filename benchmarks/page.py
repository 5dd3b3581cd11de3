"""How fast the page is, in a real Chromium: `python -m benchmarks.page [--write]`.

Starts a server of its own with the embedded model, runs one sweep, and measures the explorer with
that grid and with made ones of 42 × 512 cells, which the browser is given in place of the
server's answer: one that is there, and one that fills. `--write` puts the figures into
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gzip
import math
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.made import (
    CELLS_AT_ONCE,
    EVERY_MS,
    LAYERS,
    POSITIONS,
    answering,
    enlarged,
    filling,
)
from tests.e2e.conftest import FLAGS, Server, chromium_path, free_port, start_server, stop_server

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
WEB = ROOT / "neuronscope" / "web"
# So long the made cells last, and some more.
FILLS_S = 24
START, END = "<!-- page -->\n", "<!-- /page -->\n"
SPEC = {"prompt": "The Eiffel Tower is in",
        "op": {"kind": "patch", "source_prompt": "The Colosseum is in"},
        "over": {"sites": ["resid_pre"], "layers": "all", "positions": "all"},
        "metrics": [{"kind": "kl"}, {"kind": "prob", "token": " Paris"}]}
LONG = {"prompt": SPEC["prompt"], "op": {"kind": "zero"}, "mode": "exact",
        "over": {"sites": ["mlp_act"], "layers": "all", "neurons": "all", "positions": "all"},
        "metrics": SPEC["metrics"]}
LISTEN = """
window.paints = []; window.hovers = []; window.clicks = []; window.tasks = [];
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) window.tasks.push(each.duration);
}).observe({ entryTypes: ['longtask'] });
new PerformanceObserver((list) => {
    for (const each of list.getEntriesByName('neuronscope-paint'))
        window.paints.push([each.startTime, each.duration]);
}).observe({ entryTypes: ['measure'] });
const shown = (times) => (event) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => times().push(performance.now() - event.timeStamp);
    requestAnimationFrame(() => port2.postMessage(0));
};
addEventListener('pointermove', shown(() => window.hovers), { capture: true });
addEventListener('click', shown(() => window.clicks), { capture: true });
"""


def opened(browser: Browser, server: Server, path: str,
           made: Callable[[Page], None] = lambda page: None) -> Page:
    """A page in a fresh profile, listening from its first moment on."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.add_init_script(LISTEN)
    made(page)
    page.goto(server.address(path))
    expect(page.get_by_role("grid")).to_be_visible(timeout=60_000)
    page.wait_for_function("() => window.paints.length > 0")
    return page


def swept(browser: Browser, server: Server) -> tuple[str, dict[str, Any]]:
    """A finished sweep's address, and its grid."""
    page = browser.new_context().new_page()
    page.goto(server.address("/m"))
    headers = {"Authorization": f"Bearer {server.token}", "X-NeuronScope": "1"}
    made = page.request.post(f"{server.url}/api/sweeps", data=SPEC, headers=headers).json()
    while page.request.get(f"{server.url}/api/sweeps/{made['id']}", headers=headers).json()["job"]:
        page.wait_for_timeout(200)
    grid = page.request.get(f"{server.url}/api/sweeps/{made['id']}/grid", headers=headers).json()
    page.context.close()
    return f"/s/{made['id']}", grid


def first_charts(browser: Browser, server: Server, path: str, turns: int) -> list[float]:
    """Milliseconds from the navigation to the first chart, each in a fresh profile."""
    times = []
    for _ in range(turns):
        page = opened(browser, server, path)
        begun, took = page.evaluate("() => window.paints[0]")
        times.append(begun + took)
        page.context.close()
    return times


def repaints(page: Page, turns: int) -> dict[str, list[float]]:
    """Milliseconds of other colours: of painting the canvas alone, from the click until the
    frame is shown, and of the tasks above 50 ms meanwhile."""
    page.get_by_text("Display", exact=True).click()
    page.evaluate("() => { window.paints = []; window.clicks = []; window.tasks = []; }")
    for turn in range(turns):
        page.get_by_role("button", name=("PuOr", "RdBu")[turn % 2], exact=True).click()
        page.wait_for_function(f"() => window.paints.length > {turn} "
                               f"&& window.clicks.length > {turn}")
    page.wait_for_timeout(200)  # long tasks are told a moment after they ended
    found = page.evaluate("() => [window.paints.map((each) => each[1]), window.clicks, "
                          "window.tasks]")
    return dict(zip(("paints", "shown", "tasks"), found, strict=True))


def hovers(page: Page, moves: int) -> list[float]:
    """Milliseconds from a move of the pointer to the frame that shows its cell."""
    page.get_by_role("grid").scroll_into_view_if_needed()
    box = page.get_by_role("grid").bounding_box()
    assert box is not None
    page.evaluate("() => { window.hovers = []; }")
    for move in range(moves):
        page.mouse.move(box["x"] + 60 + (move * 37) % 700, box["y"] + 60 + (move * 23) % 250)
        page.wait_for_function(f"() => window.hovers.length > {move}")
    return page.evaluate("() => window.hovers")


def moving(page: Page, seconds: float) -> dict[str, list[float]]:
    """The pointer over a grid that fills: milliseconds of its moves, and of tasks above 50 ms."""
    page.evaluate("() => { window.tasks = []; }")
    moves: list[float] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        moves += hovers(page, 20)
        page.wait_for_timeout(500)
    return {"moves": moves, "tasks": page.evaluate("() => window.tasks")}


def while_sweeping(browser: Browser, server: Server, seconds: float) -> dict[str, Any]:
    """The pointer over the grid of a real sweep."""
    page = browser.new_context().new_page()
    page.goto(server.address("/m"))
    headers = {"Authorization": f"Bearer {server.token}", "X-NeuronScope": "1"}

    def ask(method: str, path: str, **more: Any) -> dict[str, Any]:
        return page.request.fetch(f"{server.url}/api/sweeps{path}", method=method,
                                  headers=headers, **more).json()

    made = ask("POST", "", data=LONG)
    shown = opened(browser, server, f"/s/{made['id']}")
    found = moving(shown, seconds)
    state = ask("GET", f"/{made['id']}")
    if state["job"] is None:
        raise SystemExit("The long sweep had ended before the measurement did.")
    ask("POST", f"/{made['id']}/cancel")
    page.context.close()
    shown.context.close()
    return found | {"done": state["done"], "of": state["plan"]["n_cells"]}


def while_filling(browser: Browser, server: Server, path: str, grid: dict[str, Any],
                  seconds: float) -> dict[str, Any]:
    """The pointer over 42 × 512 made cells that come as a sweep's would."""
    page = opened(browser, server, path, lambda page: filling(page, grid))
    page.wait_for_function("() => window.sent > 0")
    found = moving(page, seconds)
    done = page.evaluate("() => window.sent")
    if done >= LAYERS * POSITIONS:
        raise SystemExit(f"The made grid was full before {seconds:.0f} s had passed.")
    page.context.close()
    return found | {"done": done, "of": LAYERS * POSITIONS}


def sizes() -> list[tuple[str, str, str]]:
    """Rows of what is loaded first, gzipped, and of all files as they are."""
    html = (WEB / "index.html").read_text(encoding="utf-8")
    first = re.findall(r'(?:src|href)="/(assets/[^"]+)"', html)
    packed = {path: len(gzip.compress((WEB / path).read_bytes())) / 1e3 for path in first}

    def of(kind: str) -> float:
        return sum(n for path, n in packed.items() if path.endswith(kind))

    whole = sum(f.stat().st_size for f in WEB.rglob("*") if f.is_file()) / 1e3
    return [("scripts loaded first, gzipped", "150 kB", f"{of('.js'):.0f} kB"),
            ("styles loaded first, gzipped", "15 kB", f"{of('.css'):.1f} kB"),
            ("all files of the page", "1,000 kB", f"{whole:.0f} kB")]


def percentile(values: list[float], share: float) -> float:
    """By nearest rank."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def alone(turns: int, seconds: float) -> list[tuple[str, str, str]]:
    """Rows of what was measured, with a server and a browser of its own."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start_server(Path(folder), free_port())
        browser = playwright.chromium.launch(executable_path=chromium_path(playwright), args=FLAGS)
        try:
            return measured(browser, server, turns, seconds)
        finally:
            browser.close()
            stop_server(server)


def measured(browser: Browser, server: Server, turns: int,
             seconds: float) -> list[tuple[str, str, str]]:
    """Rows of what was measured, the agreed bound, and the figure."""
    path, grid = swept(browser, server)
    firsts = first_charts(browser, server, path, turns)
    page = opened(browser, server, path, lambda page: answering(page, enlarged(grid)))
    colours, moves = repaints(page, 10 * turns), hovers(page, 20 * turns)
    page.context.close()
    made = while_filling(browser, server, path, grid, min(seconds, FILLS_S))
    live = while_sweeping(browser, server, seconds)
    large = f"{LAYERS} × {POSITIONS}"
    return [
        ("first chart of a stored sweep, from opening its address in a fresh profile",
         "1,000 ms", f"{statistics.median(firsts):.0f} ms (slowest of {turns}: {max(firsts):.0f})"),
        (f"painting {large} cells again", "4 ms", told(colours["paints"], 1)),
        (f"other colours for {large} cells, from the click until the frame is shown", "50 ms",
         told(colours["shown"])),
        ("tasks of the page above 50 ms meanwhile", "none",
         above(colours["tasks"], f" in {len(colours['shown'])} changes")),
        (f"pointing at a cell of {large}, until its frame is shown", "33 ms", told(moves)),
        (f"the same while {large} made cells come, {CELLS_AT_ONCE} every {EVERY_MS} ms, "
         f"{made['done']:,} of {made['of']:,}", "33 ms", told(made["moves"])),
        ("tasks of the page above 50 ms meanwhile", "none", above(made["tasks"])),
        (f"the same while a sweep fills its grid, {live['done']:,} of {live['of']:,} cells in "
         f"{seconds:.0f} s", "33 ms", told(live["moves"])),
        ("tasks of the page above 50 ms meanwhile", "none", above(live["tasks"])),
        *sizes(),
    ]


def told(times: list[float], digits: int = 0) -> str:
    """The 95th percentile, which the bounds are for, and the median."""
    high, middle = percentile(times, 0.95), statistics.median(times)
    return f"{high:.{digits}f} ms at the 95th percentile (median {middle:.{digits}f})"


def above(tasks: list[float], of: str = "") -> str:
    """How many tasks there were, and the longest."""
    return f"{len(tasks)}{of}" + (f" (longest {max(tasks):.0f} ms)" if tasks else "")


def section(rows: list[tuple[str, str, str]]) -> str:
    """The figures as the document has them."""
    when = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    head = (f"{when}, {os.cpu_count()} threads, {platform.system()} {platform.machine()}, "
            "Chromium without a GPU. Command: `python -m benchmarks.page --write`.")
    table = ["| what | agreed | measured |", "| --- | --- | --- |",
             *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(["", head, "", *table, "", ""])


def main() -> None:
    """Measures, prints, and writes on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120, help="of the long sweep")
    parser.add_argument("--write", action="store_true", help="put the figures into the document")
    options = parser.parse_args()
    text = section(alone(options.turns, options.seconds))
    sys.stdout.write(text)
    if options.write:
        whole = DOCUMENT.read_text(encoding="utf-8")
        before, rest = whole.split(START)
        DOCUMENT.write_text(before + START + text + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
