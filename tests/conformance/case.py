"""One model under test: what was certified of it, and the engine's answers about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from neuronscope.engine.session import Model, load
from neuronscope.hooks.points import Point
from neuronscope.models.layout import Layout
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.metrics import LogProb
from neuronscope.spec.ops import Zero
from neuronscope.spec.target import SITES, Target
from tests.conformance.zoo import build, quiet
from tests.tiny import PROMPT, tokenizer

READ = (5, 17, 40, 77)
"""Tokens whose log-probabilities are compared."""


@dataclass(frozen=True)
class Case:
    """A tiny model as HuggingFace made it, and as NeuronScope loaded it."""

    name: str
    hf: nn.Module
    model: Model

    @property
    def layout(self) -> Layout:
        return self.model.host.layout

    @cached_property
    def ids(self) -> list[int]:
        return [token.id for token in self.model.tokens(PROMPT)]

    @cached_property
    def certified(self) -> dict[str, tuple[int | None, ...]]:
        """The layers of each site that is offered; (None,) for a site of the whole model."""
        return {each.site: each.layers if "layer" in SITES[each.site].axes else (None,)
                for each in self.model.info.sites if each.certified}

    def layers(self, site: str) -> tuple[int, ...]:
        return tuple(each for each in self.certified.get(site, ()) if each is not None)

    def point(self, site: str, layer: int | None) -> Point:
        return self.layout.point(site, layer)

    @cached_property
    def values(self) -> dict[tuple[str, int | None], Tensor]:
        """Every certified site's value [pos, …] on the prompt, as the engine captures it."""
        return self._captured([site for site in self.certified if site != "pattern"])

    @cached_property
    def patterns(self) -> dict[tuple[str, int | None], Tensor]:
        """[head, query, key], under eager attention."""
        return self._captured([site for site in self.certified if site == "pattern"])

    def _captured(self, sites: list[str]) -> dict[tuple[str, int | None], Tensor]:
        targets = [Target(site) if self.certified[site] == (None,)
                   else Target(site, layer=self.layers(site)) for site in sites]
        if not targets:
            return {}
        found = self.model.capture(Capture(prompt=PROMPT, targets=targets))
        return {(each.site, each.layer): torch.from_numpy(np.array(found.arrays[each.name]))
                for each in found.data.entries}

    def zeroed(self, sites: tuple[str, ...], mode: str, **axes) -> np.ndarray:
        """Log-probabilities [cells, len(READ)] with a site zeroed, one cell per combination."""
        grid = self.model.sweep(Sweep(
            prompt=PROMPT, op=Zero(), over=Over(sites=sites, **axes), mode=mode,
            metrics=tuple(LogProb(token) for token in READ)))
        assert grid.complete
        return np.stack([grid.values[f"log_prob:{token}"].ravel() for token in READ], axis=-1)


def read(logits: Tensor) -> np.ndarray:
    """Log-probabilities of the tokens that are compared, after the last position."""
    return logits[-1].double().log_softmax(-1)[list(READ)].numpy()


def load_case(name: str) -> Case:
    """Raises: ModelRefused, and what transformers raises where it makes no such model."""
    hf = build(name)
    with quiet():
        model = load(hf_model=hf, tokenizer=tokenizer(), model_id=name)
    # the language model alone, where the whole cannot be run on text
    return Case(name, model.host.model, model)
