"""One forward with edits: what every run and every cell is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor

from neuronscope.hooks.tap import Captured, EditFn, Tapped, tap
from neuronscope.models.forward import forward
from neuronscope.models.host import LoadedModel
from neuronscope.spec.target import SITES

Key = tuple[str, int | None]

_DEPTH = {site: depth for depth, site in enumerate(SITES)}


def run_forward(
    host: LoadedModel,
    ids: Sequence[int],
    *,
    edits: Iterable[tuple[Key, EditFn]] = (),
    capture: Collection[Key] = (),
    capture_after: Collection[Key] = (),
) -> tuple[Float[Tensor, "pos vocab"], Captured]:
    """Logits of one prompt, run alone and unpadded; edits of one point apply as given.

    capture: (site, layer) pairs whose values are kept, as they were before any edit;
    capture_after: as they were after the edits. Captured values are [position, width], on
    the device of the token ids, wherever the module is.
    Raises: RunFailed when a hook does not fire exactly once; OutOfMemory is left to the
    caller as torch.OutOfMemoryError, so that it can be recorded against its cell.
    """
    batch = torch.tensor([list(ids)], device=host.device)
    with tapped(host, edits, before=capture, after=capture_after) as captured:
        logits = forward(host.model, batch)[0]
    captured.values = {key: value[0].to(host.device) for key, value in captured.values.items()}
    return logits, captured


@contextmanager
def tapped(
    host: LoadedModel, edits: Iterable[tuple[Key, EditFn]], *,
    before: Collection[Key] = (), after: Collection[Key] = (),
) -> Iterator[Captured]:
    """Edits and captures at (site, layer) pairs, in the order of the pass; see hooks.tap.

    before, after: keys whose values are kept as they are before or after the edits.
    """
    by_key: dict[Key, list[EditFn]] = {}
    for key, edit in edits:
        by_key.setdefault(key, []).append(edit)
    late: dict[Key, Tensor] = {}
    for key in set(after) & by_key.keys():
        by_key[key].append(_keeper(late, key))
    plain = {*before, *(set(after) - by_key.keys())}
    with tap([Tapped(key, host.point(*key), tuple(by_key.get(key, ())), key in plain)
              for key in in_order({*by_key, *plain})]) as captured:
        yield captured
    captured.values.update(late)


def in_order(keys: Iterable[Key]) -> list[Key]:
    """In the order in which a forward pass reaches them."""
    return sorted(keys, key=lambda key: (
        key[0] == "final_norm", key[1] or 0, _DEPTH[key[0]]))


def _keeper(kept: dict[Key, Tensor], key: Key) -> EditFn:
    """An edit that changes nothing and keeps what passes."""
    def keep(value: Tensor) -> Tensor:
        kept[key] = value.detach().clone()
        return value
    return keep
