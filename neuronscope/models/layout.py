"""Understanding a model by its structure and behaviour, without a table of model names.

1. The decoder layers are members of module lists that were called in sequence and carry a
   disturbance of one position on to others and their logits (stack.py).
2. Every layer's input is then replaced by its clean input with one disturbed position.
   A submodule whose input at the *other* positions is still clean while its output
   there is not, mixes positions: the outermost such module is the attention.
3. The MLP is the outermost remaining submodule with weights of its own that gives a
   residual-sized output.
4. What each of them *adds to the stream* is found by solving
   `resid_post − resid_pre = a·attention + m·mlp` over the tensors that follow from their
   outputs (the output itself, or a post-norm of it), so that post-norms and residual
   multipliers are seen for what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from neuronscope.errors import UnsupportedTarget
from neuronscope.hooks.tap import Point, name
from neuronscope.models.behaviour import check_behaviour
from neuronscope.models.branches import Branches, find_branches
from neuronscope.models.ends import KEPT_ONLY, final_norm, sees_all
from neuronscope.models.inner import head_points
from neuronscope.models.mixers import Operators, operators
from neuronscope.models.stack import Stack, decoder_stack, disturbed_first
from neuronscope.models.text import output_embedding
from neuronscope.models.trace import Call, Trace, trace

GAP = "the model changes the stream between this layer and the next, so that it has two values"


@dataclass(frozen=True)
class Layout:
    """Where each site is. `points` by (site, layer); `reasons` says why a site is missing,
    `notes`, by site, what to know of one that is there. d_model is the width of the residual
    stream; where the layers keep several streams (n_streams), of all of them together."""

    layers: tuple[nn.Module, ...]
    unembed: nn.Module | None
    d_model: int
    n_heads: int | None
    n_kv_heads: int | None
    d_head: int | None
    d_mlp: int | None
    n_streams: int = 1
    points: dict[tuple[str, int | None], Point] = field(default_factory=dict)
    reasons: dict[tuple[str, int | None], str] = field(default_factory=dict)
    branches: list[Branches] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def point(self, site: str, layer: int | None) -> Point:
        """The point of a site.

        Raises: UnsupportedTarget, with the reason found when the model was loaded.
        """
        found = self.points.get((site, layer))
        if found is None:
            reason = self.reasons.get((site, layer), "it was not found in the model's structure")
            raise UnsupportedTarget(f"{name((site, layer))} cannot be edited here: {reason}.")
        return found


def discover(model: nn.Module, probe_ids: Tensor) -> Layout:
    """Find layers and sites by running a short prompt (`probe_ids`, [1, PROBE_LENGTH]).

    Raises: ModelRefused when the model is not causal, or no chain of decoder layers is found.
    """
    check_behaviour(model, probe_ids)
    clean = trace(model, probe_ids)
    stack = decoder_stack(model, clean, probe_ids)
    layers = stack.layers
    with operators(model) as seen:
        disturbed = trace(model, probe_ids, {call.name: _disturb(call.given, stack.streams_first)
                                             for call in layers})
    layout = Layout(
        layers=tuple(call.module for call in layers),
        unembed=output_embedding(model), d_model=stack.width, n_streams=stack.n_streams,
        n_heads=None, n_kv_heads=None, d_head=None, d_mlp=None,
    )
    _layer_points(layout, stack, clean, disturbed, seen)
    _ends(layout, stack, clean)
    norm = layout.points.get(("final_norm", None))
    if norm is not None and layout.notes["final_norm"] and not sees_all(model, norm, probe_ids):
        layout.reasons["final_norm", None] = KEPT_ONLY
        del layout.points["final_norm", None], layout.notes["final_norm"]
    heads = head_points(model, layers, layout.branches, layout.points, clean, probe_ids)
    for key in heads.reasons:
        layout.points.pop(key, None)
    layout.points.update(heads.points)
    layout.reasons.update(heads.reasons)
    d_z, notes = _width(layout, "z", layers, clean), layout.notes | _branch_notes(layout)
    notes |= {site: "; ".join(filter(None, (notes.get(site), note)))
              for site, note in heads.notes.items()}
    return replace(
        layout, n_heads=heads.n_heads, n_kv_heads=heads.n_kv_heads, notes=notes,
        d_head=d_z // heads.n_heads if d_z and heads.n_heads else None,
        d_mlp=_width(layout, "mlp_act", layers, clean))


def _layer_points(
    layout: Layout, stack: Stack, clean: Trace, disturbed: Trace, seen: Operators
) -> None:
    for index, layer in enumerate(stack.layers):
        into, out = (Point(layer.module, side, streams_first=stack.streams_first)
                     for side in ("in", "out"))
        layout.points["resid_pre", index] = into
        if index in stack.gaps:
            layout.reasons["resid_post", index] = GAP
        else:
            layout.points["resid_post", index] = out
        branches, found = find_branches(layer, clean, disturbed, seen)
        layout.branches.append(branches)
        for site, outcome in found.items():
            if isinstance(outcome, str):
                layout.reasons[site, index] = outcome
            else:
                layout.points[site, index] = outcome


def _branch_notes(layout: Layout) -> dict[str, str]:
    """By site, what to know of it, and at which layers."""
    found: dict[str, dict[str, list[int]]] = {}
    for index, branches in enumerate(layout.branches):
        for site, note in branches.notes.items():
            if (site, index) in layout.points:
                found.setdefault(site, {}).setdefault(note, []).append(index)
    return {site: "; ".join(f"layers {', '.join(map(str, layers))}: {note}"
                            for note, layers in notes.items()) for site, notes in found.items()}


def _width(layout: Layout, site: str, layers: list[Call], clean: Trace) -> int | None:
    """The width of a projection's input; None where layers differ in it, or have none."""
    found = {call.given.shape[-1] for index, layer in enumerate(layers)
             if (point := layout.points.get((site, index))) is not None
             for call in clean.under(layer.name) if call.module is point.module}
    return found.pop() if len(found) == 1 else None


def _ends(layout: Layout, stack: Stack, clean: Trace) -> None:
    layout.points["embed", None] = layout.points["resid_pre", 0]
    outcome, note = final_norm(layout.unembed, stack.layers[-1], clean)
    if isinstance(outcome, str):
        layout.reasons["final_norm", None] = outcome
    else:
        layout.points["final_norm", None] = outcome
        layout.notes["final_norm"] = note
    told = [stack.note] if stack.note else []
    if stack.n_streams > 1:
        spread = (f"the model keeps {stack.n_streams} residual streams, and its layers spread "
                  "what a branch gives over them")
        for key, reason in layout.reasons.items():
            if key[0] in ("attn_out", "mlp_out", "resid_mid"):
                layout.reasons[key] = spread
            elif key[0] == "mlp_act" and "has no MLP" in reason:
                layout.reasons[key] = f"{spread}, by which an MLP would be told"
        told.append(f"{stack.n_streams} streams of {stack.width // stack.n_streams} beside each "
                    f"other")
    for site in ("embed", "resid_pre", "resid_post"):
        layout.notes[site] = "; ".join(told)


def _disturb(given: Tensor, streams_first: bool) -> Callable[[Tensor], Tensor]:
    """A function that restores a layer's clean input, with its first position disturbed."""
    changed = disturbed_first(given, streams_first)
    return lambda value: changed.clone()
