"""Runs beside a sweep that tell how far its grid can be trusted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neuronscope.spec.base import Items, Spec
from neuronscope.spec.status import Status


class ControlValue(Spec):
    """A metric under a control, and what it must be if the method is sound (null: no demand)."""

    found: float | None
    expected: float | None = None
    spread: float | None = None
    status: Status = "ok"


class Control(Spec):
    """A run that tells how far a grid can be trusted.

    `self_patch` puts every edited entry's own value back: nothing may change. `full_patch`
    takes the whole stream of the source prompt: the source's own answer must come out.
    `random_direction` adds random directions of the same norm at the cells of greatest
    effect (`cells`): what any direction does there. `passed` is null where there is nothing
    to pass; a control that could not be run says why in `reason`.
    """

    kind: Literal["self_patch", "full_patch", "random_direction"]
    cells: Annotated[tuple[int, ...], Items] = ()
    draws: int = 1
    metrics: dict[str, ControlValue] = Field(default_factory=dict)
    passed: bool | None = None
    reason: str = ""
