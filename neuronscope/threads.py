"""How the threads that compute wait for one another.

OpenMP's threads wait by spinning, some milliseconds long. Where other programs want the cores
too, a thread spins while the one it waits for is not let onto a core, at every one of a model's
many small products: on two cores beside a load of eight, a run on the embedded model took 1.6 s
instead of 0.04 s.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

ASLEEP = {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
"""For GNU's OpenMP, which torch uses on Linux, and for LLVM's and Intel's."""
CHOICES = (*ASLEEP, "OMP_WAIT_POLICY")
"""Variables by which somebody has chosen already."""


def wait_asleep(environment: MutableMapping[str, str] = os.environ) -> None:
    """Has the threads of this process and its children sleep while they wait.

    To be called before torch is imported. What somebody has chosen stays.
    """
    if not any(name in environment for name in CHOICES):
        environment.update(ASLEEP)
