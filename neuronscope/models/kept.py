"""What certification found, kept in a file for the next load of the same model.

The file's name is a hash of all that the outcome follows from: weights, configuration,
structure, dtype, attention, machine, versions and the code that certifies. It is sealed with a
key of its folder (`sealed.py`). None of that is trusted on its own: before it is used, an identity
edit at every certified point must leave the logits as they are, each point firing exactly once,
and the value at each must be the one that was certified. What fails is certified anew.
"""

from __future__ import annotations

from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from neuronscope.errors import RunFailed
from neuronscope.hooks.attention import eager_attention
from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Point, Tapped, tap
from neuronscope.models.fingerprint import config_digest, environment
from neuronscope.models.forward import forward
from neuronscope.models.layout import Layout
from neuronscope.models.plain import NotPlain, from_plain, to_plain
from neuronscope.models.sealed import NotSealed, seal, unseal
from neuronscope.spec.hashing import content_hash
from neuronscope.spec.models import SiteReport

Key = tuple[str, int | None]
Found = tuple[Layout, tuple[SiteReport, ...]]

NEAR = 1e-3
"""How far a value may lie from the certified one, relative to its norm."""


def key_of(model: nn.Module, digest: str, device: torch.device) -> str:
    """The name under which this model's certification is kept. digest: of its weights."""
    parts = [(name, type(module).__qualname__) for name, module in model.named_modules()]
    tensors = [(name, list(each.shape), str(each.dtype), str(each.device))
               for name, each in (*model.named_parameters(), *model.named_buffers())]
    implementations = sorted({str(getattr(module.config, "_attn_implementation", None))
                              for module in model.modules() if hasattr(module, "config")})
    return content_hash([digest, config_digest(model.config), parts, tensors, implementations,
                         environment(device)])


def recall(folder: Path, key: str, model: nn.Module, ids: Tensor) -> Found | str:
    """What was kept, verified on this model; or why there is nothing to use, "" if never kept.

    ids: [1, position], the probe prompt with which it was certified.
    """
    try:
        body = unseal(folder, key)
    except NotSealed as reason:
        return str(reason)
    if body is None:
        return ""
    try:
        layout = from_plain(body["layout"], model)
        reports = tuple(SiteReport.model_validate(each) for each in body["sites"])
        if not isinstance(layout, Layout):
            return "it holds no layout"
        known = {(site, layer): numbers for site, layer, *numbers in body["values"]}
    except (ValueError, KeyError, TypeError, ValidationError, NotPlain, RecursionError):
        return "it cannot be read"
    reason = _disproof(model, ids, layout, reports, known)
    return reason or (layout, reports)


def keep(folder: Path, key: str, model: nn.Module, ids: Tensor, found: Found) -> bool:
    """Write down what was certified; false where that cannot be done."""
    layout, reports = found
    try:
        values, _ = _values(model, ids, _certified(layout, reports))
        body = {"layout": to_plain(layout, model),
                "sites": [each.model_dump(mode="json") for each in reports],
                "values": [[*point, *numbers] for point, numbers in values.items()]}
        seal(folder, key, body)
    except (NotPlain, OSError, RunFailed, ValueError):
        return False
    return True


def _disproof(
    model: nn.Module, ids: Tensor, layout: Layout, reports: tuple[SiteReport, ...],
    known: dict[Key, list[float]],
) -> str:
    """Why this model contradicts what was kept, or nothing."""
    points = _certified(layout, reports)
    if points is None or points.keys() != known.keys():
        return "its points are not those of its sites"
    try:
        values, same = _values(model, ids, points)
    except RunFailed as error:
        return f"a hook did not fire as it must ({error.detail})"
    if not same:
        return "an identity edit changes the logits"
    for key, (projection, norm) in values.items():
        before = known[key]
        slack = NEAR * max(norm, float(before[1]))
        if not (abs(projection - before[0]) <= slack and abs(norm - before[1]) <= slack):
            return f"the value at {key} is not the one that was certified"
    return ""


def _certified(layout: Layout, reports: tuple[SiteReport, ...]) -> dict[Key, Point] | None:
    """The points of the certified sites; None where one is missing."""
    keys: list[Key] = [(each.site, layer) for each in reports if each.certified
                       for layer in (each.layers or (None,))]
    points = {key: layout.points.get(key) for key in keys}
    return None if None in points.values() else points


def _values(
    model: nn.Module, ids: Tensor, points: dict[Key, Point] | None
) -> tuple[dict[Key, tuple[float, float]], bool]:
    """Two numbers of the value at each point, and whether identity edits keep the logits' bits.

    Raises: RunFailed where a point does not fire exactly once.
    """
    points = points or {}
    plain = {key: point for key, point in points.items() if point.side != "pattern"}
    found, same = _seen(model, ids, plain)
    if len(plain) < len(points):
        with eager_attention(model):
            more, also = _seen(model, ids, {key: point for key, point in points.items()
                                            if key not in plain})
        found, same = found | more, same and also
    return found, same


def _seen(
    model: nn.Module, ids: Tensor, points: dict[Key, Point]
) -> tuple[dict[Key, tuple[float, float]], bool]:
    clean = forward(model, ids)
    with tap([Tapped(key, point, (torch.clone,), capture=True)
              for key, point in points.items()]) as seen:
        logits = forward(model, ids)
    return {key: _numbers(seen[key]) for key in points}, torch.equal(logits, clean)


def _numbers(value: Tensor) -> tuple[float, float]:
    """A projection that tells columns and positions apart, and the norm."""
    flat = float64(value).flatten().cpu()
    along = torch.cos(torch.arange(1, len(flat) + 1, dtype=torch.float64).square() * 0.7548776)
    return float(flat @ along), float(flat.norm())
