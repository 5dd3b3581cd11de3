"""The model's process: carries out one order at a time, and ends with its parent.

Orders and answers are pairs over one pipe. A second thread reads the pipe while the engine
computes, so that a cancel arrives in time, and a parent that is gone ends this process.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from neuronscope.errors import NeuronScopeError
from neuronscope.service.executor import InProcess, Listener
from neuronscope.service.explain import UNEXPECTED, as_failure

log = logging.getLogger(__name__)


@dataclass
class Inbox:
    """Orders that arrived, and whether the present one is to stop."""

    orders: queue.SimpleQueue[tuple[str, Any]]
    cancelled: threading.Event


def main(pipe: Connection) -> None:
    """The process's entry point."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    inbox = Inbox(queue.SimpleQueue(), threading.Event())
    threading.Thread(target=_read, args=(pipe, inbox), daemon=True).start()
    executor = InProcess()
    listener = Listener(
        report=lambda *told: pipe.send(("report", told)),
        on_head=lambda head: pipe.send(("head", head)),
        on_cells=lambda cells: pipe.send(("cells", cells)),
        cancelled=inbox.cancelled.is_set,
    )
    while True:
        kind, order = inbox.orders.get()
        pipe.send(_carry_out(executor, kind, order, listener))


def _read(pipe: Connection, inbox: Inbox) -> None:
    while True:
        try:
            kind, order = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        if kind == "cancel":
            inbox.cancelled.set()
        else:
            inbox.cancelled.clear()
            inbox.orders.put((kind, order))


def _carry_out(executor: InProcess, kind: str, order: Any, listener: Listener) -> tuple[str, Any]:
    try:
        if kind == "unload":
            return "done", executor.unload()
        if kind == "check":
            return "done", executor.check(listener)
        ways = {"load": executor.load, "run": executor.run, "sweep": executor.sweep,
                "capture": executor.capture}
        return "done", ways[kind](order, listener)
    except NeuronScopeError as error:
        return "error", error
    except UNEXPECTED as error:
        log.exception("the order %s failed", kind)
        return "broken" if _is_poisoned(error) else "error", as_failure(error)


def _is_poisoned(error: BaseException) -> bool:
    """Whether nothing more can be computed on the device in this process."""
    import torch

    return isinstance(error, torch.AcceleratorError)
