"""Whether the heads that a site's columns are taken for are those that attention reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from neuronscope.hooks.attention import AttentionCall, watched
from neuronscope.hooks.points import Point
from neuronscope.hooks.tap import Captured, Tapped, tap
from neuronscope.models.branches import Outcome
from neuronscope.models.forward import forward
from neuronscope.models.trace import Call

Key = tuple[str, int | None]

GREAT = 64.0
"""Times more than a value is: a power of two, which rounds nothing."""
TENSORS = {"q": ("query", "queries"), "k": ("key", "keys"), "v": ("value", "values")}
"""By site, what attention is given of it, and its name in a reason."""
IN_TURN = ("query heads read its heads in turn, not in groups of neighbours, so an edit of a head "
           "could not be told from another's")


def clean_inputs(layers: list[Call]) -> list[Tapped]:
    """Every layer's input is, in all rows of a batch, that of the last one."""
    def restore(axis: int) -> Callable[[Tensor], Tensor]:
        return lambda value: value.narrow(axis, -1, 1).expand_as(value).clone()

    # several streams may come before the rows (Gemma 3n); layers were traced on one row
    return [Tapped(("resid_pre", index), Point(layer.module, "in"),
                   (restore(int(len(layer.given) > 1)),)) for index, layer in enumerate(layers)]


def read_as_written(
    model: nn.Module, layers: list[Call], attention: Mapping[int, tuple[nn.Module, int]],
    outcomes: dict[Key, Outcome], n_heads: dict[Key, int], probe_ids: Tensor,
) -> tuple[dict[Key, str], dict[str, str]]:
    """Points at which zeroing one head changes another of what attention reads, or none; and
    notes of sites that the model limits on their way there.

    Row h of a batch of equal prompts has head h zeroed, the last but one has great values;
    every layer's input is clean.
    """
    failures: dict[Key, str] = {}
    notes: dict[str, str] = {}
    for site in TENSORS:
        heads = {key: count for key, count in n_heads.items()
                 if key[0] == site and isinstance(outcomes[key], Point)}
        seen, calls = _run(model, layers, {key: outcomes[key] for key in heads}, heads, probe_ids)
        for key, count in heads.items():
            call = calls[attention[key[1]][0]]
            read = getattr(call, TENSORS[site][0])
            if told := _mixed_up(read, count) or _spilled(call, site, count):
                failures[key] = told
            elif note := _changed(read[:, :, :1], seen[key], count):
                notes[site] = note
    return failures, notes


def _run(
    model: nn.Module, layers: list[Call], points: dict[Key, Outcome], n_heads: dict[Key, int],
    probe_ids: Tensor,
) -> tuple[Captured, dict[nn.Module, AttentionCall]]:
    """A batch edited at the points of one site; and what attention does there, by module."""
    def write(key: Key) -> Callable[[Tensor], Tensor]:
        def edit(value: Tensor) -> Tensor:
            new = value.clone()
            for head, part in enumerate(new.chunk(n_heads[key], dim=-1)):
                part[head] = 0
            new[-2] *= GREAT
            return new
        return edit

    rows = max(n_heads.values(), default=0) + 2
    calls: list[AttentionCall] = []
    taps = [Tapped(key, point, (write(key),), capture=True) for key, point in points.items()]
    with watched(model.modules(), calls.append), tap([*clean_inputs(layers), *taps]) as seen:
        forward(model, probe_ids[:, :2].expand(rows, -1))
    return seen, {call.module: call for call in calls}


def _spilled(call: AttentionCall, site: str, n_heads: int) -> str:
    """Why an edit of a head reaches more than that; nothing where it does not."""
    for other, (name, told) in TENSORS.items():
        if other != site and bool(_differs(getattr(call, name), n_heads).any()):
            return f"an edit of it changes the {told} that attention reads as well"
    own = torch.eye(n_heads, dtype=torch.bool, device=call.output.device).repeat_interleave(
        call.output.shape[2] // n_heads, dim=1)
    if bool((_differs(call.output.transpose(1, 2), n_heads) & ~own).any()):
        return ("zeroing one of its heads changes what other heads of attention give (as through a "
                "mask that is made of it)")
    return ""


def _differs(value: Float[Tensor, "rows heads pos d"], n_heads: int) -> Bool[Tensor, "n heads"]:
    """Which heads of the first rows are not those of the last row."""
    # how a row of a matrix product rounds may depend on its place in the batch
    slack = 64 * torch.finfo(value.dtype).eps * value[-1].abs().max()
    return ((value[:n_heads] - value[-1:]).abs() > slack).any(dim=-1).any(dim=-1)


def _changed(
    read: Float[Tensor, "rows heads pos d"], value: Float[Tensor, "rows pos width"], n_heads: int
) -> str:
    """What the model does to the values on their way, if it is the same for all."""
    limit = _limit(read)
    if limit is not None:
        return f"the model limits these values to ±{limit:g} before attention reads them"
    mine = value[-1, 0].view(n_heads, -1)
    ratios = (read[-1, ::read.shape[1] // n_heads, 0] / mine).flatten()
    factor = ratios.median()
    even = bool(((ratios - factor).abs() <= 1e-2 * factor.abs()).all())
    if not even or bool((factor - 1).abs() < 1e-2):
        return ""
    return f"the model multiplies these values by {float(factor):.4g} before attention reads them"


def _limit(read: Float[Tensor, "rows heads pos d"]) -> float | None:
    """Where great values are cut off (DBRX, OLMo); None where they arrive as they are."""
    great, here = read[-1] * GREAT, read[-2]
    bound = here.abs().max()
    cut = (great.abs() > bound) & (here.abs() == bound)
    return float(bound) if bool(cut.any()) and bool(
        (cut | torch.isclose(here, great)).all()) else None


def _mixed_up(read: Float[Tensor, "rows heads pos d"], n_heads: int) -> str:
    """Why row h does not differ from the last row at head h, or its repetitions, and nowhere
    else; nothing where it is so."""
    differs = _differs(read, n_heads)
    each, times = torch.eye(n_heads, dtype=torch.bool, device=read.device), read.shape[1] // n_heads
    own = each.repeat_interleave(times, dim=1)
    if bool((differs & own).any()) and not bool((differs & ~own).any()):
        return ""
    if times > 1 and torch.equal(differs, each.repeat(1, times)):
        return IN_TURN
    return "zeroing one of its heads changes what attention reads as another's"
