"""A loaded model with everything that was found out about it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from neuronscope.hooks.tap import Point
from neuronscope.models.layout import Layout
from neuronscope.models.tokens import Tokenizer
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.results import ModelRef


@dataclass(frozen=True)
class LoadedModel:
    """The model, where its sites are, its tokenizer, and what is told about it."""

    model: nn.Module
    layout: Layout
    tokenizer: Tokenizer
    info: ModelInfo

    @property
    def device(self) -> torch.device:
        """Where token ids go: the device of the embedding."""
        return self.model.get_input_embeddings().weight.device

    def point(self, site: str, layer: int | None) -> Point:
        """The point of a site; see Layout.point."""
        return self.layout.point(site, layer)

    def ref(self) -> ModelRef:
        """The short description that results carry."""
        return ModelRef(**{name: getattr(self.info, name) for name in ModelRef.model_fields})
