"""Asks a server for its health fifty times a second, on one connection, until its input ends.

Standard library alone, so that it starts at once. Each time counts from when the request was
due, so that a server that stands still is not asked less often.
"""

from __future__ import annotations

import gc
import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit

EVERY_S = 0.02


def main(url: str) -> None:
    """Prints `ready`, and at the end the milliseconds of each answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    gc.disable()
    found, due = [], 0.0
    while not ended.is_set():
        if due == 0.0:
            ask(connection)
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            due = time.perf_counter()
        due += EVERY_S
        time.sleep(max(0.0, due - time.perf_counter()))
        ask(connection)
        found.append(1000 * (time.perf_counter() - due))
    sys.stdout.write(json.dumps(found))


def ask(connection: http.client.HTTPConnection) -> None:
    """One request. Raises: AssertionError for any other answer than 200."""
    connection.request("GET", "/api/health")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status


if __name__ == "__main__":
    main(sys.argv[1])
