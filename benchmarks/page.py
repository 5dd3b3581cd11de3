"""How fast the page is, in a real Chromium: `python -m benchmarks.page [--write]`.

Starts a server of its own with the embedded model, runs one sweep, and measures the explorer with
that grid and with a made one of 42 × 512 cells, which the browser is given in place of the
server's answer. `--write` puts the figures into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
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

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from neuronscope.spec.gridfile import MEDIA_TYPE, packed
from neuronscope.spec.results import GridData
from tests.e2e.conftest import FLAGS, Server, chromium_path, free_port, start_server, stop_server

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
WEB = ROOT / "neuronscope" / "web"
START, END = "<!-- page -->\n", "<!-- /page -->\n"
LAYERS, POSITIONS = 42, 512
SPEC = {"prompt": "The Eiffel Tower is in",
        "op": {"kind": "patch", "source_prompt": "The Colosseum is in"},
        "over": {"sites": ["resid_pre"], "layers": "all", "positions": "all"},
        "metrics": [{"kind": "kl"}, {"kind": "prob", "token": " Paris"}]}
LONG = {"prompt": SPEC["prompt"], "op": {"kind": "zero"}, "mode": "exact",
        "over": {"sites": ["mlp_act"], "layers": "all", "neurons": "all", "positions": "all"},
        "metrics": SPEC["metrics"]}
LISTEN = """
window.paints = []; window.hovers = []; window.tasks = [];
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) window.tasks.push(each.duration);
}).observe({ entryTypes: ['longtask'] });
new PerformanceObserver((list) => {
    for (const each of list.getEntriesByName('neuronscope-paint'))
        window.paints.push([each.startTime, each.duration]);
}).observe({ entryTypes: ['measure'] });
addEventListener('pointermove', (event) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => window.hovers.push(performance.now() - event.timeStamp);
    requestAnimationFrame(() => port2.postMessage(0));
}, { capture: true });
"""


def opened(browser: Browser, server: Server, path: str,
           answer: Callable[[Route], None] | None = None) -> Page:
    """A page in a fresh profile, listening from its first moment on."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.add_init_script(LISTEN)
    if answer is not None:
        page.route(re.compile(r"/api/sweeps/\w+/grid"), answer)
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


def enlarged(grid: dict[str, Any]) -> dict[str, Any]:
    """The same grid with 42 × 512 made values, a hundredth of them not run."""
    n = LAYERS * POSITIONS
    made = [None if i % 100 == 7 else math.sin(i * 0.37) * math.exp(-(i % 97) / 20)
            for i in range(n)]
    status = ["pending" if value is None else "ok" for value in made]
    tokens = [{**grid["tokens"][-1], "index": i} for i in range(POSITIONS)]
    coords = {**grid["coords"], "layer": list(range(LAYERS)), "position": list(range(POSITIONS))}
    return {**grid, "tokens": tokens, "coords": coords, "top": [grid["clean"]["top"][0]] * n,
            "values": dict.fromkeys(grid["values"], made), "controls": [],
            "status": dict.fromkeys(grid["status"], status), "errors": {}}


def first_charts(browser: Browser, server: Server, path: str, turns: int) -> list[float]:
    """Milliseconds from the navigation to the first chart, each in a fresh profile."""
    times = []
    for _ in range(turns):
        page = opened(browser, server, path)
        begun, took = page.evaluate("() => window.paints[0]")
        times.append(begun + took)
        page.context.close()
    return times


def repaints(page: Page, turns: int) -> list[float]:
    """Milliseconds of painting the canvas again, with other colours each time."""
    page.evaluate("() => { window.paints = []; }")
    for turn in range(turns):
        page.get_by_role("button", name=("PuOr", "RdBu")[turn % 2], exact=True).click()
        page.wait_for_function(f"() => window.paints.length > {turn}")
    return [took for _, took in page.evaluate("() => window.paints")]


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


def while_sweeping(browser: Browser, server: Server, seconds: float) -> dict[str, Any]:
    """A grid that fills: milliseconds of moves of the pointer over it, and of long tasks."""
    page = browser.new_context().new_page()
    page.goto(server.address("/m"))
    headers = {"Authorization": f"Bearer {server.token}", "X-NeuronScope": "1"}

    def ask(method: str, path: str, **more: Any) -> dict[str, Any]:
        return page.request.fetch(f"{server.url}/api/sweeps{path}", method=method,
                                  headers=headers, **more).json()

    made = ask("POST", "", data=LONG)
    shown = opened(browser, server, f"/s/{made['id']}")
    shown.evaluate("() => { window.tasks = []; }")
    moves: list[float] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        moves += hovers(shown, 20)
        shown.wait_for_timeout(500)
    state = ask("GET", f"/{made['id']}")
    if state["job"] is None:
        raise SystemExit("The long sweep had ended before the measurement did.")
    ask("POST", f"/{made['id']}/cancel")
    tasks = shown.evaluate("() => window.tasks")
    page.context.close()
    shown.context.close()
    return {"moves": moves, "tasks": tasks, "done": state["done"],
            "of": state["plan"]["n_cells"]}


def sizes() -> dict[str, float]:
    """Kilobytes: what is loaded first, gzipped, and all files as they are."""
    html = (WEB / "index.html").read_text(encoding="utf-8")
    first = re.findall(r'(?:src|href)="/(assets/[^"]+)"', html)
    packed = {path: len(gzip.compress((WEB / path).read_bytes())) for path in first}
    return {"js": sum(n for path, n in packed.items() if path.endswith(".js")) / 1e3,
            "css": sum(n for path, n in packed.items() if path.endswith(".css")) / 1e3,
            "all": sum(f.stat().st_size for f in WEB.rglob("*") if f.is_file()) / 1e3}


def percentile(values: list[float], share: float) -> float:
    """By nearest rank."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def measured(turns: int, seconds: float) -> list[tuple[str, str, str]]:
    """Rows of what was measured, the agreed bound, and the figure."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start_server(Path(folder), free_port())
        browser = playwright.chromium.launch(executable_path=chromium_path(playwright), args=FLAGS)
        try:
            path, grid = swept(browser, server)
            firsts = first_charts(browser, server, path, turns)
            body = packed(GridData.model_validate_json(json.dumps(enlarged(grid))))
            page = opened(browser, server, path,
                          lambda route: route.fulfill(body=body, content_type=MEDIA_TYPE))
            paints, moves = repaints(page, 10 * turns), hovers(page, 20 * turns)
            live = while_sweeping(browser, server, seconds)
        finally:
            browser.close()
            stop_server(server)
    size = sizes()
    return [
        ("first chart of a stored sweep, from opening its address in a fresh profile",
         "1,000 ms", f"{statistics.median(firsts):.0f} ms (slowest of {turns}: {max(firsts):.0f})"),
        (f"painting {LAYERS} × {POSITIONS} cells again", "4 ms",
         f"{statistics.median(paints):.1f} ms (95th percentile {percentile(paints, 0.95):.1f})"),
        (f"pointing at a cell of {LAYERS} × {POSITIONS}, until its frame is shown, 95th percentile",
         "33 ms", f"{percentile(moves, 0.95):.0f} ms (median {statistics.median(moves):.0f})"),
        (f"the same while a sweep fills its grid, {live['done']:,} of {live['of']:,} cells in "
         f"{seconds:.0f} s", "33 ms", f"{percentile(live['moves'], 0.95):.0f} ms "
         f"(median {statistics.median(live['moves']):.0f})"),
        ("tasks of the page above 50 ms meanwhile", "none", f"{len(live['tasks'])}"
         + (f" (longest {max(live['tasks']):.0f} ms)" if live["tasks"] else "")),
        ("scripts loaded first, gzipped", "150 kB", f"{size['js']:.0f} kB"),
        ("styles loaded first, gzipped", "15 kB", f"{size['css']:.1f} kB"),
        ("all files of the page", "1,000 kB", f"{size['all']:.0f} kB"),
    ]


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
    text = section(measured(options.turns, options.seconds))
    sys.stdout.write(text)
    if options.write:
        whole = DOCUMENT.read_text(encoding="utf-8")
        before, rest = whole.split(START)
        DOCUMENT.write_text(before + START + text + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
