"""Files that a process which was killed has left half written in the data folder."""

from __future__ import annotations

from pathlib import Path

from neuronscope.service.shelf import CERTIFIED, VECTORS

PART = "*.part"


def clear(data: Path) -> int:
    """Removes them, from a folder that no other instance holds; returns how many there were."""
    found = [file for folder in (VECTORS, CERTIFIED) for file in (data / folder).glob(PART)]
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)
