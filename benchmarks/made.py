"""Made grids of 42 × 512 cells for the timings of the page, whole or filling as a sweep would."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from playwright.sync_api import Page, Route

from neuronscope.spec.gridfile import MEDIA_TYPE, packed
from neuronscope.spec.results import GridData

LAYERS, POSITIONS = 42, 512
CELLS = LAYERS * POSITIONS
CELLS_AT_ONCE, EVERY_MS = 200, 250
# The events of the job `made`: cells in the grid's order, in the server's own format, made in
# the page, since an answer that Playwright gives cannot be a stream.
STREAM = """
window.sent = 0;
const real = window.fetch;
window.fetch = (asked, options) => {
    if (!String(asked.url ?? asked).includes('/api/jobs/made/events')) return real(asked, options);
    const text = new TextEncoder(), { cells, atOnce, everyMs, metrics, top } = FILLING;
    let timer = 0;
    const body = new ReadableStream({
        start(stream) {
            timer = setInterval(() => {
                const made = [];
                while (made.length < atOnce && window.sent < cells) {
                    const index = window.sent++;
                    const value = Math.sin(index * 0.37) * Math.exp(-(index % 97) / 20);
                    made.push({ index, values: Object.fromEntries(metrics.map((m) => [m, value])),
                        status: Object.fromEntries(metrics.map((m) => [m, 'ok'])), top });
                }
                if (made.length === 0) return clearInterval(timer);
                stream.enqueue(text.encode(`id: ${window.sent}\\nevent: cells\\ndata: ` +
                    JSON.stringify({ cells: made }) + '\\n\\n'));
            }, everyMs);
        },
        cancel: () => clearInterval(timer),
    });
    return Promise.resolve(new Response(body, { status: 200 }));
};
"""


def enlarged(grid: dict[str, Any], pending: int = 0) -> dict[str, Any]:
    """The same grid with 42 × 512 made values; the last `pending`, else a hundredth, not run."""
    first = CELLS - pending
    made = [None if i >= first or (not pending and i % 100 == 7)
            else math.sin(i * 0.37) * math.exp(-(i % 97) / 20) for i in range(CELLS)]
    status = ["pending" if value is None else "ok" for value in made]
    best = grid["clean"]["top"][0]
    tokens = [{**grid["tokens"][-1], "index": i} for i in range(POSITIONS)]
    coords = {**grid["coords"], "layer": list(range(LAYERS)), "position": list(range(POSITIONS))}
    return {**grid, "tokens": tokens, "coords": coords,
            "top": [None if value is None else best for value in made],
            "values": dict.fromkeys(grid["values"], made), "controls": [],
            "status": dict.fromkeys(grid["status"], status), "errors": {}}


def answering(page: Page, grid: dict[str, Any]) -> None:
    """Gives the page this grid in place of the server's answer."""
    body = packed(GridData.model_validate_json(json.dumps(grid)))
    page.route(re.compile(r"/api/sweeps/\w+/grid"),
               lambda route: route.fulfill(body=body, content_type=MEDIA_TYPE))


def filling(page: Page, grid: dict[str, Any]) -> None:
    """Makes the page believe that a sweep runs: 200 cells every 250 ms into 42 × 512."""
    answering(page, enlarged(grid, pending=CELLS - CELLS_AT_ONCE))
    told = {"cells": CELLS, "atOnce": CELLS_AT_ONCE, "everyMs": EVERY_MS,
            "metrics": list(grid["values"]), "top": grid["clean"]["top"][0]}
    page.add_init_script(f"(() => {{ const FILLING = {json.dumps(told)}; {STREAM} }})();")

    def running(route: Route) -> None:
        state = route.fetch().json()
        route.fulfill(json=state | {"job": "made", "done": CELLS_AT_ONCE, "total": CELLS})

    page.route(re.compile(r"/api/sweeps/\w+$"), running)
