"""A loaded model with everything that was found out about it."""

from __future__ import annotations

import math
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from neuronscope.hooks.precision import float64
from neuronscope.hooks.tap import Point
from neuronscope.models.layout import Layout
from neuronscope.models.placement import entry_device, weight_of
from neuronscope.models.tokens import Tokenizer
from neuronscope.models.vectors import Vectors
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.results import ModelRef


@dataclass(frozen=True)
class Proof:
    """Why a way of the fast path is not taken, or nothing; the largest deviation in a logit.

    lasting: false of an error that may have been the moment's: it is tried again.
    """

    reason: str
    deviation: float = 0.0
    lasting: bool = True


@dataclass(frozen=True)
class LoadedModel:
    """The model, where its sites are, its tokenizer, and what is told about it.

    vectors: the stored directions that specs may name.
    """

    model: nn.Module
    layout: Layout
    tokenizer: Tokenizer
    info: ModelInfo
    vectors: Vectors = field(default_factory=Vectors)
    replayed: dict[str, Proof] = field(default_factory=dict, compare=False)
    """By attention implementation: whether a replay of a clean run through the fast path gave
    the clean logits; filled by the first sweep."""

    proofs: dict[tuple[str, str], Proof] = field(default_factory=dict, compare=False)
    """By attention implementation and way: the verdict, reached when a sweep first needs it
    or the model is checked; see neuronscope.engine.stages."""

    lock: AbstractContextManager = field(default_factory=threading.RLock, compare=False, repr=False)
    """Held while hooks are on the model: another thread's forwards would run through them."""

    @property
    def device(self) -> torch.device:
        """Where token ids go."""
        return entry_device(self.model)

    @property
    def embedding(self) -> Tensor:
        """The input embedding's matrix, [vocabulary, width], as it is stored."""
        return weight_of(self.model.get_input_embeddings())

    @cached_property
    def embedding_deviation(self) -> float:
        """Standard deviation over all entries of the input embedding, in float64 (over n)."""
        parts = self.embedding.detach().split(4096)
        count = sum(part.numel() for part in parts)
        mean = sum(float(float64(part).sum()) for part in parts) / count
        squares = sum(float((float64(part) - mean).square().sum()) for part in parts)
        return math.sqrt(squares / count)

    def point(self, site: str, layer: int | None) -> Point:
        """The point of a site; see Layout.point."""
        return self.layout.point(site, layer)

    def ref(self, attention: str) -> ModelRef:
        """The short description that results carry; `attention` is what they ran under."""
        told = {name: getattr(self.info, name) for name in ModelRef.model_fields}
        return ModelRef(**told | {"attention": attention})
