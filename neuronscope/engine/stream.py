"""The clean run, kept: what edited rows join, and the model's own layers to carry them on.

Captured once per sweep: every layer's input, the branches' outputs, keys and values.
`call` then runs one decoder layer, as it is, on any number of rows from any start
position: masks, rotary tables and whatever else the layer takes are those that the model
itself makes for that suffix (`Frame`). `tail` runs what follows the last layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neuronscope.engine.prefix import prefix, recorder
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import (
    Point,
    Tapped,
    attached,
    first_tensor,
    input_slot,
    tap,
    with_first_tensor,
)
from neuronscope.models.forward import forward
from neuronscope.models.host import LoadedModel


@dataclass(frozen=True)
class Frame:
    """What each layer is called with beside the hidden state, for one start position."""

    start: int
    calls: tuple[tuple[tuple, dict[str, Any]], ...]


@dataclass
class Stream:
    """A clean run of the positions up to the read position.

    hidden[l]: input of layer l, [position, width]; hidden[n_layers]: output of the last.
    outputs: each branch module's own output, and templates each layer's, as they returned it.
    """

    host: LoadedModel
    ids: tuple[int, ...]
    hidden: list[Float[Tensor, "pos width"]]
    outputs: dict[nn.Module, Any]
    templates: list[Any]
    cache: Any
    logits: Float[Tensor, " vocab"]
    frames: dict[int, Frame] = field(default_factory=dict)

    @property
    def n_layers(self) -> int:
        """How many decoder layers there are."""
        return len(self.host.layout.layers)

    def frame(self, start: int) -> Frame:
        """The layers' arguments for a suffix that begins at `start`."""
        if start not in self.frames:
            calls: list[tuple[tuple, dict[str, Any]]] = []

            def note(index: int, *args: Any, **kwargs: Any) -> Any:
                calls.append((args, kwargs))
                slot = input_slot(args, kwargs)
                hidden = args[slot] if isinstance(slot, int) else kwargs[slot]
                return with_first_tensor(self.templates[index], hidden)

            self._passing(note, self.ids[start:], prefix(self.cache, start))
            # masks grow with the square of the length: only the first and this one are kept
            self.frames = {0: self.frames[0]} if 0 in self.frames else {}
            self.frames[start] = Frame(start, tuple(calls))
        return self.frames[start]

    @torch.no_grad()
    def call(self, layer: int, hidden: Float[Tensor, "rows pos width"], frame: Frame) -> Tensor:
        """One decoder layer on rows of a suffix; the layer's output hidden state."""
        args, kwargs = frame.calls[layer]
        slot = input_slot(args, kwargs)
        if isinstance(slot, int):
            args = (*args[:slot], hidden, *args[slot + 1:])
        else:
            kwargs = kwargs | {slot: hidden}
        return first_tensor(self.host.layout.layers[layer](*args, **kwargs))

    def tail(self, rows: Float[Tensor, "rows width"]) -> Float[Tensor, "rows vocab"]:
        """Logits of rows that have left the last layer, by the model's own norm and head."""
        last = self.n_layers - 1

        def hand_over(index: int, *args: Any, **kwargs: Any) -> Any:
            slot = input_slot(args, kwargs)
            hidden = args[slot] if isinstance(slot, int) else kwargs[slot]
            return with_first_tensor(self.templates[index],
                                     rows[:, None] if index == last else hidden)

        return self._passing(hand_over, self.ids[:1], None)[:, -1]

    def stub(self, module: nn.Module, value: Tensor) -> Callable[..., Any]:
        """A forward that gives `value` in the shape of answer that the module itself gives."""
        return lambda *args, **kwargs: with_first_tensor(self.outputs[module], value)

    def _passing(
        self, function: Callable[..., Any], ids: tuple[int, ...], cache: Any
    ) -> Tensor:
        """A forward in which the decoder layers are replaced by `function(index, …)`."""
        layers = self.host.layout.layers
        batch = torch.tensor([list(ids)], device=self.host.device)
        with swapped({layer: partial(function, index) for index, layer in enumerate(layers)}):
            return forward(self.host.model, batch, cache)


def capture(host: LoadedModel, ids: tuple[int, ...]) -> Stream:
    """Run a prompt once and keep what edited rows need. `ids` end at the read position."""
    layers = host.layout.layers
    branches = [module for each in host.layout.branches
                for module in (each.attention, each.mlp) if module is not None]
    outputs: dict[nn.Module, Any] = {}
    templates: list[Any] = []

    def keep(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> None:
        outputs[module] = output

    def keep_layer(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> None:
        templates.append(output)

    taps = [Tapped(("in", index), Point(layer, "in"), capture=True)
            for index, layer in enumerate(layers)]
    cache = recorder()
    batch = torch.tensor([list(ids)], device=host.device)
    with attached([*((module, "out", keep) for module in branches),
                   *((layer, "out", keep_layer) for layer in layers)]), tap(taps) as seen:
        logits = forward(host.model, batch, cache)
    hidden = [seen[("in", index)][0] for index in range(len(layers))]
    hidden.append(first_tensor(templates[-1])[0].clone())
    return Stream(host, ids, hidden, outputs, templates, cache, logits[0, -1].clone())
