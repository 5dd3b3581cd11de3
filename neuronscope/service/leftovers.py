"""Files that a process which was killed has left half written in the data folder."""

from __future__ import annotations

from pathlib import Path

from neuronscope.service.shelf import CERTIFIED, VECTORS
from neuronscope.service.token import FILE_NAME

LEFT = (f"{FILE_NAME}.*.part", f"{VECTORS}/*.part", f"{CERTIFIED}/*.part",
        "*.backup.part")


def clear(data: Path) -> int:
    """Removes them, from a folder that no other instance holds; returns how many there were."""
    found = [file for pattern in LEFT for file in data.glob(pattern)]
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)
