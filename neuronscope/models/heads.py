"""Where queries, keys and values come from, seen where attention reads them.

Prompts of one token are run as a batch: at position 0 a rotary embedding turns nothing, so
what the attention function receives is what the projections gave, after any norm of heads.
The last module whose output holds these very numbers is the site's; which of its columns
are which head's follows from the numbers, however the family lays them out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neuronscope.hooks.attention import AttentionCall, watched
from neuronscope.hooks.points import Point
from neuronscope.hooks.tap import Tapped, tap
from neuronscope.models.branches import Outcome
from neuronscope.models.columns import distinct_heads, find_columns
from neuronscope.models.forward import forward
from neuronscope.models.trace import Call, Trace, same, trace

Key = tuple[str, int | None]

OTHER_CODE = ("this layer does not call transformers' attention functions, where queries, keys, "
              "values and probabilities are seen")
GREAT = 64.0
"""Times more than a value is: a power of two, which rounds nothing."""
_TENSORS = {"q": ("query", "queries"), "k": ("key", "keys"), "v": ("value", "values")}


@dataclass(frozen=True)
class Found:
    """A site's point, and how many heads it has there."""

    point: Point
    n_heads: int


def find_heads(
    model: nn.Module, layers: list[Call], clean: Trace, probe_ids: Tensor
) -> tuple[dict[Key, Outcome], dict[Key, int], dict[str, str]]:
    """The points of `q`, `k`, `v` and `pattern` at each layer; their heads; notes by site.

    probe_ids: [1, position], a few different tokens.
    """
    ids = probe_ids.T
    calls: list[AttentionCall] = []
    with watched(model.modules(), calls.append):
        single = trace(model, ids)
    within = _by_layer(calls, layers)
    turns = _turns(single)
    outcomes: dict[Key, Outcome] = {}
    n_heads: dict[Key, int] = {}
    for index, layer in enumerate(layers):
        found = _layer_heads(layer, within[index], clean, single, turns)
        for site, outcome in found.items():
            outcomes[site, index] = outcome.point if isinstance(outcome, Found) else outcome
            if isinstance(outcome, Found):
                n_heads[site, index] = outcome.n_heads
    failures, notes = _read_as_written(model, layers, outcomes, n_heads, probe_ids)
    return outcomes | failures, n_heads, notes


def _by_layer(calls: Iterable[AttentionCall], layers: list[Call]) -> dict[int, list[AttentionCall]]:
    owner = {module: index for index, layer in enumerate(layers)
             for module in layer.module.modules()}
    within = defaultdict(list)
    for call in calls:
        within[owner.get(call.module, -1)].append(call)
    return within


def _layer_heads(
    layer: Call, calls: list[AttentionCall], clean: Trace, single: Trace, turns: list[float]
) -> dict[str, Found | str]:
    if len(calls) != 1:
        reason = OTHER_CODE if not calls else f"the layer computes attention {len(calls)} times"
        return dict.fromkeys(("q", "k", "v", "pattern"), reason)
    call, = calls
    found: dict[str, Found | str] = {
        "pattern": Found(Point(call.module, "pattern", heads_first=True), call.query.shape[1])}
    for site, (name, told) in _TENSORS.items():
        read = getattr(call, name)[:, :, 0]
        heads = read if site == "q" else read[:, distinct_heads(read)]
        factors = dict.fromkeys((1.0, read.shape[-1] ** -0.5, *turns))
        source = _source(heads.flatten(1), layer, clean, single, tuple(factors))
        found[site] = (Found(source, heads.shape[1]) if source is not None else
                       f"no one module gives the {told} that attention reads")
    return found


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
        found = _last_with(wanted, calls, clean, factors)
        if found is None:
            return None
        call, point = found
        calls = [each for each in calls if each.order < call.order]
        # a norm after the rotary embedding: what it is given was turned, except at position 0
        given = _columns(call.given, call.name, clean)
        earlier = given and _last_with(given[0], calls, clean, (1.0,))
        if not earlier or _fed_by(call, *earlier, clean):
            return point
        wanted = given[0]


def _last_with(
    wanted: Tensor, calls: list[Call], clean: Trace, factors: tuple[float, ...]
) -> tuple[Call, Point] | None:
    for call in reversed(calls):
        offered = _columns(call.gave, call.name, clean)
        if offered is None or call.name not in clean:
            continue
        columns = find_columns(wanted, offered[0], factors)
        if columns is not None and len(columns.unique()) == len(columns):
            whole = torch.equal(columns, torch.arange(offered[0].shape[1]))
            return call, Point(call.module, "out", columns=None if whole else columns,
                               heads_first=offered[1])
    return None


def _columns(value: Tensor, name: str, clean: Trace) -> tuple[Tensor, bool] | None:
    """The values at the one position, [prompt, column], and whether heads come before it."""
    if value.ndim == 3 and value.shape[1] == 1:
        return value[:, 0], False
    if value.ndim != 4 or 1 not in value.shape[1:3]:
        return None
    heads_first = value.shape[2] == 1
    if value.shape[1] == value.shape[2] == 1 and name in clean:  # one head: the probe is longer
        heads_first = clean[name].gave.shape[1] == 1
    return value.flatten(1), heads_first


def _fed_by(call: Call, before: Call, point: Point, clean: Trace) -> bool:
    """Whether a module is given another's output as it is, at every position."""
    if call.name not in clean or before.name not in clean:
        return True
    given, gave = clean[call.name].given, clean[before.name].gave
    if given.ndim == 4 and _columns(call.given, call.name, clean)[1]:
        given = given.transpose(1, 2)
    gave = (gave.transpose(1, 2) if point.heads_first else gave).flatten(2)
    columns = slice(None) if point.columns is None else point.columns.to(gave.device)
    return same(given.flatten(2), gave[..., columns])


def _read_as_written(
    model: nn.Module, layers: list[Call], outcomes: dict[Key, Outcome], n_heads: dict[Key, int],
    probe_ids: Tensor,
) -> tuple[dict[Key, str], dict[str, str]]:
    """Points at which zeroing one head changes another of what attention reads, or none; and
    notes of sites that the model limits on their way there.

    Row h of a batch of equal prompts has head h zeroed, the last but one has great values;
    every layer's input is clean.
    """
    keys = [key for key in n_heads if key[0] in _TENSORS and isinstance(outcomes[key], Point)]
    rows = max((n_heads[key] for key in keys), default=0) + 2

    def write(key: Key) -> Callable[[Tensor], Tensor]:
        def edit(value: Tensor) -> Tensor:
            new = value.clone()
            for head, part in enumerate(new.chunk(n_heads[key], dim=-1)):
                part[head] = 0
            new[-2] *= GREAT
            return new
        return edit

    def restore(value: Tensor) -> Tensor:
        return value[-1:].expand_as(value).clone()

    calls: list[AttentionCall] = []
    clean = [Tapped(("resid_pre", index), Point(layer.module, "in"), (restore,))
             for index, layer in enumerate(layers)]
    with watched(model.modules(), calls.append), \
            tap([*clean, *(Tapped(key, outcomes[key], (write(key),)) for key in keys)]):
        forward(model, probe_ids[:, :1].expand(rows, -1))
    within = _by_layer(calls, layers)
    read = {key: getattr(within[key[1]][0], _TENSORS[key[0]][0]) for key in keys}
    failures = {key: "zeroing one of its heads changes what attention reads as another's"
                for key in keys if not _apart(read[key], n_heads[key])}
    limits = {key[0]: limit for key in keys if (limit := _limit(read[key])) is not None}
    return failures, {site: f"the model limits these values to ±{limit:g} before attention "
                            f"reads them" for site, limit in limits.items()}


def _limit(read: Float[Tensor, "rows heads pos d"]) -> float | None:
    """Where great values are cut off (DBRX, OLMo); None where they arrive as they are."""
    great, here = read[-1] * GREAT, read[-2]
    bound = here.abs().max()
    cut = (great.abs() > bound) & (here.abs() == bound)
    return float(bound) if bool(cut.any()) and bool(
        (cut | torch.isclose(here, great)).all()) else None


def _apart(read: Float[Tensor, "rows heads pos d"], n_heads: int) -> bool:
    """Whether row h differs from the last row at head h, or its repetitions, and nowhere else."""
    # how a row of a matrix product rounds may depend on its place in the batch
    slack = 8 * torch.finfo(read.dtype).eps * read[-1].abs().max()
    differs = ((read[:n_heads] - read[-1:]).abs() > slack).any(dim=-1).any(dim=-1)
    own = torch.eye(n_heads, dtype=torch.bool, device=read.device).repeat_interleave(
        read.shape[1] // n_heads, dim=1)
    return bool((differs & own).any()) and not bool((differs & ~own).any())
