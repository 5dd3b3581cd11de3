"""The held-out splits: a hash decides, so the split needs no file and never drifts."""

from __future__ import annotations

import hashlib

HELD_OUT_PERCENT = 12


def bucket(*parts: str) -> int:
    """A stable number in 0..99 for a tuple of strings."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100


def held_out(*parts: str, percent: int = HELD_OUT_PERCENT) -> bool:
    """True if the item named by `parts` must never appear in the training stream."""
    return bucket(*parts) < percent
