"""Servers and their workers, killed at random instants: nothing that was told is lost."""

from __future__ import annotations

import math
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from tests.reliability.ledger import GONE, Ledger, timeless
from tests.reliability.victim import Victim
from tests.reliability.work import JSON, RUNS, SWEEPS, Client, events
from tests.served import LONG
from tests.tiny import save

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

FULL = 2
CHAINS = 2
"""So many servers are killed side by side, each again and again."""
WAIT_S = 120.0
EARLY, START_S, WORK_S, RELOAD_S = 0.3, 5.0, 1.5, 4.0
"""The share of kills while the server starts; the longest time until one, in seconds: from the
start of the process, from the work's, and of a worker that is being started again."""


@dataclass
class Seen:
    """What happened to one server and those that followed it."""

    servers: int = 0
    workers: int = 0
    answered: int = 0
    health_s: list[float] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)


class Work:
    """Clients at work in threads, for as long as this is entered and their server lives."""

    def __init__(self, victim: Victim, ledger: Ledger, rng: random.Random) -> None:
        self._until, self._stack = threading.Event(), ExitStack()
        self._clients = [
            Client(ledger, self._stack.enter_context(victim.client()),
                   random.Random(rng.random()), self._until) for _ in range(2)]

    @contextmanager
    def going_on(self) -> Iterator[Work]:
        """Raises: what a client found wrong."""
        runs, sweeps = self._clients
        with self._stack, ThreadPoolExecutor() as pool:
            begun = [pool.submit(runs.runs), pool.submit(sweeps.sweeps)]
            try:
                yield self
            finally:
                self._until.set()
                for each in begun:
                    each.result()

    @property
    def answered(self) -> int:
        """How many requests were answered as they should be."""
        return sum(client.answered for client in self._clients)

    def wait_for_an_answer(self) -> None:
        """Until one more request is answered."""
        before = self.answered
        deadline = time.monotonic() + WAIT_S
        while self.answered == before:
            assert time.monotonic() < deadline, "no answer came"
            time.sleep(0.01)


class Chain:
    """A data folder, and the servers that open it one after the other."""

    def __init__(self, folder: Path, models: Path, seed: int) -> None:
        self._data, self._models, self._rng = folder / "data", models, random.Random(seed)
        self.ledger, self.seen = Ledger(), Seen()

    def killed(self, servers: int, workers: int) -> Chain:
        """Kills so many of each, and then brings everything to its end."""
        while self.seen.servers < servers:
            left = servers - self.seen.servers
            due = math.ceil((workers - self.seen.workers) / left)
            if left > 1 and self._rng.random() < EARLY:
                self._short_life()
            else:
                self._life(due)
        self._last_life()
        return self

    def _short_life(self) -> None:
        """One that ends while it starts, wherever that is."""
        victim = Victim(self._data, self._models)
        timer = threading.Timer(self._rng.uniform(0, START_S), victim.kill)
        timer.start()
        try:
            with closing(victim.client()) as http:
                self._open(victim, http)
        except httpx.TransportError:
            pass
        timer.join()
        self.seen.servers += 1

    def _life(self, workers: int) -> None:
        """One in which so many workers are killed and then the server, all in their work."""
        victim = Victim(self._data, self._models)
        try:
            with closing(victim.client()) as http:
                self._open(victim, http)
            with Work(victim, self.ledger, self._rng).going_on() as work:
                while workers > 0:
                    workers -= self._kill_workers(victim, work, workers)
                work.wait_for_an_answer()
                time.sleep(self._rng.uniform(0, WORK_S))
                victim.kill()
                self.seen.servers += 1
            self.seen.answered += work.answered
        finally:
            victim.kill()

    def _kill_workers(self, victim: Victim, work: Work, most: int) -> int:
        """Kills the worker at its work, and sometimes the next one too while it starts."""
        time.sleep(self._rng.uniform(0, WORK_S))
        killed = int(victim.kill_worker())
        begun = time.monotonic()
        if killed and most > 1 and self._rng.random() < 0.5:
            time.sleep(self._rng.uniform(0, RELOAD_S))
            killed += victim.kill_worker()
            begun = time.monotonic()
        work.wait_for_an_answer()
        self.seen.again_s.append(time.monotonic() - begun)
        self.seen.workers += killed
        return killed

    def _open(self, victim: Victim, http: httpx.Client) -> None:
        self.seen.health_s.append(victim.answers(http))
        self.ledger.audit(http, self._data)
        self.seen.ready_s.append(victim.ready(http))

    def _last_life(self) -> None:
        """Nothing is killed: everything is there, is finished, and is what it should be."""
        victim = Victim(self._data, self._models)
        try:
            with closing(victim.client()) as http:
                self._open(victim, http)
                client = Client(self.ledger, http, self._rng, threading.Event())
                for key, sweep in self.ledger.sweeps.items():
                    if not sweep.complete:
                        client.resume(key)
                    assert sweep.complete
                self._equal_to_undisturbed(http)
                self.ledger.audit(http, self._data, everything=True)
                self._stop_at_work(victim, http)
        finally:
            victim.kill()

    def _stop_at_work(self, victim: Victim, http: httpx.Client) -> None:
        """SIGTERM during a sweep whose events are read: they end, and the server with 0."""
        accepted = http.post("/api/sweeps?rerun=true", headers=JSON,
                             content=LONG.model_dump_json()).json()
        told: list[tuple[str, dict]] = []
        with http.stream("GET", f"/api/jobs/{accepted['job']['id']}/events") as answer:
            for _, kind, data in events(answer):
                if kind == "cells" and "cells" not in dict(told):
                    victim.terminate()
                told.append((kind, data))
        assert told[-1][0] == "end", told[-1]
        assert told[-1][1]["job"]["state"] == "cancelled", told[-1]
        assert victim.wait() == 0

    def _equal_to_undisturbed(self, http: httpx.Client) -> None:
        """Every sweep and run is to the bit what comes out when nothing happens."""
        for name, spec in SWEEPS.items():
            same = [key for key, sweep in self.ledger.sweeps.items() if sweep.spec == name]
            accepted = http.post("/api/sweeps?rerun=true", content=spec, headers=JSON).json()
            with http.stream("GET", f"/api/jobs/{accepted['job']['id']}/events") as answer:
                assert list(events(answer))[-1][2]["job"]["state"] == "done"
            expected = self._result(http, accepted["id"])
            assert {self._result(http, key) for key in same} <= {expected}
        runs = [kept.told for kept in self.ledger.kept.values() if kept.kind == "run"]
        for spec in RUNS.values():
            whole = http.post("/api/experiments?rerun=true", content=spec, headers=JSON).json()
            same = [told["result"] for told in runs if told is not GONE
                    and told["result"]["spec_hash"] == whole["result"]["spec_hash"]]
            assert {timeless(result) for result in same} <= {timeless(whole["result"])}

    def _result(self, http: httpx.Client, key: str) -> str:
        return timeless(http.get(f"/api/experiments/{key}").json()["result"])


def test_every_commit_is_on_disk_before_it_is_acknowledged(tmp_path):
    """A power cut is nothing that a test can make; the pragma that withstands it can be read."""
    with Lab(Settings(data=tmp_path, models=tmp_path)) as lab:
        with lab._store.database.write() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == FULL
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        with lab._store.database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA query_only").scalar() == 1


@pytest.mark.timeout(3600)
def test_kills_at_random_instants_lose_nothing_that_was_told(tmp_path, amount, figures):
    models = tmp_path / "models"
    save("llama", models / "tiny")
    each = amount(3, 75)
    chains = [Chain(tmp_path / f"{seed}", models, seed) for seed in range(CHAINS)]
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda chain: chain.killed(each, each), chains))
    assert all(chain.seen.servers >= each and chain.seen.workers >= each for chain in ended)
    assert all(chain.seen.answered > 0 and chain.ledger.sweeps for chain in ended)
    figures("kills", "Killed at random instants", told(ended))


def told(chains: list[Chain]) -> dict[str, object]:
    """What was seen, for the page."""
    seen = [chain.seen for chain in chains]
    kept = [len(chain.ledger.kept) for chain in chains]
    cells = sum(len(sweep.told) for chain in chains for sweep in chain.ledger.sweeps.values())
    return {
        "servers killed": sum(each.servers for each in seen),
        "model processes killed": sum(each.workers for each in seen),
        "requests answered in between": sum(each.answered for each in seen),
        "runs and captures told of; lost or changed": f"{sum(kept)}; 0",
        "sweeps told of": sum(len(chain.ledger.sweeps) for chain in chains),
        "cells told of; lost, changed or told twice": f"{cells}; 0",
        "from start to the first answer, s": spread(seen, lambda each: each.health_s),
        "from start to a model ready, s": spread(seen, lambda each: each.ready_s),
        "from a model process's end to the next answer of a job, s":
            spread(seen, lambda each: each.again_s),
    }


def spread(seen: list[Seen], times: Callable[[Seen], list[float]]) -> str:
    """Median and largest."""
    found = [value for each in seen for value in times(each)]
    return f"{statistics.median(found):.2f}, at most {max(found):.2f}"
