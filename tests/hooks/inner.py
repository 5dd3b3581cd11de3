"""The inner sites through the tap, for tests: one forward with one function at one point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache

import torch
from torch import Tensor

from neuronscope.hooks.attention import eager_attention
from neuronscope.hooks.tap import Tapped, tap
from neuronscope.models.forward import forward
from neuronscope.models.host import LoadedModel
from neuronscope.models.load import wrap
from tests.tiny import build, tokenizer

IDS = (1, 3, 14, 15, 9, 26)
OTHER = (1, 5, 35, 8, 9, 79)


@cache
def host(family: str) -> LoadedModel:
    """One model per family for the whole test run: nothing may leave a trace on it."""
    return wrap(build(family), tokenizer(), model_id=family)


def layers_of(model: LoadedModel, site: str) -> tuple[int, ...]:
    """The layers at which a site can be edited."""
    return next(report.layers for report in model.info.sites if report.site == site)


def run(
    model: LoadedModel, site: str, layer: int, edit: Callable[[Tensor], None] | None = None,
    ids: Sequence[int] = IDS,
) -> tuple[Tensor, Tensor]:
    """Logits [pos, vocab] and the site's value [pos, width]; `edit` writes into a copy."""
    def function(value: Tensor) -> Tensor:
        new = value.clone()
        edit(new[0])
        return new

    key = (site, layer)
    tapped = Tapped(key, model.point(*key), () if edit is None else (function,), capture=True)
    with eager_attention(model.model) if site == "pattern" else nullcontext(), \
            tap([tapped]) as captured:
        logits = forward(model.model, torch.tensor([list(ids)]))
    return logits[0], captured[key][0]
