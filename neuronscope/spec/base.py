"""The base of every spec: frozen, strict, closed, with positional arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

MAX_SAFE_INT = 2**53 - 1
"""The largest integer that JSON numbers carry exactly (RFC 8785)."""

Items = Field(strict=False, fail_fast=True)
"""Marks a tuple field that also takes a list, since JSON has no tuples, and whose first wrong
item is the only one told of: a list of a million could else be wrong in as many places."""

SafeInt = Annotated[int, Field(ge=-MAX_SAFE_INT, le=MAX_SAFE_INT)]


class Spec(BaseModel):
    """Frozen; unknown fields, wrong types, NaN and infinities are refused.

    `positional` names the fields that may be given without a keyword, in order:
    `Target("mlp_out", layer=0)`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, strict=True, ser_json_inf_nan="null"
    )

    positional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **data: Any) -> None:
        super().__init__(**_named(type(self), args, data))

    # pydantic then validates without going through __init__, so that error locations stay exact
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def no_nul(text: str) -> str:
    """A text without NUL, which ends texts elsewhere. Raises: PydanticCustomError."""
    if "\0" in text:
        raise PydanticCustomError("invalid_text", "The text holds a NUL character")
    return text


def _named(cls: type[Spec], args: Sequence[Any], data: dict[str, Any]) -> dict[str, Any]:
    if len(args) > len(cls.positional):
        raise TypeError(
            f"{cls.__name__} takes {len(cls.positional)} positional arguments, got {len(args)}"
        )
    named = dict(zip(cls.positional, args, strict=False))
    twice = named.keys() & data.keys()
    if twice:
        raise TypeError(f"{cls.__name__} got {', '.join(sorted(twice))} twice")
    return named | data
