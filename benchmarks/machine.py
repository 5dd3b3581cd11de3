"""The machine that the race is run on, and how fast it multiplies matrices."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import torch

import neuronscope
from benchmarks import shapes

ROOT = Path(__file__).resolve().parent.parent
SQUARE = 2048
TOKENS = 2048
TRIES = 3


def square_rate(device: str, dtype: str) -> float:
    """Matrix products of 2048³, GFLOP/s: the best of some."""
    a, b = (torch.randn(SQUARE, SQUARE, device=device).to(getattr(torch, dtype)) for _ in range(2))
    return 2 * SQUARE**3 / _best(lambda: a @ b, device) / 1e9


def model_rate(shape: str, device: str) -> float:
    """The products of one layer of a shape on 2048 tokens, GFLOP/s."""
    operations, seconds = 0, 0.0
    dtype = getattr(torch, shapes.SHAPES[shape].dtype)
    for wide, out in shapes.products(shape):
        tokens = torch.randn(TOKENS, wide, device=device).to(dtype)
        weight = torch.randn(out, wide, device=device).to(dtype)
        seconds += _best(lambda t=tokens, w=weight: torch.nn.functional.linear(t, w), device)
        operations += 2 * TOKENS * wide * out
    return operations / seconds / 1e9


def described(threads: int) -> dict[str, str | int]:
    """Where, when and with what the race was run."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {"processor": _processor(), "threads": threads, "gpu": gpu,
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(), "torch": torch.__version__,
            "version": neuronscope.__version__, "commit": commit(),
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")}


def commit() -> str:
    """The commit that is checked out, with `+` where files differ from it; or `unknown`."""
    try:
        head = _git("rev-parse", "--short=10", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True,
                          check=True).stdout.strip()


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.split(':', 1)[1].strip()}, {os.cpu_count()} cores"
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def _best(product: Callable[[], torch.Tensor], device: str) -> float:
    product()
    times = []
    for _ in range(TRIES):
        if device == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        product()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return min(times)
