"""Understanding a model by its structure and behaviour, without a table of model names.

1. The decoder layers are the module list whose members were called in sequence, each
   one's hidden input being the previous one's hidden output.
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

import itertools
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from neuronscope.errors import ModelRefused, UnsupportedTarget
from neuronscope.hooks.tap import Point, name
from neuronscope.models.behaviour import check_behaviour
from neuronscope.models.branches import Branches, find_branches
from neuronscope.models.inner import head_points
from neuronscope.models.mixers import Operators, operators
from neuronscope.models.trace import Call, Trace, same, trace


@dataclass(frozen=True)
class Layout:
    """Where each site is. `points` by (site, layer); `reasons` says why a site is missing,
    `notes`, by site, what to know of one that is there."""

    layers: tuple[nn.Module, ...]
    unembed: nn.Module | None
    d_model: int
    n_heads: int | None
    n_kv_heads: int | None
    d_head: int | None
    d_mlp: int | None
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
    layers = _decoder_layers(model, clean)
    with operators(model) as seen:
        disturbed = trace(model, probe_ids,
                          {call.name: _disturb(call.given) for call in layers})
    layout = Layout(
        layers=tuple(call.module for call in layers),
        unembed=model.get_output_embeddings(),
        d_model=layers[0].given.shape[-1],
        n_heads=None, n_kv_heads=None, d_head=None, d_mlp=None,
    )
    _layer_points(layout, layers, clean, disturbed, seen)
    _final_norm(layout, layers[-1], clean)
    heads = head_points(model, layers, layout.branches, layout.points, clean, probe_ids)
    for key in heads.reasons:
        layout.points.pop(key, None)
    layout.points.update(heads.points)
    layout.reasons.update(heads.reasons)
    d_z, notes = _width(layout, "z", layers, clean), _branch_notes(layout)
    notes |= {site: "; ".join(filter(None, (notes.get(site), note)))
              for site, note in heads.notes.items()}
    return replace(
        layout, n_heads=heads.n_heads, n_kv_heads=heads.n_kv_heads, notes=notes,
        d_head=d_z // heads.n_heads if d_z and heads.n_heads else None,
        d_mlp=_width(layout, "mlp_act", layers, clean))


def _decoder_layers(model: nn.Module, clean: Trace) -> list[Call]:
    """The calls of the decoder layers, in order."""
    chains = []
    for list_name, module in model.named_modules():
        if not isinstance(module, nn.ModuleList) or len(module) == 0:
            continue
        calls = [clean.get(f"{list_name}.{index}") for index in range(len(module))]
        if all(call is not None and call.given.shape == call.gave.shape for call in calls) and all(
            same(before.gave, after.given)
            for before, after in itertools.pairwise(calls)
        ):
            size = sum(parameter.numel() for parameter in module.parameters())
            chains.append((size, calls))
    if not chains:
        raise ModelRefused(
            "No sequence of decoder layers was found: no module list whose members pass one "
            "hidden state from each to the next.",
            hint="NeuronScope needs a decoder-only language model.")
    return max(chains, key=lambda chain: chain[0])[1]


def _disturb(given: Tensor):
    """A function that restores a layer's clean input, with its first position disturbed."""
    noise = torch.randn(given.shape[-1], generator=torch.Generator().manual_seed(0))
    changed = given.clone()
    changed[:, 0] += (noise.to(given) * given[:, 0].float().norm().to(given)
                      / noise.norm().to(given))
    return lambda value: changed.clone()


def _layer_points(
    layout: Layout, layers: list[Call], clean: Trace, disturbed: Trace, seen: Operators
) -> None:
    layout.points["embed", None] = Point(layers[0].module, "in")
    for index, layer in enumerate(layers):
        layout.points["resid_pre", index] = Point(layer.module, "in")
        layout.points["resid_post", index] = Point(layer.module, "out")
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


def _final_norm(layout: Layout, last: Call, clean: Trace) -> None:
    """The module that takes the last layer's output and feeds the output embedding."""
    head = next((call for call in clean.values() if call.module is layout.unembed), None)
    for call in sorted(clean.values(), key=lambda each: each.order):
        if call.order > last.order and same(call.given, last.gave) and call.module is not (
            layout.unembed
        ) and head is not None and same(call.gave, head.given) and not any(call.module.children()):
            layout.points["final_norm", None] = Point(call.module, "out")
            return
    layout.reasons["final_norm", None] = (
        "no single norm was found between the last layer and the output embedding")
