"""Where queries, keys and values come from, seen where attention reads them.

Prompts of one token are run as a batch: at position 0 a rotary embedding turns nothing, so
what the attention function receives is what the projections gave, after any norm of heads.
The last module whose output holds these very numbers is the site's; which of its columns
are which head's follows from the numbers, however the family lays them out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from neuronscope.hooks.attention import AttentionCall, watched
from neuronscope.hooks.points import Point
from neuronscope.hooks.tap import attached
from neuronscope.models.branches import Outcome
from neuronscope.models.columns import (
    columns_of,
    distinct_heads,
    find_columns,
    likely_factors,
    why_none,
)
from neuronscope.models.trace import Call, Trace, same, trace
from neuronscope.models.written import TENSORS, read_as_written

Key = tuple[str, int | None]

NO_SOFTMAX = ("no softmax attention was seen in this layer: it calls none of transformers' "
              "attention functions, and multiplies no queries and keys into a softmax that it "
              "multiplies with values")


@dataclass(frozen=True)
class Heads:
    """Points, or reasons, of `q`, `k`, `v` and `pattern` by layer; their heads; notes by site.

    attention: by layer the module that computes it, and its heads. seen: the heads of every
    attention in the layers, in case that it is no layer's only one.
    """

    outcomes: dict[Key, Outcome]
    n_heads: dict[Key, int]
    notes: dict[str, str]
    attention: dict[int, tuple[nn.Module, int]]
    seen: list[int]


def find_heads(
    model: nn.Module, layers: list[Call], own: Mapping[int, nn.Module], clean: Trace,
    probe_ids: Tensor,
) -> Heads:
    """The heads of each layer.

    own: by layer the module whose output is what attention adds to the stream, where known.
    probe_ids: [1, position], a few different tokens.
    """
    calls: list[AttentionCall] = []

    def look(call: AttentionCall) -> Tensor:
        calls.append(call)
        # each prompt gets another's: what one token attends to would be its value again
        return torch.empty_like(call.output).copy_(call.output.roll(1, dims=0))

    with watched(model.modules(), look), attached(
            (module, "out", _unturned) for module in model.modules()
            if not list(module.parameters())):
        single = trace(model, probe_ids.T)
    within = _by_layer(calls, layers)
    turns = _turns(single)
    outcomes: dict[Key, Outcome] = {}
    n_heads: dict[Key, int] = {}
    attention: dict[int, tuple[nn.Module, int]] = {}
    for index, layer in enumerate(layers):
        call = _the_one(within[index], own.get(index))
        found = _layer_heads(layer, call, clean, single, turns)
        if isinstance(call, str) and _alike(within[index]):
            shared = _layer_heads(layer, within[index][0], clean, single, turns)
            found |= {site: shared[site] for site in ("q", "k")}
            call = within[index][0]
        if not isinstance(call, str):
            attention[index] = call.module, call.query.shape[1]
        for site, (outcome, count) in found.items():
            outcomes[site, index] = outcome
            if count:
                n_heads[site, index] = count
    failures, notes = read_as_written(model, layers, attention, outcomes, n_heads, probe_ids)
    seen = [call.query.shape[1] for index in range(len(layers)) for call in within[index]]
    return Heads(outcomes | failures, n_heads, notes, attention, seen)


def attention_of(
    layers: list[Call], calls: Iterable[AttentionCall], own: Mapping[int, nn.Module]
) -> dict[int, tuple[nn.Module, int]]:
    """By layer, where there is one, the module that computes its attention, and its heads."""
    within = _by_layer(calls, layers)
    found: dict[int, tuple[nn.Module, int]] = {}
    for index in range(len(layers)):
        call = _the_one(within[index], own.get(index))
        if isinstance(call, str) and _alike(within[index]):
            call = within[index][0]
        if not isinstance(call, str):
            found[index] = call.module, call.query.shape[1]
    return found


def _by_layer(calls: Iterable[AttentionCall], layers: list[Call]) -> dict[int, list[AttentionCall]]:
    owner = {module: index for index, layer in enumerate(layers)
             for module in layer.module.modules()}
    within = defaultdict(list)
    for call in calls:
        within[owner.get(call.module, -1)].append(call)
    return within


def _the_one(calls: list[AttentionCall], own: nn.Module | None) -> AttentionCall | str:
    """The layer's attention: its only one, or the one inside what adds it to the stream."""
    if not calls:
        return NO_SOFTMAX
    inside = [call for call in calls if own is not None and call.module in set(own.modules())]
    for some in (calls, inside):
        if len(some) == 1:
            return some[0]
    names = " and ".join(dict.fromkeys(type(call.module).__name__ for call in calls))
    return (f"the layer computes attention {len(calls)} times, in {names}, and what it adds to "
            f"the stream is no one of them")


def _alike(calls: list[AttentionCall]) -> bool:
    """Whether one module's calls read the same queries and keys (DiffLlama)."""
    return bool(calls) and all(
        call.module is calls[0].module and same(call.query, calls[0].query)
        and same(call.key, calls[0].key) for call in calls)


def _layer_heads(
    layer: Call, call: AttentionCall | str, clean: Trace, single: Trace, turns: list[float]
) -> dict[str, tuple[Outcome, int]]:
    """By site: the point or a reason, and the number of heads that attention reads."""
    if isinstance(call, str):
        return dict.fromkeys(("q", "k", "v", "pattern"), (call, 0))
    pattern = Point(call.module, "pattern", heads_first=True)
    found: dict[str, tuple[Outcome, int]] = {"pattern": (pattern, call.query.shape[1])}
    calls = single.under(layer.name)
    for site, (name, told) in TENSORS.items():
        read = getattr(call, name)[:, :, 0]
        heads = read if site == "q" else read[:, distinct_heads(read)]
        factors = tuple(dict.fromkeys((1.0, read.shape[-1] ** -0.5, *turns)))
        wanted = heads.flatten(1)
        source: Outcome | None = _source(wanted, layer, clean, single, factors) or _source(
            wanted, layer, clean, single, likely_factors(wanted, calls))
        if source is None:
            others = sorted((each for each in single.values()
                             if not f"{each.name}.".startswith(f"{layer.name}.")),
                            key=lambda each: each.order)
            there = _last_with(wanted, others, layer.module, clean, factors)
            source = (why_none(heads, told, calls, factors) if there is None else
                      f"the {told} that attention reads are another layer's: {there[0].name} "
                      f"gives them")
        found[site] = source, heads.shape[1]
    return found


def _unturned(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> Any:
    """Cosines and sines of a rotary embedding that turns nothing, where the first position of
    a prompt is not its position 0 (PaliGemma)."""
    if not (isinstance(output, tuple) and len(output) == 2 and all(
            isinstance(each, Tensor) and each.is_floating_point() for each in output)
            and output[0].shape == output[1].shape and bool(output[1].any())):
        return None
    size = (output[0].float().square() + output[1].float().square()).sqrt()
    if bool((size - size.mean()).abs().max() > 0.01 * size.mean()):
        return None
    return torch.full_like(output[0], round(float(size.mean()), 2)), torch.zeros_like(output[1])


def _turns(single: Trace) -> list[float]:
    """The cosines of rotary embeddings at position 0, which some families scale."""
    return [float(call.gave.flatten()[0]) for name, call in single.items()
            if "." in name and call.gave.ndim == 3 and not list(call.module.parameters())
            and bool((call.gave == call.gave.flatten()[0]).all())]


def _source(
    wanted: Tensor, layer: Call, clean: Trace, single: Trace, factors: tuple[float, ...]
) -> Point | None:
    """The last module in the layer whose output holds these columns, before any rotary."""
    calls = single.under(layer.name)
    while True:
        found = _last_with(wanted, calls, layer.module, clean, factors)
        if found is None:
            return None
        call, point = found
        calls = [each for each in calls if each.order < call.order]
        # a norm after the rotary embedding: what it is given was turned, except at position 0
        given = columns_of(call.given, call.name, clean)
        earlier = given and _last_with(given[0], calls, layer.module, clean, (1.0,))
        if not earlier or _fed_by(call, *earlier, clean):
            return point
        wanted = given[0]


def _last_with(
    wanted: Tensor, calls: list[Call], layer: nn.Module, clean: Trace,
    factors: tuple[float, ...],
) -> tuple[Call, Point] | None:
    for call in reversed(calls):
        offered = columns_of(call.gave, call.name, clean)
        if offered is None or call.name not in clean:
            continue
        columns = find_columns(wanted, offered[0], factors)
        if columns is not None and len(columns.unique()) == len(columns):
            whole = torch.equal(columns, torch.arange(offered[0].shape[1]))
            return call, Point(call.module, "out", columns=None if whole else columns,
                               heads_first=offered[1] == "heads first",
                               rows=layer if offered[1] == "flat" else None)
    return None


def _fed_by(call: Call, before: Call, point: Point, clean: Trace) -> bool:
    """Whether a module is given another's output as it is, at every position."""
    if call.name not in clean or before.name not in clean:
        return True
    given, gave = ordered(clean[call.name].given), ordered(clean[before.name].gave)
    if call.given.ndim == 4 and columns_of(call.given, call.name, clean)[1] == "heads first":
        given = given.transpose(1, 2)
    gave = gave.transpose(1, 2) if point.heads_first else gave
    columns = slice(None) if point.columns is None else point.columns.to(gave.device)
    return same(given.flatten(2), gave.flatten(2)[..., columns])


def ordered(value: Tensor) -> Tensor:
    """With a first dimension of one prompt, where positions are in it."""
    return value if len(value) == 1 else value[None]
