"""Tiny random models of every model type that transformers offers as a language model.

One file of `configs` per model type, named by it; with `@i2t` for the class that
transformers keeps for images and text, whose text side is what is tested. A file holds the
sizes that differ from the defaults of the type's configuration.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

CONFIGS = Path(__file__).resolve().parent / "configs"
IMAGE_TEXT = "@i2t"
SPREAD = 0.16
"""Standard deviation that a weight matrix has at least: in a model as it is first made,
branches add so little that a wrong hook would hardly be seen."""
WORDS = 96


@dataclass(frozen=True)
class Entry:
    """One model type, and how a tiny model of it is made.

    unbuilt: what transformers says when it refuses to make one, for whatever sizes; `why`
    explains it.
    """

    name: str
    auto_class: str
    unbuilt: str
    why: str

    @cached_property
    def config(self) -> dict[str, Any]:
        return json.loads(_file(self.name).read_text(encoding="utf-8"))["config"]

    @property
    def model_type(self) -> str:
        """The type's name in transformers' mappings."""
        return self.name.removesuffix(IMAGE_TEXT)


def entry(name: str) -> Entry:
    data = json.loads(_file(name).read_text(encoding="utf-8"))
    return Entry(name, data["auto_class"], data.get("unbuilt", ""), data.get("why", ""))


def names() -> list[str]:
    """All entries, in the order of their names."""
    return sorted(file.stem for file in CONFIGS.glob("*.json"))


def build(name: str, seed: int = 0) -> nn.Module:
    """A tiny random model in eval mode; the same seed gives the same weights.

    Raises what transformers raises where it cannot make one.
    """
    import transformers as tf

    wanted = entry(name)
    torch.manual_seed(seed)
    with quiet():
        config = tf.AutoConfig.for_model(**wanted.config)
        maker = getattr(tf, wanted.auto_class)
        model = getattr(maker, "from_config", getattr(maker, "_from_config", None))(config)
    _enlarge(model)
    return model.float().eval()


@torch.no_grad()
def _enlarge(model: nn.Module) -> None:
    """No parameter is a constant, none so small that it does not matter."""
    for key, parameter in model.named_parameters():
        if not parameter.is_floating_point():
            continue
        assert parameter.isfinite().all(), key
        spread = float(parameter.float().std()) if parameter.numel() > 1 else 0.0
        if parameter.ndim < 2:  # norms and biases
            parameter.add_(0.2 * torch.randn_like(parameter))
        elif spread == 0:
            parameter.add_(SPREAD * torch.randn_like(parameter))
        elif spread < SPREAD:
            parameter.mul_(SPREAD / spread)


@contextmanager
def quiet() -> Iterator[None]:
    """What transformers has to say of small and unusual configurations is not asked here."""
    level = logging.getLogger("transformers").level
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger("transformers").setLevel(level)


def probe(model: nn.Module) -> torch.Tensor:
    """The prompt with which a model is laid out and certified when it is loaded."""
    from neuronscope.models.text import probe_ids, vocab_size

    return probe_ids(vocab_size(model), torch.device("cpu"))


def _file(name: str) -> Path:
    return CONFIGS / f"{name}.json"
