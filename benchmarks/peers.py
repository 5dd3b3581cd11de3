"""Who takes part, and the environments of the other libraries, which are made with pip."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers

OURS = "NeuronScope"
ONE_BY_ONE = "hooks, one by one"
PEERS = {"transformer-lens": "4.3.0", "nnsight": "0.8.1", "pyvene": "0.1.8"}
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
BATCH_TOKENS = {"cpu": 1024, "cuda": 32768}
"""What batched contenders put into a forward; on a CPU hooks are no faster with more."""


@dataclass(frozen=True)
class Contender:
    """A module of `contenders`, and the package whose environment it needs (none: this one)."""

    name: str
    module: str
    package: str = ""
    batched: bool = False

    def python(self, folder: Path) -> Path:
        """The Python that has what it needs."""
        return python_of(folder / self.package) if self.package else Path(sys.executable)

    def tokens(self, device: str) -> int:
        """Tokens per forward; 0 for one cell per forward."""
        return BATCH_TOKENS[device] if self.batched else 0


CONTENDERS = (
    Contender(OURS, "ours"),
    Contender(ONE_BY_ONE, "raw"),
    Contender("hooks, batched", "raw", batched=True),
    Contender("TransformerLens", "tlens", "transformer-lens"),
    Contender("nnsight, one by one", "nns", "nnsight"),
    Contender("nnsight, batched", "nns", "nnsight", batched=True),
    Contender("pyvene", "pyv", "pyvene"),
)


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def python_of(home: Path) -> Path:
    """An environment's Python."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(folder: Path) -> dict[str, str]:
    """Make the environments that are missing; what went wrong, by package."""
    return {package: problem for package, version in PEERS.items()
            if (problem := _install(folder / package, package, version))}


def _install(home: Path, package: str, version: str) -> str:
    python = python_of(home)
    if _has(python, package, version):
        return ""
    say(f"installing {package} {version} into {home}")
    venv.create(home, with_pip=True, clear=True)
    release = torch.__version__
    pins = [f"{package}=={version}", f"transformers=={transformers.__version__}"]
    # the same torch from wherever it is to be had; the same transformers if the peer allows it
    tries = [[f"torch=={release}", *pins],
             [f"torch=={release}", *pins, "--extra-index-url", CPU_INDEX],
             [f"torch=={release.split('+')[0]}", pins[0]]]
    last = ""
    for wanted in tries:
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted],
            capture_output=True, text=True, check=False)
        if done.returncode == 0 and _has(python, package, version):
            return ""
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    return f"could not be installed: {last}"


def _has(python: Path, package: str, version: str) -> bool:
    if not python.exists():
        return False
    code = f"import importlib.metadata as m; m.version('torch'); print(m.version('{package}'))"
    asked = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return asked.stdout.strip() == version
