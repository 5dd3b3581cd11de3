"""Which head is which: the weights of one head of queries or values, and what they change.

They are negated, so that a norm over all heads gives the others what it gave them.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from tests.conformance import raw
from tests.conformance.case import Case

QUERY = ("q_proj", "query", "q_lin", "query_proj", "wq")
VALUE = ("v_proj", "value", "v_lin", "value_proj", "wv")


def query_heads(case: Case) -> Iterator[str] | None:
    """Negated queries of one head change the results of that head and of no other."""
    return _changes(case, QUERY, own=True)


def value_heads(case: Case) -> Iterator[str] | None:
    """Negated values of one key-value head change exactly the heads of its group."""
    return _changes(case, VALUE, own=False)


def _changes(case: Case, names: tuple[str, ...], own: bool) -> Iterator[str] | None:
    found = {layer: module for layer in case.layers("z")
             if (module := _projection(case, layer, names)) is not None}
    ends = sorted({min(found), max(found)}) if found else []
    return (told for layer in ends for told in _changes_at(case, layer, found[layer], own)
            ) if ends else None


def _changes_at(case: Case, layer: int, module: nn.Module, own: bool) -> Iterator[str]:
    n_heads, d_head = case.values["z", layer].shape[1:]
    rows = module.weight.shape[1 if raw.transposed(module) else 0]
    size = rows // n_heads if own else d_head
    groups = rows // size
    clean = _results(case, layer)
    for group in sorted({0, groups - 1}):
        block = torch.arange(group * size, (group + 1) * size)
        with raw.times(module, block, -1.0):
            other = _results(case, layer)
        expected = torch.arange(n_heads) // (n_heads // groups) == group
        changed = _changed(clean, other, ~expected)
        if not torch.equal(changed, expected):
            kind = "query" if own else "key-value"
            yield (f"{kind} head {group} of layer {layer} changes z of the heads "
                   f"{changed.nonzero().ravel().tolist()}")


def _changed(clean: Tensor, other: Tensor, rest: Tensor) -> Tensor:
    """Which heads [head] changed otherwise than the `rest` does as a whole.

    The others are as they were; or, where a norm over all heads comes before the output
    projection, are multiplied by one factor at each position.
    """
    if torch.equal(clean[:, rest], other[:, rest]) or not bool(rest.any()):
        return (clean != other).any(dim=0).any(dim=-1)
    both = clean[:, rest].flatten(1), other[:, rest].flatten(1)
    factors = (both[0] * both[1]).sum(dim=-1) / both[0].square().sum(dim=-1)
    apart = (other - factors[:, None, None] * clean).abs()
    return (apart > 1e-4 * clean.abs().amax(dim=(0, 2))[:, None]).any(dim=0).any(dim=-1)


def _results(case: Case, layer: int) -> Tensor:
    """z [pos, head, d_head] as it reaches the output projection of the raw model."""
    point = case.point("z", layer)
    value, = raw.seen(case.hf, case.ids, [(point.module, "in")])
    value = value.reshape(len(case.ids), -1)
    value = value if point.columns is None else value[:, point.columns]
    return value.reshape(case.values["z", layer].shape)


def _projection(case: Case, layer: int, names: tuple[str, ...]) -> nn.Module | None:
    """The linear map of one of these names that is nearest to the layer's output projection."""
    kinds = getattr(case.hf.config.get_text_config(), "layer_types", None) or ()
    if len(kinds) > layer and "linear" in kinds[layer]:  # heads of another kind
        return None
    within = dict(case.layout.layers[layer].named_modules())
    output = case.point("z", layer).module
    place = next((name for name, module in within.items() if module is output), None)
    if place is None:
        return None
    parts = place.split(".")
    n_heads, d_head = case.values["z", layer].shape[1:]
    for depth in range(len(parts) - 1, -1, -1):
        parent = ".".join(parts[:depth])
        found = [module for name, module in within.items()
                 if name.startswith(parent) and name.rsplit(".", 1)[-1] in names
                 and raw.is_linear(case.hf, module)]
        if len(found) == 1:
            rows = found[0].weight.shape[1 if raw.transposed(found[0]) else 0]
            fits = rows % n_heads == 0 if names is QUERY else rows % d_head == 0
            return found[0] if fits else None
        if found:
            return None
    return None
