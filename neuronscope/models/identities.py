"""What must hold between the sites of a layout, however it was found.

Sums: the stream on leaving a layer is the stream on entering the next, `embed` enters layer
0, attention's and MLP's contributions are what a layer changes the stream by, and the last
norm's output is what the output embedding reads. Places: a site that is zeroed at a layer
leaves the stream of the layers before as it is, and changes what leaves its own; heads
change what attention contributes, and neurons what the MLP does.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neuronscope.errors import RunFailed
from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Point, Tapped, name, tap
from neuronscope.models.ends import TRANSFORMED, multiple
from neuronscope.models.forward import forward
from neuronscope.models.layout import Layout

Key = tuple[str, int | None]

READ: Key = ("output embedding", None)
GIVEN: Key = ("into the last norm", None)
BRANCHES = ("attn_out", "mlp_out")
GIVES = {"z": "attn_out", "q": "attn_out", "k": "attn_out", "v": "attn_out", "mlp_act": "mlp_out"}
"""What must change when a site is zeroed."""
LATE = "resid_post"
SUMMED = ("embed", "resid_pre", "resid_mid", LATE, "final_norm", *BRANCHES)
TOLD = 1e-3
"""Relative to the largest entry: a change that no other rounding makes of a stream."""


def identity_failures(
    model: nn.Module, layout: Layout, points: dict[Key, Point], probe_ids: Tensor
) -> dict[Key, str]:
    """Points that take part in a sum which does not hold, with what it is.

    points: those of the layout that are to be held to it. probe_ids: [1, position].
    """
    wanted = {key: point for key, point in points.items() if key[0] in SUMMED}
    taps = [Tapped(key, point, capture=True) for key, point in wanted.items()]
    if layout.unembed is not None:
        taps.append(Tapped(READ, Point(layout.unembed, "in"), capture=True))
    last = ("final_norm", None)
    # where the note says so, something else is between
    if last in wanted and layout.n_streams == 1 and TRANSFORMED not in layout.notes.get(
            "final_norm", ""):
        taps.append(Tapped(GIVEN, Point(points[last].module, "in"), capture=True))
    failures: dict[Key, str] = {}
    try:
        with tap(taps) as seen:
            forward(model, probe_ids)
    except RunFailed:  # what the last norm is held to is not run once; the rest is
        failures = {last: "the output embedding or the norm before it is not run once"}
        with tap(taps[:len(wanted)]) as seen:
            forward(model, probe_ids)
    # layers of a model may lie on several devices
    values = {key: value.to(probe_ids.device) for key, value in seen.values.items()}
    for index in range(len(layout.layers)):
        failures |= _unequal(values, ("resid_post", index), ("resid_pre", index + 1))
        failures |= _sums(layout, values, index)
    failures |= _unequal(values, ("embed", None), ("resid_pre", 0))
    left = values.get((LATE, len(layout.layers) - 1))
    if GIVEN in values and left is not None and not torch.equal(values[GIVEN], left):
        failures[last] = "it is not given what leaves the last layer"
    if last in values and READ in values and multiple(values[last], values[READ]) is None:
        failures[last] = "its output is not what the output embedding reads"
    return {key: reason for key, reason in failures.items() if key in points}


class Places:
    """Looks, while rows of a batch have one site each zeroed, where in the model rows change.

    The last row has nothing zeroed; what rounds otherwise lies up to `slack` of the largest
    entry from it.
    """

    def __init__(self, points: dict[Key, Point], rows: list[Key], slack: float) -> None:
        """points: all that may be looked at; rows: what is zeroed in each row."""
        layers = {layer for _, layer in rows if layer is not None}
        self.rows, self.slack = rows, slack
        self.moved: dict[Key, Tensor] = {}
        self._points = {key: point for key, point in points.items() if point.side != "pattern"
                        and (key[0] in ("resid_pre", LATE)
                             or (key[0] in BRANCHES and key[1] in layers))}

    def taps(self) -> list[Tapped]:
        """To be attached after those that zero."""
        return [Tapped(("seen " + key[0], key[1]), point, (self._look(key),))
                for key, point in self._points.items()]

    def failures(self) -> dict[Key, str]:
        """Zeroed points that are not at the layer where they are said to be."""
        found: dict[Key, str] = {}
        for row, key in enumerate(self.rows):
            if reason := self._reason(row, key):
                found[key] = reason
        return found

    def _look(self, key: Key):
        def look(value: Float[Tensor, "rows pos width"]) -> Float[Tensor, "rows pos width"]:
            gap = (value - value[-1:]).abs().flatten(1).amax(dim=1)
            self.moved[key] = (gap / value[-1].abs().max()).cpu()
            return value
        return look

    def _reason(self, row: int, key: Key) -> str:
        site, layer = key
        if layer is None:
            return ""
        before = layer - 1 if site == "resid_pre" else layer
        for (other, index), moved in self.moved.items():
            if other == "resid_pre" and index is not None and index <= before and (
                    moved[row] > max(self.slack, TOLD)):
                return f"zeroing {name(key)} changes the stream that enters layer {index}"
        gives = (GIVES.get(site, LATE), layer)
        if gives in self.moved and self.moved[gives][row] == 0:
            return f"zeroing {name(key)} does not change {name(gives)}"
        return ""


def _sums(layout: Layout, values: dict[Key, Tensor], index: int) -> dict[Key, str]:
    """The identities within a layer whose contributions are all of what changes the stream."""
    branches = layout.branches[index]
    before, mid, after = (values.get((site, index))
                          for site in ("resid_pre", "resid_mid", "resid_post"))
    parts = {site: values[site, index] for site in BRANCHES if (site, index) in values}
    if before is None or not branches.carried:
        return {}
    failures: dict[Key, str] = {}
    whole = all(site in parts or site in branches.absent for site in BRANCHES)
    if after is not None and parts and whole and not _adds_up(after, before, *parts.values()):
        reason = (f"resid_pre.{index} and {' and '.join(f'{site}.{index}' for site in parts)} do "
                  f"not add up to resid_post.{index}")
        failures |= dict.fromkeys([(site, index) for site in parts], reason)
    if mid is not None and "attn_out" in parts and not _adds_up(mid, before, parts["attn_out"]):
        failures["resid_mid", index] = (
            f"it is not the sum of resid_pre.{index} and attn_out.{index}")
    return failures


def _unequal(values: dict[Key, Tensor], left: Key, right: Key) -> dict[Key, str]:
    if left not in values or right not in values or torch.equal(values[left], values[right]):
        return {}
    return dict.fromkeys((left, right), f"{name(left)} is not {name(right)}")


def _adds_up(whole: Tensor, *parts: Tensor) -> bool:
    """Entry by entry, to a few roundings of what is added."""
    exact = [float64(part) for part in parts]
    size = sum((part.abs() for part in exact), float64(whole).abs())
    allowed = max(8 * torch.finfo(whole.dtype).eps, 2e-5)
    return bool(((sum(exact[1:], exact[0]) - float64(whole)).abs() <= allowed * size).all())
