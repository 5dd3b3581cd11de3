"""Clients at work on a server that may end at any moment, who write down what they are told."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from typing import Any

import httpx

from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL
from neuronscope.spec.ops import Scale, Zero
from neuronscope.spec.target import Target
from tests.reliability.ledger import GONE, PATHS, Kept, Ledger, Sweeping, tensors_of
from tests.tiny import LONGER, PROMPT, SOURCE

JSON = {"Content-Type": "application/json"}
REFUSALS = {"model-loading", "worker-died", "no-model", "queue-full"}
"""What a server may answer whose model's process was killed, or that has just started."""
ENDS = {"worker-died", "server-stopped"}
"""Why a job may have ended whose server or whose model's process was killed."""

SWEEPS = {text: Sweep(prompt=text, op=Zero(), metrics=[KL()], mode="exact", over=Over(
    sites=["mlp_act"], layers="all", positions=[1, 3], neurons="all")).model_dump_json()
    for text in (PROMPT, SOURCE, LONGER)}
RUNS = {f"{factor}": Run(prompt=PROMPT, metrics=[KL()], edits=[
    Edit(Target("mlp_out", layer=0), Scale(factor))]).model_dump_json()
    for factor in (0.0, 0.5, 2.0)}
CAPTURES = {site: Capture(prompt=LONGER, targets=[Target(site)]).model_dump_json()
            for site in ("resid_post", "z")}


class Client:
    """One client, that stops when `until` is set or the server is gone."""

    def __init__(self, ledger: Ledger, http: httpx.Client, rng: random.Random,
                 until: threading.Event) -> None:
        self.ledger, self._http, self._rng, self._until = ledger, http, rng, until
        self.answered = 0

    def runs(self) -> None:
        """Runs, captures, notes and deletions, one after the other."""
        chances = [self._run] * 4 + [self._capture] * 3 + [self._annotate] * 2 + [self._delete]
        while not self._until.is_set():
            try:
                self._rng.choice(chances)()
            except httpx.TransportError:
                return

    def sweeps(self) -> None:
        """Brings the sweeps that were begun to their end, then begins new ones."""
        while not self._until.is_set():
            begun = [key for key, sweep in self.ledger.sweeps.items() if not sweep.complete]
            try:
                if begun:
                    self.resume(begun[0])
                else:
                    self._sweep()
            except httpx.TransportError:
                return

    def resume(self, key: str) -> None:
        """Has a sweep go on, and hears of its cells. Raises: httpx.TransportError."""
        sweep = self.ledger.sweeps[key]
        self._hear(sweep, sweep.jobs[-1])  # of a former life: what was stored and not told
        answer = self._accepted(self._http.post(f"/api/sweeps/{key}/resume"), {200, 202})
        if answer is not None:
            if answer["job"] is None:
                sweep.complete = True
            else:
                self._hear(sweep, answer["job"]["id"])

    def _run(self) -> None:
        self._make("run", self._rng.choice(list(RUNS.values())))

    def _capture(self) -> None:
        made = self._make("capture", self._rng.choice(list(CAPTURES.values())))
        if made is not None:
            made[1].tensors = tensors_of(self._http, made[0])

    def _make(self, kind: str, spec: str) -> tuple[str, Kept] | None:
        answer = self._http.post(PATHS[kind], params={"rerun": True}, content=spec, headers=JSON)
        record = self._accepted(answer, {201})
        if record is None:
            return None
        made = record["id"], Kept(kind, record)
        self.ledger.kept[made[0]] = made[1]
        self.ledger.touched.add(made[0])
        return made

    def _one(self, kinds: set[str]) -> tuple[str, Kept] | None:
        there = [(key, kept) for key, kept in list(self.ledger.kept.items())
                 if kept.kind in kinds and kept.told is not GONE]
        return self._rng.choice(there) if there else None

    def _annotate(self) -> None:
        chosen = self._one({"run"})
        if chosen is None:
            return
        key, kept = chosen
        change = {"notes": f"note {self._rng.random()}", "tags": [f"t{self._rng.randrange(5)}"],
                  "starred": self._rng.random() < 0.5}
        self._change(key, kept, {**kept.told, **change}, lambda: self._http.patch(
            f"{PATHS['run']}/{key}", json=change), 200)

    def _delete(self) -> None:
        chosen = self._one({"run", "capture"})
        if chosen is not None:
            key, kept = chosen
            self._change(key, kept, GONE, lambda: self._http.delete(
                f"{PATHS[kept.kind]}/{key}"), 204)

    def _change(self, key: str, kept: Kept, then: dict[str, Any] | None, send: Any,
                status: int) -> None:
        kept.doubted.append(then)
        self.ledger.touched.add(key)
        answer = send()
        assert answer.status_code == status, answer.text
        kept.told, kept.doubted = then, []
        self.answered += 1

    def _sweep(self) -> None:
        name = self._rng.choice(list(SWEEPS))
        answer = self._http.post("/api/sweeps", params={"rerun": True}, content=SWEEPS[name],
                                 headers=JSON)
        accepted = self._accepted(answer, {202})
        if accepted is not None:
            job = accepted["job"]["id"]
            sweep = self.ledger.sweeps[accepted["id"]] = Sweeping(name, jobs=[job])
            self._hear(sweep, job)

    def _hear(self, sweep: Sweeping, job: str) -> None:
        """Reads a job's events from the last that was heard."""
        if job not in sweep.jobs:
            sweep.jobs.append(job)
        after = {"Last-Event-ID": str(sweep.after)}
        with self._http.stream("GET", f"/api/jobs/{job}/events", headers=after) as answer:
            for number, kind, data in events(answer):
                if kind == "cells":
                    sweep.hear(data, number)
                elif kind == "end":
                    sweep.complete = data["job"]["state"] == "done"
                    refused = data["job"]["error"] or {}
                    assert sweep.complete or refused["code"] in ENDS, refused
        self.answered += 1

    def _accepted(self, answer: httpx.Response, statuses: set[int]) -> dict[str, Any] | None:
        if answer.status_code in statuses:
            self.answered += 1
            return answer.json()
        assert answer.json()["code"] in REFUSALS, answer.text
        self._until.wait(0.05)
        return None


def events(answer: httpx.Response) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """(id, kind, data) of each event of a stream."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line and not line.startswith(":"):
            name, value = line.split(": ", 1)
            fields[name] = value
        elif fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}
