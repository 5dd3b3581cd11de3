"""Each site proves itself on the loaded model, or is refused with the reason.

A site is certified at a layer when its hook fires exactly once in a forward, when an
identity edit leaves every logit bit-equal, when zeroing it moves the logits, and when it
stands to the others as it must: sums hold, and zeroing it changes nothing that comes before
its layer (identities.py). `pattern` does all of this under eager attention, and its
probabilities must give attention's output (patterns.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuronscope.errors import RunFailed
from neuronscope.hooks.attention import eager_attention
from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Point, Tapped, name, tap
from neuronscope.models.forward import forward
from neuronscope.models.headproof import head_failures
from neuronscope.models.identities import Places, identity_failures
from neuronscope.models.layout import Layout
from neuronscope.models.patterns import drift, weight_failures
from neuronscope.spec.models import Refusal, SiteReport
from neuronscope.spec.target import SITES

Key = tuple[str, int | None]

EFFECT_LENGTH = 2
"""Tokens with which sites are zeroed: two, so that attention has something to choose."""
EFFECT_ROWS = 256
"""Sites that are zeroed in one batch."""
ROUNDINGS = 8
"""How many roundings of a great logit rows of one batch may lie apart."""


def certify(model: nn.Module, layout: Layout, probe_ids: Tensor) -> tuple[SiteReport, ...]:
    """One report per site. `probe_ids`: [1, position], a few different tokens."""
    clean = forward(model, probe_ids)
    failed = dict(layout.reasons)
    plain = {key: point for key, point in layout.points.items() if point.side != "pattern"}
    failed.update(_failures(model, plain, probe_ids, clean, layout))
    patterns = {key: point for key, point in layout.points.items() if key not in plain}
    notes = dict(layout.notes)
    if patterns:
        with eager_attention(model):
            eager, wrong = weight_failures(model, patterns, probe_ids)
            failed.update(wrong)
            sound = {key: point for key, point in patterns.items() if key not in failed}
            failed.update(_failures(model, sound, probe_ids, eager))
        entries = {key: point for key, point in plain.items()
                   if key[0] == "resid_pre" and key not in failed}
        notes["pattern"], elsewhere = drift(model, entries, sound, probe_ids, eager)
        failed.update(elsewhere)
    return tuple(_report(site, layout, failed, notes.get(site, "")) for site in SITES)


def _failures(
    model: nn.Module, points: dict[Key, Point], ids: Tensor, clean: Tensor,
    layout: Layout | None = None,
) -> dict[Key, str]:
    """layout: where points are to be held to each other, too."""
    failed = _identity_failures(model, points, ids, clean)
    sound = {key: point for key, point in points.items() if key not in failed}
    failed |= _effect_failures(model, sound, ids)
    if layout is None:
        return failed
    failed |= identity_failures(model, layout, sound, ids)
    return head_failures(model, layout, sound, ids) | failed


def _identity_failures(
    model: nn.Module, points: dict[Key, Point], ids: Tensor, clean: Tensor
) -> dict[Key, str]:
    """All points at once; one by one only where something is wrong."""
    reason = _identity_refusal(model, points, ids, clean) if points else ""
    if not reason:
        return {}
    if len(points) == 1:
        return {next(iter(points)): reason}
    keys = list(points)
    half = len(keys) // 2
    failures: dict[Key, str] = {}
    for part in (keys[:half], keys[half:]):
        failures |= _identity_failures(model, {key: points[key] for key in part}, ids, clean)
    return failures


def _identity_refusal(
    model: nn.Module, points: dict[Key, Point], ids: Tensor, clean: Tensor
) -> str:
    try:
        with tap([Tapped(key, point, edits=(torch.clone,)) for key, point in points.items()]):
            logits = forward(model, ids)
    except RunFailed as error:
        return f"its hook did not fire as it must ({error.detail})"
    return "" if torch.equal(logits, clean) else "an identity edit changes the logits"


def _effect_failures(
    model: nn.Module, points: dict[Key, Point], ids: Tensor
) -> dict[Key, str]:
    """Row i of a batch has the i-th point zeroed, one last row nothing.

    A few of the prompt's tokens are enough for what every site must do. A point that moves
    the last logits by no more than rows of a batch may differ is asked alone, on all of them.
    """
    failures: dict[Key, str] = {}
    keys = list(points)
    for first in range(0, len(keys), EFFECT_ROWS):
        some = keys[first:first + EFFECT_ROWS]
        batch = ids[:, :EFFECT_LENGTH].expand(len(some) + 1, -1)
        rounding = ROUNDINGS * torch.finfo(model.dtype).eps
        places = Places(points, some, rounding)
        with tap([*(Tapped(key, points[key], edits=(_zero_row(row),))
                    for row, key in enumerate(some)), *places.taps()]):
            logits = float64(forward(model, batch, keep=(batch.shape[1] - 1,)))
        failures |= places.failures()
        slack = rounding * logits[-1].abs().max()
        moved = (logits[:-1] - logits[-1]).abs().flatten(1).amax(dim=1) > slack
        for key, well in zip(some, moved.tolist(), strict=True):
            if not well and _ignored(model, Tapped(key, points[key], (torch.zeros_like,)), ids):
                failures[key] = f"zeroing {name(key)} does not move the logits"
    return failures


def _ignored(model: nn.Module, zeroing: Tapped, ids: Tensor) -> bool:
    clean = forward(model, ids)
    with tap([zeroing]):
        return torch.equal(forward(model, ids), clean)


def _zero_row(row: int):
    def edit(act: Tensor) -> Tensor:
        new = act.clone()
        new[row] = 0
        return new
    return edit


def _report(site: str, layout: Layout, failed: dict[Key, str], note: str) -> SiteReport:
    by_layer = "layer" in SITES[site].axes
    keys: list[Key] = ([(site, layer) for layer in range(len(layout.layers))] if by_layer
                       else [(site, None)])
    good = [key for key in keys if key in layout.points and key not in failed]
    reasons: dict[str, list[int]] = {}
    for key in keys:
        if key not in good:
            where = reasons.setdefault(
                failed.get(key, "it was not found in the model's structure"), [])
            where.extend(() if key[1] is None else (key[1],))
    refused = tuple(Refusal(reason=reason, layers=tuple(layers))
                    for reason, layers in sorted(reasons.items()))
    return SiteReport(site=site, certified=bool(good), reason="; ".join(sorted(reasons)),
                      note=note if good else "", refused=refused,
                      layers=tuple(key[1] for key in good if key[1] is not None))
