"""What is told of stored vectors, and how one is sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from neuronscope.spec.base import Items, Spec, no_nul

Numbers = Annotated[tuple[float, ...], Items, Field(min_length=1, max_length=1_000_000)]
Rows = Annotated[tuple[Numbers, ...], Items, Field(min_length=1, max_length=1_000_000)]


class VectorInfo(Spec):
    """A stored vector ([width]) or matrix ([rows, width]); `sha256` is that of its .npy file."""

    sha256: str
    name: str
    dtype: Literal["float32", "float64"]
    shape: Annotated[tuple[int, ...], Items]


class NewVector(Spec):
    """A vector, or a matrix whose rows are vectors. dtype: what it is kept as."""

    values: Numbers | Rows
    name: Annotated[str, Field(max_length=200), AfterValidator(no_nul)] = ""
    dtype: Literal["float32", "float64"] = "float64"
