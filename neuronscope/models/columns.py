"""Finding one tensor's columns in another by their values over several prompts."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from neuronscope.hooks.precision import float64


def find_columns(
    wanted: Float[Tensor, "n width"], offered: Float[Tensor, "n more"],
    factors: Iterable[float] = (1.0,),
) -> Int[Tensor, " width"] | None:
    """For each wanted column the offered one that equals it to the bit on every row.

    factors: what the offered columns may have been multiplied with on their way. Among
    equal columns the one next to its neighbour's is taken. None where one is not found.
    """
    if offered.shape[1] < wanted.shape[1] or offered.shape[0] != wanted.shape[0]:
        return None
    wanted = float64(wanted)
    scaled = [float64(offered if factor == 1.0 else offered * factor) for factor in factors]
    if any(torch.equal(each, wanted) for each in scaled):
        return torch.arange(wanted.shape[1])
    likely = [each for each in scaled if (each == wanted[:, :1]).all(dim=0).any()]
    keys = _keys(wanted) if likely else []
    found = _places(keys, likely)
    # some of a head's columns may have been multiplied, and others not
    return _places(keys, scaled) if likely and found is None else found


def _places(keys: list[bytes], offers: list[Tensor]) -> Int[Tensor, " width"] | None:
    places: dict[bytes, list[int]] = {}
    for offered in offers:
        for place, key in enumerate(_keys(offered)):
            places.setdefault(key, []).append(place)
    found: list[int] = []
    for key in keys:
        here = places.get(key)
        if here is None:
            return None
        following = found[-1] + 1 if found else here[0]
        found.append(following if following in here else here[0])
    return torch.tensor(found) if found else None


def distinct_heads(heads: Float[Tensor, "n heads d"]) -> list[int]:
    """The first of each run of equal heads: key-value heads before they were repeated."""
    seen: dict[bytes, int] = {}
    for place in range(heads.shape[1]):
        seen.setdefault(b"".join(_keys(float64(heads[:, place]))), place)
    return list(seen.values())


def _keys(columns: Float[Tensor, "n width"]) -> list[bytes]:
    """One key per column; equal exactly where the columns are."""
    rows = (columns + 0.0).T.contiguous().cpu().numpy()  # + 0: one zero, not two
    return [row.tobytes() for row in rows]
