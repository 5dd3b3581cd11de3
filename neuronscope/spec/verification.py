"""What came of running a stored experiment again."""

from __future__ import annotations

from typing import Annotated, Literal

from neuronscope.spec.base import Items, Spec

Verdict = Literal["exact", "within_tolerance", "mismatch", "not_comparable"]
Leaf = bool | int | float | str | None


class Difference(Spec):
    """One value that did not come out as it is stored; `where` is its JSON pointer.

    place: for a sweep, the cell's coordinates in words.
    """

    where: str
    stored: Leaf
    found: Leaf
    place: str = ""


class Verification(Spec):
    """A stored experiment against a new run of its spec.

    exact: every number has the same bits. within_tolerance: `max_difference` is at most
    `tolerance`; both are relative to the stored value where that is larger than 1. mismatch:
    it is larger, or something that is no number differs. not_comparable: the loaded model, or what
    the spec means, is not what it was; nothing was run.
    differences: the first of `n_differences`. environment: what it ran on, where that has
    changed. n_compared: the values that were compared, of a sweep those of finished cells.
    """

    id: str
    spec_hash: str
    verdict: Verdict
    tolerance: float | None = None
    max_difference: float | None = None
    n_compared: int = 0
    n_differences: int = 0
    differences: Annotated[tuple[Difference, ...], Items] = ()
    environment: Annotated[tuple[Difference, ...], Items] = ()
