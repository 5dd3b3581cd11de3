"""What clients were told, and whether a server still says the same."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from neuronscope.service.jobs import KEPT

TENSORS = {"Accept": "application/x-safetensors"}
PATHS = {"run": "/api/experiments", "capture": "/api/captures"}
TIMES = {"started_at", "duration_s"}
GONE = None
"""Stands for a record that was deleted."""


@dataclass
class Kept:
    """A run or capture that was acknowledged.

    told: the record. doubted: what it may be as well, since a change was sent and not answered.
    tensors: the hash of a capture's file.
    """

    kind: str
    told: dict[str, Any] | None
    doubted: list[dict[str, Any] | None] = field(default_factory=list)
    tensors: str | None = None

    def check(self, client: httpx.Client, key: str) -> None:
        """The server has what was told, or what was asked for and not answered."""
        answer = client.get(f"{PATHS[self.kind]}/{key}")
        assert answer.status_code in {200, 410}, answer.text
        found = GONE if answer.status_code == 410 else answer.json()
        assert found in [self.told, *self.doubted], f"{self.kind} {key} is not as it was told"
        self.told, self.doubted = found, []
        if self.tensors is not None and found is not GONE:
            assert tensors_of(client, key) == self.tensors


@dataclass
class Sweeping:
    """A sweep that was accepted.

    told: its cells that events have told, by index. after: the id of the last event.
    jobs: the ids of the jobs that have worked on it, newest last.
    """

    spec: str
    told: dict[int, Any] = field(default_factory=dict)
    after: int = 0
    jobs: list[str] = field(default_factory=list)
    complete: bool = False

    def hear(self, event: dict[str, Any], number: int) -> None:
        """Takes in an event of cells; none may come twice, and none be left out."""
        for cell in event["cells"]:
            assert cell["index"] not in self.told, "a cell was told twice"
            self.told[cell["index"]] = cell
        self.after = number
        assert len(self.told) == number, "cells were left out"


@dataclass
class Ledger:
    """All that must not be lost."""

    kept: dict[str, Kept] = field(default_factory=dict)
    sweeps: dict[str, Sweeping] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    """Those of `kept` that were made or changed since the last audit."""

    def audit(self, client: httpx.Client, data: Path, *, everything: bool = False) -> None:
        """Raises: AssertionError where the server or its data folder lack something."""
        for key in list(self.kept) if everything else sorted(self.touched):
            self.kept[key].check(client, key)
        self.touched.clear()
        for key, sweep in self.sweeps.items():
            if everything or not sweep.complete:
                self._check_sweep(client, key, sweep)
        whole(data)

    def _check_sweep(self, client: httpx.Client, key: str, sweep: Sweeping) -> None:
        state = client.get(f"/api/sweeps/{key}")
        assert state.status_code == 200, state.text
        found = state.json()
        answer = client.get(f"/api/jobs/{sweep.jobs[-1]}")
        if answer.status_code == 404:  # forgotten, as those before the last ones that ended are
            assert len(client.get("/api/jobs", params={"limit": KEPT}).json()) == KEPT
        else:
            job = answer.json()
            assert job["subject"] == key and job["state"] in {"done", "failed"}, job
        assert found["done"] >= len(sweep.told)
        if sweep.complete:
            assert found["summary"]["state"] == "complete" and found["done"] == found["total"]
        if not sweep.told:
            return
        grid = client.get(f"/api/sweeps/{key}/grid").json()
        for index, cell in sweep.told.items():
            here = {part: {name: grid[part][name][index] for name in grid[part]}
                    for part in ("values", "status")} | {"top": grid["top"][index]}
            assert here == {part: cell[part] for part in here}, f"cell {index} of {key} differs"


def tensors_of(client: httpx.Client, key: str) -> str:
    """The hash of the file of a capture."""
    answer = client.get(f"/api/captures/{key}", headers=TENSORS)
    assert answer.status_code == 200, answer.text
    return hashlib.sha256(answer.content).hexdigest()


def timeless(result: dict[str, Any]) -> str:
    """A result without when and how long; equal texts are equal to the bit."""
    return json.dumps({name: value for name, value in result.items() if name not in TIMES},
                      sort_keys=True)


def whole(data: Path) -> None:
    """The database is sound, and the files of the data folder are those that it names."""
    with closing(sqlite3.connect(f"file:{data / 'neuronscope.sqlite'}?mode=ro", uri=True)) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert base.execute("PRAGMA foreign_key_check").fetchall() == []
        twice = base.execute("SELECT experiment FROM cells GROUP BY experiment "
                             "HAVING count(*) <> max(arrival)").fetchall()
        assert twice == []
        named = {f"{key}.safetensors" for key, in base.execute(
            "SELECT id FROM captures WHERE n_bytes > 0")}
    folder = data / "captures"
    assert {file.name for file in folder.iterdir()} == named if folder.is_dir() else not named
    assert not [file for file in data.rglob("*") if file.suffix in {".part", ".unfinished"}]
