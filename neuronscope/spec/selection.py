"""Indices as people write them, made plain: counted from 0, sorted, checked."""

from __future__ import annotations

from neuronscope.errors import OutOfRange

Selection = tuple[int, ...] | None
"""Sorted indices counted from 0, or None for all."""


def normalise(
    chosen: int | tuple[int, ...] | None, size: int, what: str, owner: str, pointer: str = ""
) -> Selection:
    """Sorted indices counted from 0; None where they cover all of `size`.

    Raises: OutOfRange, naming the index and what is allowed.
    """
    if chosen is None:
        return None
    indices = (chosen,) if isinstance(chosen, int) else chosen
    plain = sorted({one_index(index, size, what, owner, pointer) for index in indices})
    if len(plain) != len(indices):
        raise OutOfRange(f"{what} {list(indices)} names one index twice, counted from either end.",
                         hint="Name each index once.", pointer=pointer)
    return None if len(plain) == size else tuple(plain)


def one_index(index: int, size: int, what: str, owner: str, pointer: str = "") -> int:
    """An index counted from 0; negative ones count from the end. Never clamped.

    Raises: OutOfRange.
    """
    if not -size <= index < size:
        raise OutOfRange(f"{what} {index}: {owner} has 0–{size - 1}.",
                         hint=f"Use 0 to {size - 1}, or −1 for the last.", pointer=pointer)
    return index % size


def meet(left: Selection, right: Selection) -> bool:
    """Whether two selections of one axis have an index in common."""
    return left is None or right is None or not set(left).isdisjoint(right)
