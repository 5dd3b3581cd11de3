"""How the threads that compute wait for one another.

OpenMP's threads wait by spinning, some milliseconds long. Where other programs want the cores
too, a thread spins while the one it waits for is not let onto a core, at every one of a model's
many small products: on two cores beside a load of eight, a run on the embedded model took 1.6 s,
and 0.1 s where threads spin for microseconds and then sleep. On idle cores that costs little
(docs/engine.md has the figures).
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

ASLEEP = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}
"""Turns of GNU's OpenMP, which torch uses on Linux; milliseconds of LLVM's and Intel's."""
CHOICES = (*ASLEEP, "OMP_WAIT_POLICY")
"""Variables by which somebody has chosen already."""


def wait_asleep(environment: MutableMapping[str, str] = os.environ) -> None:
    """Has the threads of this process and its children soon sleep while they wait.

    To be called before torch is imported. What somebody has chosen stays.
    """
    if not any(name in environment for name in CHOICES):
        environment.update(ASLEEP)
