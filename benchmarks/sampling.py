"""Which cells are timed, and what their time says of all cells. Plain arithmetic."""

from __future__ import annotations

GOLDEN = 0.6180339887498949


def spaced(total: int, count: int) -> list[int]:
    """`count` of `total` places: the middles of equal parts."""
    return [(2 * part + 1) * total // (2 * count) for part in range(count)]


def scattered(total: int, count: int) -> list[int]:
    """`count` of `total` places, one in each of equal parts.

    Not at the same place of each part, as a grid's rows would then be met in one column.
    """
    return [int((part + part * GOLDEN % 1) * total / count) for part in range(count)]


def scaled(setup_s: float, cells_s: float, timed: int, total: int) -> float:
    """Seconds for all cells: what they share once, the rest in proportion."""
    return setup_s + cells_s * total / timed


def affordable(setup_s: float, step_s: float, seconds: float, most: int) -> int:
    """How many steps fit into `seconds` beside the setup; at least one, at most `most`."""
    room = (seconds - setup_s) / step_s if step_s > 0 else most
    return max(1, min(most, int(room)))


def allotted(remaining_s: float, weights: list[float]) -> float:
    """The first one's part of the remaining time, in proportion to its weight."""
    return max(0.0, remaining_s) * weights[0] / sum(weights)
