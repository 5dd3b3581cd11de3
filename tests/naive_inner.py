"""Queries, keys, values, patterns and the stream between the branches, edited by hand.

The models' own source files are made to call us where they rotate queries and keys, and
where they call their attention function. Nothing of the code under test is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import torch
from torch import Tensor, nn

from tests.naive import hooked_logits, scale_of
from tests.naive_own import OWN, own_run
from tests.tiny import SITES, site_module

INNER = ("resid_mid", "q", "k", "v", "pattern")
Edit = Callable[[Tensor], None]
QUERY_SCALES = {"opt": 8 ** -0.5, "opt_post_norm": 8 ** -0.5}
"""Families that scale the query themselves before they hand it on."""


class Inside:
    """The state of one raw forward: which layer runs, what was seen, what is to be put in."""

    def __init__(self, site: str, layer: int, new: Tensor | None) -> None:
        self.site, self.layer, self.new = site, layer, new
        self.current = -1
        self.turned: Tensor | None = None  # what the rotary embedding was given
        self.value: Tensor | None = None

    def at(self, *sites: str) -> bool:
        return self.current == self.layer and self.site in sites

    def rotary(self, own: Callable) -> Callable:
        def turn(q, k, *args, **kwargs):
            if self.at("q", "k"):
                self.turned = q if self.site == "q" else k
                if self.new is not None:
                    mixed = _put(self.turned, self.new, slice(0, self.turned.shape[-1]))
                    q, k = (mixed, k) if self.site == "q" else (q, mixed)
            return own(q, k, *args, **kwargs)
        return turn

    def attention(self, own: Callable) -> Callable:
        def attend(module, query, key, value, *args, **kwargs):
            given = {"q": query, "k": key, "v": value}
            if self.at("q", "k", "v"):
                whole = given[self.site]
                turned = 0 if self.turned is None else self.turned.shape[-1]
                if self.new is not None and turned < whole.shape[-1]:
                    given[self.site] = _put(whole, self.new, slice(turned, None))
                parts = [whole[..., turned:]]
                if turned:
                    parts.insert(0, _heads_first(self.turned, whole))
                self.value = torch.cat(parts, dim=-1)[0].transpose(0, 1).flatten(1).clone()
            output, weights = own(module, *given.values(), *args, **kwargs)
            if self.at("pattern"):
                self.value = weights[0].transpose(0, 1).flatten(1).clone()
                if self.new is not None:
                    length, n_heads = weights.shape[2], weights.shape[1]
                    new = self.new.view(length, n_heads, -1).transpose(0, 1)
                    values = value[0].repeat_interleave(n_heads // value.shape[1], dim=0)
                    output = (new @ values).transpose(0, 1)[None].contiguous()
            return output, weights
        return attend


def _heads_first(turned: Tensor, whole: Tensor) -> Tensor:
    return turned if turned.shape[1:3] == whole.shape[1:3] else turned.transpose(1, 2)


def _put(tensor: Tensor, new: Tensor, part: slice) -> Tensor:
    """`tensor` with a part of each head's entries from `new`, [position, heads × d]."""
    length = new.shape[0]
    heads_first = tensor.shape[2] == length
    changed = (tensor.transpose(1, 2) if heads_first else tensor).clone()
    values = new.view(length, changed.shape[2], -1)[None, ..., part]
    changed[..., -values.shape[-1]:] = values
    return changed.transpose(1, 2) if heads_first else changed


@contextmanager
def _inside(model: nn.Module, family: str, state: Inside) -> Iterator[list]:
    """The models' files changed, and hooks that tell which layer runs."""
    count = model.config.get_text_config().num_hidden_layers
    layers = [model.get_submodule(SITES[family]["layer"].format(n)) for n in range(count)]
    files = {type(module).__module__ for module in model.modules()}

    def enter(index: int):
        def note(value: Tensor) -> Tensor:
            state.current = index
            return value
        return note

    with ExitStack() as stack:
        for file in (sys.modules[name] for name in sorted(files)):
            if rotary := getattr(file, "apply_rotary_pos_emb", None):
                stack.enter_context(
                    patch.object(file, "apply_rotary_pos_emb", state.rotary(rotary)))
            if functions := getattr(file, "ALL_ATTENTION_FUNCTIONS", None):
                fake = SimpleNamespace(get_interface=lambda *names, own=functions:
                                       state.attention(own.get_interface(*names)))
                stack.enter_context(patch.object(file, "ALL_ATTENTION_FUNCTIONS", fake))
        if state.site == "pattern":
            before = model.config._attn_implementation
            model.set_attn_implementation("eager")
            stack.callback(model.set_attn_implementation, before)
        yield [(layer, "in", enter(index)) for index, layer in enumerate(layers)]


def inner_value(model: nn.Module, family: str, ids: Sequence[int], site: str, layer: int) -> Tensor:
    """The site's value [pos, width] on a prompt."""
    return _run(model, family, ids, site, layer, None)[1]


def inner_logits(
    model: nn.Module, family: str, ids: Sequence[int], site: str, layer: int,
    edit: Edit | None = None,
) -> Tensor:
    """Logits with a site edited in place by `edit`, which gets its [pos, width] tensor.

    Without an edit: the clean logits, under eager attention for `pattern`.
    """
    if edit is None:
        return _run(model, family, ids, site, layer, None)[0]
    new = inner_value(model, family, ids, site, layer)
    edit(new)
    return _run(model, family, ids, site, layer, new)[0]


def _run(model, family, ids, site, layer, new) -> tuple[Tensor, Tensor]:
    if site == "resid_mid":
        return _between(model, family, ids, layer, new)
    if family in OWN:
        return own_run(model, family, ids, site, layer, new)
    scale = QUERY_SCALES.get(family, 1.0) if site == "q" else 1.0
    state = Inside(site, layer, new if new is None else new * scale)
    with _inside(model, family, state) as hooks:
        logits = hooked_logits(model, ids, hooks)
    return logits, state.value / scale


def _between(model, family, ids, layer, new) -> tuple[Tensor, Tensor]:
    """The layer's input plus what its attention adds."""
    given, value = [], []
    scale = scale_of(family, "attn_out")

    def keep(hidden: Tensor) -> Tensor:
        given.append(hidden)
        return hidden

    def change(out: Tensor) -> Tensor:
        value.append((given[0] + out * scale)[0])
        if new is None:
            return out
        changed = new != value[0]
        return torch.where(changed, (new - given[0]) / scale, out)

    logits = hooked_logits(model, ids, [
        (*site_module(model, family, "resid_pre", layer), keep),
        (*site_module(model, family, "attn_out", layer), change)])
    return logits, value[0]
