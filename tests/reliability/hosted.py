"""A server in processes of its own, a client process that asks it for its health, and stored rows.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import insert, select

from neuronscope.store.lookup import spanned
from neuronscope.store.store import Store
from neuronscope.store.tables import experiments, uses
from tests.served import wait_for

BATCH = 10_000
STATUS = Path("/proc")


@dataclass(frozen=True)
class Hosted:
    """A running server process, and a client that holds the token."""

    process: subprocess.Popen[str]
    url: str
    token: str
    client: httpx.Client

    def another(self) -> httpx.Client:
        """A client with connections of its own."""
        return httpx.Client(base_url=self.url, timeout=600, headers={
            "Authorization": f"Bearer {self.token}", "X-NeuronScope": "1"})

    def health(self) -> dict:
        """What the server says of itself."""
        return self.client.get("/api/health").json()

    def load(self, model: str) -> dict:
        """Loads a model, and returns the job as it ended."""
        return self.ended(self.client.post(f"/api/models/{model}/load").json()["id"])

    def ended(self, job_id: str) -> dict:
        """A job, once it has ended."""
        path = f"/api/jobs/{job_id}"
        wait_for(lambda: self.client.get(path).json()["state"] not in {"queued", "running"})
        return self.client.get(path).json()

    def memory(self, part: str = "VmRSS") -> float:
        """Resident memory of the server's own process in MiB; `VmHWM` is the most so far."""
        text = (STATUS / str(self.process.pid) / "status").read_text(encoding="ascii")
        return int(re.search(rf"{part}:\s+(\d+)", text)[1]) / 1024

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def hosted(data: Path, models: Path, *, model: str = "tiny",
           **settings: object) -> Iterator[Hosted]:
    """`neuronscope serve` on a free port, its model loaded. settings: as environment variables."""

    given = {f"NEURONSCOPE_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "neuronscope", "serve", "--no-browser", "--port", "0",
               "--data", str(data), "--models", str(models), "--model", model]
    environment = os.environ | given | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=environment) as process:
        try:
            line = process.stdout.readline()
            address = re.search(r"(http://localhost:\d+)/#token=(\S+)", line)
            assert address, line
            found = Hosted(process, address[1], address[2], httpx.Client())
            with found.client, found.another() as client:
                one = Hosted(process, address[1], address[2], client)
                wait_for(lambda: answers(client))
                wait_for(lambda: one.health()["worker"] == "ready")
                yield one
        finally:
            process.kill()


def answers(client: httpx.Client) -> bool:
    """Whether the server listens."""
    try:
        return client.get("/api/health").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def pinged(url: str) -> Iterator[list[float]]:
    """Meanwhile asks for the health, from another process; then the list has milliseconds."""
    found: list[float] = []
    command = [sys.executable, str(Path(__file__).with_name("pinger.py")), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield found
        told, _ = process.communicate("")
        found += json.loads(told)


def copies(data: Path, key: str, count: int) -> None:
    """Stores so many copies of a stored run, each under an id of its own, in a closed folder."""
    with closing(Store(data)) as store:
        with store.database.read() as connection:
            row = dict(connection.execute(
                select(experiments).where(experiments.c.id == key)).one()._mapping)
            used = connection.execute(
                select(uses.c.kind, uses.c.name).where(uses.c.experiment == row["seq"])).all()
        numbers = range(row["seq"] + 1, row["seq"] + 1 + count)
        for start in range(0, count, BATCH):
            batch = [row | {"id": secrets.token_hex(8), "seq": seq}
                     for seq in numbers[start:start + BATCH]]
            with store.database.write() as connection:
                connection.execute(insert(experiments), batch)
                connection.execute(insert(uses), [
                    {"kind": kind, "name": name, "experiment": each["seq"]}
                    for each in batch for kind, name in used])
                for each in batch:
                    spanned(connection, each["seq"], each["created_at"])
