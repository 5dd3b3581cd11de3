"""A server in processes of its own, as `neuronscope serve` starts it, to be killed."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx

START_S, READY_S, END_S = 120.0, 600.0, 60.0
WORKER = "--multiprocessing-fork"


class Victim:
    """A running server. `begun`: when its process was started, by `time.monotonic()`."""

    def __init__(self, data: Path, models: Path) -> None:
        self.begun = time.monotonic()
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                                    "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "neuronscope", "serve", "--no-browser", "--port", "0",
             "--data", str(data), "--models", str(models)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        self.pid = self._process.pid
        self._address: tuple[str, str] | None = None
        self._reading = threading.Lock()

    def client(self) -> httpx.Client:
        """A client that holds the token; the server may not listen yet.

        Raises: httpx.ConnectError where the process ended before it told its address.
        """
        if self._address is None:
            out = self._process.stdout
            with self._reading:
                told = (not out.closed and select.select([out], [], [], START_S)[0]
                        and out.readline())
            found = re.search(r"(http://localhost:\d+)/#token=(\S+)", told or "")
            if not found:
                raise httpx.ConnectError("the server told no address")
            self._address = found[1], found[2]
        url, token = self._address
        return httpx.Client(base_url=url, timeout=60, headers={
            "Authorization": f"Bearer {token}", "X-NeuronScope": "1"})

    def answers(self, client: httpx.Client) -> float:
        """Seconds from the start of the process to its first answer.

        Raises: httpx.TransportError where it ends before.
        """
        while True:
            try:
                client.get("/api/health").raise_for_status()
                return time.monotonic() - self.begun
            except httpx.ConnectError:
                if self._process.poll() is not None:
                    raise
                time.sleep(0.005)

    def ready(self, client: httpx.Client) -> float:
        """Seconds from the start to a model that is loaded. Raises: httpx.TransportError."""
        while client.get("/api/model").json()["info"] is None:
            assert time.monotonic() < self.begun + READY_S, "the model was not loaded"
            time.sleep(0.02)
        return time.monotonic() - self.begun

    def worker(self) -> int | None:
        """The process id of the model's process, if there is one."""
        command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.pid)]
        listed = subprocess.run(command, text=True, check=False, capture_output=True).stdout
        found = [line.split(maxsplit=1)[0] for line in listed.splitlines() if WORKER in line]
        return int(found[0]) if found else None

    def kill_worker(self) -> bool:
        """SIGKILL for the model's process; false where there is none at the moment."""
        worker = self.worker()
        if worker is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
            return True
        return False

    def kill(self) -> None:
        """SIGKILL for the server; its worker is left to notice."""
        self._process.kill()
        self._process.wait()
        with self._reading:  # whoever reads finds the end, since the process has ended
            self._process.stdout.close()

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def wait(self) -> int:
        """The exit code, once the process has ended."""
        return self._process.wait(END_S)
