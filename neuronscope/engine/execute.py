"""One forward with edits: what every run and every cell is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from neuronscope.hooks.tap import Captured, EditFn, Tapped, tap
from neuronscope.models.forward import forward
from neuronscope.models.host import LoadedModel

Key = tuple[str, int | None]


def run_forward(
    host: LoadedModel,
    ids: Sequence[int],
    *,
    edits: Iterable[tuple[Key, EditFn]] = (),
    capture: Iterable[Key] = (),
) -> tuple[Float[Tensor, "pos vocab"], Captured]:
    """Logits of one prompt, run alone and unpadded, with edits in the given order.

    capture: (site, layer) pairs whose values are kept, as they were before any edit.
    Captured values are [position, width], on the model's device.
    Raises: RunFailed when a hook does not fire exactly once; OutOfMemory is left to the
    caller as torch.OutOfMemoryError, so that it can be recorded against its cell.
    """
    by_key: dict[Key, list[EditFn]] = {}
    for key, edit in edits:
        by_key.setdefault(key, []).append(edit)
    wanted = set(capture)
    taps = [Tapped(key, host.point(*key), tuple(by_key.get(key, ())), key in wanted)
            for key in dict.fromkeys([*by_key, *sorted(wanted, key=str)])]
    batch = torch.tensor([list(ids)], device=host.device)
    with tap(taps) as captured:
        logits = forward(host.model, batch)[0]
    captured.values = {key: value[0] for key, value in captured.values.items()}
    return logits, captured
