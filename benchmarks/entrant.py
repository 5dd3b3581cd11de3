"""A contender's process: started on a shape, given orders, ended when it takes too long."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections import deque
from pathlib import Path

from benchmarks import shapes
from benchmarks.peers import Contender
from benchmarks.work import Cell

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 900.0
"""How long one order, or starting, may take."""


class Entrant:
    """A contender on one shape. `problem` says why it takes no further part, if so."""

    def __init__(self, contender: Contender, shape: str, *, device: str, threads: int,
                 peers: Path) -> None:
        self.contender = contender
        self.version = ""
        self.loaded = 0
        self.tokens = contender.tokens(device)
        self.problem = ""
        self._process = subprocess.Popen(
            [contender.python(peers), "-W", "ignore", "-m",
             f"benchmarks.contenders.{contender.module}", shapes.folder(shape), device,
             shapes.SHAPES[shape].dtype, str(threads), str(contender.tokens(device))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=ROOT, env=os.environ | {
                "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads)})
        self._said: deque[str] = deque(maxlen=20)
        self._listener = threading.Thread(
            target=self._said.extend, args=(self._process.stderr,), daemon=True)
        self._listener.start()

    def greet(self) -> None:
        """Wait until it has loaded the model."""
        hello = self._answer()
        self.version, self.loaded = hello.get("version", ""), hello.get("loaded", 0)
        self.problem = hello.get("problem", "")

    def ask(self, length: int, cells: list[Cell], *, count: bool = False) -> dict:
        """One order's answer, with `problem` where it has failed."""
        order = {"length": length, "count": count,
                 "cells": [[cell.part, cell.layer, cell.head, cell.position] for cell in cells]}
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except OSError:
            return {"problem": self.problem or self._last_words()}
        return self._answer()

    def leave(self) -> None:
        """End the process."""
        self._process.stdin.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _answer(self) -> dict:
        timer = threading.Timer(PATIENCE_S, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        while line and not line.startswith("{"):  # some libraries print
            line = self._process.stdout.readline()
        late = not timer.is_alive()
        timer.cancel()
        if line:
            return json.loads(line)
        self.problem = f"no answer in {PATIENCE_S:.0f} s" if late else self._last_words()
        return {"problem": self.problem}

    def _last_words(self) -> str:
        code = self._process.wait()
        self._listener.join(timeout=5)
        lines = [line.strip() for line in self._said if line.strip()]
        return lines[-1][:300] if lines else f"ended with code {code}"
