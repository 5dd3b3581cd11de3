"""The decoder layers: the modules through which the residual stream passes on to the logits.

Candidates are members of module lists (dictionaries, sequences), of one or of several after
each other, that were run in order on tensors of one shape. A stack of decoder layers is one
through which a disturbance of the first position reaches other positions and their logits;
of several, such as a byte encoder's and its decoder's, the one that ends last.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import Tensor, nn

from neuronscope.errors import ModelRefused
from neuronscope.models.trace import Call, Trace, same, trace

CONTAINERS = (nn.ModuleList, nn.ModuleDict, nn.Sequential)


@dataclass(frozen=True)
class Stack:
    """The calls of the decoder layers in their order.

    streams_first: the hidden state is [stream, batch, position, width]; else batch and
    position come first. gaps: layers after which the model changes the stream before the
    next. n_streams: how many streams the layers keep side by side. note: what to know of the
    choice.
    """

    layers: list[Call]
    streams_first: bool = False
    gaps: frozenset[int] = frozenset()
    n_streams: int = 1
    note: str = ""

    @property
    def width(self) -> int:
        """Width of the residual stream: of all streams together, where there are several."""
        given = self.layers[0].given
        return given.shape[-1] * (given.shape[0] if self.streams_first
                                  else given.shape[2:-1].numel())


def decoder_stack(model: nn.Module, clean: Trace, probe_ids: Tensor) -> Stack:
    """The decoder layers among the calls of a traced forward on `probe_ids`.

    Raises: ModelRefused, with what stands in the way.
    """
    chains = _outer(_chains(model, clean))
    shaped = [chain for chain in chains if _streams_first(chain[0], probe_ids) is not None]
    found = [chain for chain in sorted(shaped, key=lambda each: -each[-1].order)
             if _carries(model, chain, clean, probe_ids)]
    if not found:
        _refuse(model, clean, chains, shaped)
    layers = found[0]
    return Stack(
        layers, bool(_streams_first(layers[0], probe_ids)),
        gaps=frozenset(index for index, (before, after) in enumerate(itertools.pairwise(layers))
                  if not same(before.gave, after.given)),
        n_streams=_n_streams(layers[0], probe_ids, model.get_input_embeddings()),
        note=_note(model, layers, found[1:], clean))


def disturbed_first(given: Tensor, streams_first: bool = False) -> Tensor:
    """A hidden state with its first position disturbed, by as much as it is long."""
    noise = torch.randn(given.shape[-1], generator=torch.Generator().manual_seed(0))
    changed = given.clone()
    first = changed[:, :, 0] if streams_first else changed[:, 0]
    first += noise.to(given) * (first.float().norm().to(given) / noise.norm().to(given))
    return changed


def _chains(model: nn.Module, clean: Trace) -> list[list[Call]]:
    """Members of the containers beside each other that were run on one shape, in order."""
    found = []
    for name, module in model.named_modules():
        if isinstance(module, CONTAINERS):
            continue
        members = sorted((clean[key] for key in _members(module, name) if key in clean),
                         key=lambda call: call.order)
        lists = {call.name.rpartition(".")[0]: None for call in members}
        groups = [members, *([call for call in members if call.name.rpartition(".")[0] == each]
                             for each in lists)]
        found += [group for group in groups if group and _of_one_shape(group)
                  and (group is not members or len(lists) == 1 or _tight(group))]
    return found


def _members(module: nn.Module, name: str) -> list[str]:
    """Names of the modules that a module holds in containers."""
    found = []
    for key, child in module.named_children():
        path = f"{name}.{key}" if name else key
        if isinstance(child, CONTAINERS):
            found += [f"{path}.{each}" for each, _ in child.named_children()]
            found += _members(child, path)
    return found


def _of_one_shape(calls: list[Call]) -> bool:
    return len({shape for call in calls for shape in (call.given.shape, call.gave.shape)}) == 1


def _tight(calls: list[Call]) -> bool:
    return all(same(before.gave, after.given) for before, after in itertools.pairwise(calls))


def _outer(chains: list[list[Call]]) -> list[list[Call]]:
    """Chains that are no part of another, nor inside one of another's members."""
    def inside(chain: list[Call], other: list[Call]) -> bool:
        names = {call.name for call in other}
        mine = [call.name for call in chain]
        if all(name in names for name in mine):
            return len(other) > len(chain)
        return any(name.startswith(f"{outer}.") for name in mine for outer in names)

    unique = list({tuple(call.name for call in chain): chain for chain in chains}.values())
    return [chain for chain in unique if not any(inside(chain, other) for other in unique)]


def _streams_first(call: Call, probe_ids: Tensor) -> bool | None:
    """Where batch and position are in a layer's hidden state; None where they are not found."""
    shape, given = tuple(call.given.shape), tuple(probe_ids.shape)
    if len(shape) >= 3 and shape[:2] == given:
        return False
    return True if len(shape) == 4 and shape[1:3] == given else None


def _carries(model: nn.Module, chain: list[Call], clean: Trace, probe_ids: Tensor) -> bool:
    """Whether a disturbed first position comes out at others, and moves their logits."""
    first = bool(_streams_first(chain[0], probe_ids))
    changed = disturbed_first(chain[0].given, first)
    other = trace(model, probe_ids, {chain[0].name: lambda value: changed.clone()})
    gave = other[chain[-1].name].gave if chain[-1].name in other else chain[-1].gave
    later = (slice(None), slice(None), slice(1, None)) if first else (slice(None), slice(1, None))
    return not torch.equal(gave[later], chain[-1].gave[later]) and not torch.equal(
        other.logits[:, 1:], clean.logits[:, 1:])


def _n_streams(first: Call, probe_ids: Tensor, embedding: nn.Module) -> int:
    """Several streams have an axis of their own, or begin as copies of the embedding."""
    given = first.given
    if given.ndim > 3:
        return given.shape[0] if _streams_first(first, probe_ids) else given.shape[2]
    width = getattr(embedding, "embedding_dim", given.shape[-1])
    if given.shape[-1] % width:
        return 1
    copies = given.unflatten(-1, (-1, width))
    return copies.shape[-2] if bool((copies == copies[..., :1, :]).all()) else 1


def _note(
    model: nn.Module, layers: list[Call], others: list[list[Call]], clean: Trace
) -> str:
    notes = []
    if others:
        told = ", ".join(chain[0].name.rpartition(".")[0] for chain in others)
        notes.append(f"these are the layers of {layers[0].name.rpartition('.')[0]}; other "
                     f"layers come before them ({told})")
    seen = {call.name for call in layers}
    lists = dict.fromkeys(name.rpartition(".")[0] for name in seen)
    held = [f"{each}.{key}" for each in lists for key, _ in model.get_submodule(
        each).named_children()]
    idle = [name for name in held if name not in seen and name not in clean.repeated]
    if idle:
        notes.append(f"{len(idle)} of the {len(held)} layers do not run on text and are not "
                     f"counted ({', '.join(idle)})")
    return "; ".join(notes)


def _refuse(
    model: nn.Module, clean: Trace, chains: list[list[Call]], shaped: list[list[Call]]
) -> NoReturn:
    hint = "NeuronScope needs a decoder-only language model."
    again = [name for name, module in model.named_modules() if name in clean.repeated
             and isinstance(model.get_submodule(name.rpartition(".")[0]), CONTAINERS)
             and any(True for _ in module.children())]
    if again:
        times = len(clean.repeated[again[0]])
        raise ModelRefused(
            f"The layers run more than once in a forward ({again[0]} {times} times), so that a "
            "layer is not one place in the computation.", hint=hint)
    longest = max(chains, key=len, default=None)
    if shaped:
        why = ("none of the module lists that are run in sequence carries a change at one "
               "position on to others and their logits")
    elif longest is not None:
        why = (f"the longest list of modules, from {longest[0].name} on, is given tensors of the "
               f"shape {tuple(longest[0].given.shape)}, which are not a hidden state at each "
               "position of the prompt")
    else:
        why = "no list of modules is run in sequence on a hidden state of one shape"
    raise ModelRefused(f"No sequence of decoder layers was found: {why}.", hint=hint)
