"""Finding one tensor's columns in another by their values over several prompts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from neuronscope.hooks.precision import float64
from neuronscope.models.trace import Call, Trace

Order = Literal["plain", "heads first", "flat"]
"""[batch, position, …], [batch, heads, position, …] or [batch × position, …]."""


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


def columns_of(value: Tensor, name: str, clean: Trace) -> tuple[Tensor, Order] | None:
    """The values at the one position, [prompt, column], and in which order they are held.

    clean: one longer prompt, which tells dimensions apart.
    """
    if value.ndim == 3 and value.shape[1] == 1:
        return value[:, 0], "plain"
    longer = clean.get(name)
    if value.ndim == 3 and longer is not None and len(longer.gave) > 1:
        return value.flatten(1), "flat"
    if value.ndim != 4 or 1 not in value.shape[1:3]:
        return None
    heads_first = value.shape[2] == 1
    if value.shape[1] == value.shape[2] == 1 and longer is not None:  # one head
        heads_first = longer.gave.shape[1] == 1
    return value.flatten(1), "heads first" if heads_first else "plain"


def likely_factors(wanted: Float[Tensor, "n width"], calls: list[Call]) -> tuple[float, ...]:
    """Numbers that what a module gives may have been multiplied with to give these columns."""
    found: dict[float, None] = {}
    for call in calls:
        offered = call.gave.flatten(1)
        if offered.shape == wanted.shape and bool(offered.all()):
            ratios = float64(wanted) / float64(offered)
            middle = ratios.median()
            if bool((ratios - middle).abs().max() < 0.01 * middle.abs()):
                exact = float(middle)
                found |= dict.fromkeys((exact, *(round(exact, digits) for digits in range(8))))
    return tuple(factor for factor in found if factor not in (0.0, 1.0))


def why_none(
    heads: Float[Tensor, "n heads d"], told: str, calls: list[Call], factors: tuple[float, ...]
) -> str:
    """Why what attention reads is no one module's output.

    heads: it, at the one position of several prompts. calls: those of the layer.
    """
    offers = [(call, _keys(float64(call.gave.flatten(1)))) for call in calls
              if len(call.gave) == len(heads)]
    by_head = [_keys(float64(heads[:, head])) for head in range(heads.shape[1])]
    givers: dict[str, None] = {}
    for key in (key for keys in by_head for key in keys):
        giver = next((call for call, keys in offers if key in keys), None)
        if giver is None:
            return f"no module that runs once in the layer gives the {told} that attention reads"
        givers[giver.name.rpartition(".")[2]] = None
    if len(givers) == 1:
        return f"the {told} that attention reads are not those that {next(iter(givers))} gives"
    shared = len(by_head) > 1 and bool(set(by_head[0]) & set(by_head[1]))
    return (f"the {told} that attention reads are put together from what {' and '.join(givers)} "
            f"give{', a part of which all heads share' if shared else ''}")


def _keys(columns: Float[Tensor, "n width"]) -> list[bytes]:
    """One key per column; equal exactly where the columns are."""
    rows = (columns + 0.0).T.contiguous().cpu().numpy()  # + 0: one zero, not two
    return [row.tobytes() for row in rows]
