"""The clean run, kept: what edited rows join, and the model's own layers to carry them on.

Captured once per sweep: every layer's input, the branches' outputs, keys and values.
`call` then runs one decoder layer, as it is, on any number of rows from any start
position: masks, rotary tables and whatever else the layer takes are those that the model
itself makes for that suffix (`Frame`). `tail` runs what follows the last layer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neuronscope.engine.compile import Compiled
from neuronscope.engine.execute import Key, tapped
from neuronscope.engine.prefix import prefix, recorder
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import (
    EditFn,
    Tapped,
    attached,
    first_tensor,
    input_slot,
    tap,
    with_first_tensor,
)
from neuronscope.models.forward import forward
from neuronscope.models.host import LoadedModel
from neuronscope.models.stopping import stop_if_asked

Call = tuple[tuple, dict[str, Any]]


@dataclass(frozen=True)
class Frame:
    """What each layer is called with beside the hidden state, for one start position.

    stacked: per layer the keywords whose tensors have rows in their first axis and heads in
    it or the next (alibi): they are repeated for each row. Others broadcast.
    """

    start: int
    calls: tuple[Call, ...]
    stacked: tuple[frozenset[str], ...]

    def call(self, layer: int, hidden: Float[Tensor, "rows pos width"]) -> Call:
        """The arguments of a layer for these rows."""
        args, kwargs = self.calls[layer]
        kwargs = kwargs | {key: _repeated(kwargs[key], len(hidden)) for key in self.stacked[layer]}
        slot = input_slot(args, kwargs)
        if isinstance(slot, int):
            return (*args[:slot], hidden, *args[slot + 1:]), kwargs
        return args, kwargs | {slot: hidden}


@dataclass
class Stream:
    """A clean run of the positions up to the last one that is read, under the held edits.

    Where a model is spread over devices, the layers move what they are given to theirs, and
    hidden states are kept on that of the token ids.

    hidden[l]: input of layer l, [position, width]; hidden[n_layers]: output of the last.
    outputs: each branch module's own output, and templates each layer's, as they returned it.
    reads: the positions that are read; logits: theirs. flat: branch modules that give
    [batch × position, width]; their `outputs` have both axes.
    """

    host: LoadedModel
    ids: tuple[int, ...]
    hidden: list[Float[Tensor, "pos width"]]
    outputs: dict[nn.Module, Any]
    templates: list[Any]
    cache: Any
    reads: tuple[int, ...]
    logits: Float[Tensor, "reads vocab"]
    held: tuple[Compiled, ...] = ()
    flat: set[nn.Module] = field(default_factory=set)
    frames: dict[int, Frame] = field(default_factory=dict)

    @property
    def n_layers(self) -> int:
        """How many decoder layers there are."""
        return len(self.host.layout.layers)

    def frame(self, start: int) -> Frame:
        """The layers' arguments for a suffix that begins at `start`."""
        if start not in self.frames:
            calls = self._calls([self.ids[start:]], prefix(self.cache, start))
            # masks grow with the square of the length: only the first and this one are kept
            self.frames = {0: self.frames[0]} if 0 in self.frames else {}
            self.frames[start] = Frame(start, calls, self._stacked(calls))
        return self.frames[start]

    def _calls(self, rows: list[tuple[int, ...]], cache: Any) -> tuple[Call, ...]:
        """The arguments that the model itself makes for its layers."""
        calls: list[Call] = []

        def note(index: int, *args: Any, **kwargs: Any) -> Any:
            calls.append((args, kwargs))
            slot = input_slot(args, kwargs)
            hidden = args[slot] if isinstance(slot, int) else kwargs[slot]
            return with_first_tensor(self.templates[index], hidden)

        self._passing(note, rows, cache, keep=(0,))
        return tuple(calls)

    def _stacked(self, calls: tuple[Call, ...]) -> tuple[frozenset[str], ...]:
        """Which keywords with heads in them grow with the number of rows."""
        candidates = [{key for key, value in kwargs.items() if isinstance(value, Tensor)
                       and value.ndim > 2 and (len(value) > 1 or value.shape[1:-2].numel() > 1)}
                      for _, kwargs in calls]
        if not any(candidates):
            return tuple(frozenset() for _ in calls)
        one, two = (self._calls([self.ids[:1]] * rows, None) for rows in (1, 2))
        return tuple(
            frozenset(key for key in keys if len(more[1][key]) == 2 * len(less[1][key]))
            for keys, less, more in zip(candidates, one, two, strict=True))

    @property
    def last(self) -> int:
        """The last position."""
        return len(self.ids) - 1

    @torch.no_grad()
    def call(
        self, layer: int, hidden: Float[Tensor, "rows pos width"], frame: Frame,
        taps: Sequence[Tapped] = (),
    ) -> Tensor:
        """One decoder layer on rows of a suffix; the layer's output hidden state.

        Raises: Cancelled where the work is to stop.
        """
        stop_if_asked()
        args, kwargs = frame.call(layer, hidden)
        with tap(taps):
            return first_tensor(self.host.layout.layers[layer](*args, **kwargs)).to(hidden.device)

    def tail(
        self, rows: Float[Tensor, "rows pos width"], taps: Sequence[Tapped] = ()
    ) -> Float[Tensor, "rows pos vocab"]:
        """Logits of rows that have left the last layer, by the model's own norm and head.

        Each position goes as a row of its own: some models restore the shape of their input.
        """
        last, shape = self.n_layers - 1, rows.shape[:2]

        def hand_over(index: int, *args: Any, **kwargs: Any) -> Any:
            slot = input_slot(args, kwargs)
            hidden = args[slot] if isinstance(slot, int) else kwargs[slot]
            return with_first_tensor(self.templates[index], rows.flatten(0, 1)[:, None]
                                     if index == last else hidden)

        def regrouped(edit: EditFn) -> EditFn:
            return lambda value: edit(value.reshape(*shape, -1)).reshape(value.shape)

        with tap([replace(each, edits=tuple(map(regrouped, each.edits))) for each in taps]):
            alone = [self.ids[:1]] * shape.numel()
            return self._passing(hand_over, alone, None).reshape(*shape, -1)

    def stub(self, module: nn.Module, value: Tensor) -> Callable[..., Any]:
        """A forward that gives `value` in the shape of answer that the module itself gives."""
        value = value.to(first_tensor(self.outputs[module]).device)
        if module in self.flat:
            value = value.flatten(0, 1)
        return lambda *args, **kwargs: with_first_tensor(self.outputs[module], value)

    def _passing(
        self, function: Callable[..., Any], rows: list[tuple[int, ...]], cache: Any,
        keep: Sequence[int] | None = None,
    ) -> Tensor:
        """A forward in which the decoder layers are replaced by `function(index, …)`."""
        layers = self.host.layout.layers
        batch = torch.tensor(rows, device=self.host.device)
        with swapped({layer: partial(function, index) for index, layer in enumerate(layers)}):
            return forward(self.host.model, batch, cache, keep)


def _repeated(value: Tensor, rows: int) -> Tensor:
    repeated = value[None].expand(rows, *value.shape)
    return repeated.reshape(rows * len(value), *value.shape[1:])


def capture(
    host: LoadedModel, ids: tuple[int, ...], reads: tuple[int, ...],
    held: tuple[Compiled, ...] = (), keys: Collection[Key] = (),
) -> tuple[Stream, dict[Key, Tensor]]:
    """Run a prompt once and keep what edited rows need. `ids` end at the last read position.

    Also the values at `keys`, [position, width], as they are after the held edits.
    """
    layers = host.layout.layers
    branches = [module for each in host.layout.branches
                for module in (each.attention, each.mlp) if module is not None]
    outputs: dict[nn.Module, Any] = {}
    templates: list[Any] = []
    hidden: list[Tensor] = []
    leaving: list[Tensor] = []
    flat: set[nn.Module] = set()

    def keep(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> None:
        value = first_tensor(output).clone()  # Falcon's layers write into what the MLP gave
        if value.ndim == 2:
            flat.add(module)
            value = value[None]
        outputs[module] = with_first_tensor(output, value)

    def keep_layer(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> None:
        leaving[:] = [first_tensor(output)[0].to(host.device)]
        templates.append(with_first_tensor(output, first_tensor(output)[:, :0]))

    def keep_input(module: nn.Module, args: tuple, kwargs: dict) -> None:
        slot = input_slot(args, kwargs)
        given = args[slot] if isinstance(slot, int) else kwargs[slot]
        hidden.append(given[0].clone().to(host.device))

    cache = recorder()
    batch = torch.tensor([list(ids)], device=host.device)
    shown = slice(0, len(ids))
    edits = [(each.key, partial(each, positions=shown)) for each in held]
    with tapped(host, edits, after=keys) as seen, attached([
            *((layer, "in", keep_input) for layer in layers),
            *((module, "out", keep) for module in branches),
            *((layer, "out", keep_layer) for layer in layers)]):
        logits = forward(host.model, batch, cache, reads)
    hidden.append(leaving[-1].clone())
    stream = Stream(host, ids, hidden, outputs, templates, cache, reads,
                    logits[0].clone(), held, flat)
    return stream, {key: value[0].to(host.device) for key, value in seen.values.items()}
