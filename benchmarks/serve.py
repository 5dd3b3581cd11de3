"""A contender's process: takes orders as JSON lines, answers with times, KLs and memory."""

from __future__ import annotations

import ctypes
import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from benchmarks.work import Cell, Runner, prompts

FAILURES = (RuntimeError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError,
            ValueError, MemoryError, NotImplementedError, ImportError)
"""What a library may answer to work that it cannot do."""
WARM_UP = {"length": 8, "cells": [["mlp", 0, None, None]]}
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Seat:
    """What a contender is given.

    tokens: how many tokens a batched contender puts into one forward; 0: one cell each.
    """

    folder: Path
    device: str
    dtype: torch.dtype
    tokens: int

    def rows(self, length: int) -> int:
        """Cells per forward."""
        return max(1, self.tokens // length)


@dataclass
class Clock:
    """One order's times and, where asked for, its floating-point operations."""

    counter: FlopCounterMode | None
    device: str
    marks: list[float] = field(default_factory=list)
    flops: list[int] = field(default_factory=list)

    def mark(self) -> None:
        """Now, with all work done that was asked of the device."""
        if self.device == "cuda":
            torch.cuda.synchronize()
        self.marks.append(time.perf_counter())
        if self.counter is not None:
            self.flops.append(self.counter.get_total_flops())


def serve(make: Callable[[Seat], Runner], version: str, note: Callable[[], str] = str) -> None:
    """Answer orders until there are no more.

    note: what the contender has to say about the last order.
    """
    folder, device, dtype, threads, tokens = sys.argv[1:6]
    torch.set_num_threads(int(threads))
    run = make(Seat(Path(folder), device, getattr(torch, dtype), int(tokens)))
    attempt(run, WARM_UP, device)  # weights are read from the file when they are first used
    reset_peak(device)
    versions = f"{version}, torch {torch.__version__}"
    print(json.dumps({"version": versions, "loaded": resident()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(attempt(run, json.loads(line), device) | {"note": note()}), flush=True)


def attempt(run: Runner, order: dict, device: str) -> dict:
    """One order's answer, or the `problem` that the library has with it."""
    try:
        return carry_out(run, order, device)
    except FAILURES as error:
        return {"problem": f"{type(error).__name__}: {error}"}


def carry_out(run: Runner, order: dict, device: str) -> dict:
    """One order's answer."""
    base, source = prompts(order["length"])
    cells = [Cell(*each) for each in order["cells"]]
    counter = counting() if order.get("count") else None
    reset_peak(device)
    with counter or nullcontext():
        clock = Clock(counter, device)
        clock.mark()
        values = run(cells, base, source, clock.mark)
        clock.mark()
    start, ready, end = clock.marks
    return {"setup_s": ready - start, "cells_s": end - ready, "kl": values, "peak": peak(device),
            "flops": [clock.flops[1], clock.flops[2] - clock.flops[1]] if counter else None}


def counting() -> FlopCounterMode:
    """torch's counter, with the attention kernel of the CPU, which it does not know."""
    def attention(query, key, value, *args, out_shape=None, **kwargs) -> int:
        return sdpa_flop_count(query, key, value)

    kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    return FlopCounterMode(display=False, custom_mapping={kernel: attention})


def reset_peak(device: str) -> None:
    """Begin anew with the largest memory use, where the system can do that (Linux, CUDA)."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    elif STATUS.exists():
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak(device: str) -> int:
    """Bytes: largest use of CUDA memory, or of the process since `reset_peak`."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    if STATUS.exists():
        return _status("VmHWM")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def resident() -> int:
    """Bytes held now; 0 where the system does not say."""
    if torch.cuda.is_initialized():
        return torch.cuda.memory_allocated()
    return _status("VmRSS") if STATUS.exists() else 0


def _status(name: str) -> int:
    line = next(each for each in STATUS.read_text(encoding="ascii").splitlines()
                if each.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
