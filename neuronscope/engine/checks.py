"""Checks of prompts and targets against a model, each with its JSON pointer."""

from __future__ import annotations

from dataclasses import dataclass

from neuronscope.errors import PromptLength, UnsupportedTarget
from neuronscope.models.tokens import Tokenizer
from neuronscope.models.vectors import Vectors
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.ops import Prompt
from neuronscope.spec.selection import normalise
from neuronscope.spec.target import SITES, Target

HEAD_SITES = tuple(site for site, row in SITES.items()
                   if "head" in row.axes and site != "pattern")
"""Sites whose width is so many heads of `d_head` numbers each."""


@dataclass(frozen=True)
class Ground:
    """What the parts of a spec are resolved against; `ids` is the base prompt."""

    ids: tuple[int, ...]
    info: ModelInfo
    tokenizer: Tokenizer
    vectors: Vectors

    def prompt(self, prompt: Prompt, pointer: str) -> tuple[int, ...]:
        """Token ids of another prompt. Raises: PromptLength, OutOfRange."""
        return prompt_ids(prompt, self.info, self.tokenizer, pointer)

    def target(self, target: Target, pointer: str) -> Target:
        """A target made explicit. Raises: OutOfRange, UnsupportedTarget."""
        return resolve_target(target, len(self.ids), self.info, pointer)


def prompt_ids(
    prompt: Prompt, info: ModelInfo, tokenizer: Tokenizer, pointer: str
) -> tuple[int, ...]:
    """Token ids of a prompt.

    Raises: PromptLength for no tokens or more than the context; OutOfRange for a bad id.
    """
    ids = tokenizer.encode(prompt, pointer)
    if not ids:
        raise PromptLength("The prompt has no tokens.", hint="Give at least one.",
                           pointer=pointer)
    if info.context is not None and len(ids) > info.context:
        raise PromptLength(f"The prompt has {len(ids)} tokens; this model's context holds "
                           f"{info.context}.", hint="Shorten it.", pointer=pointer)
    return ids


def check_site(site: str, layers: tuple[int, ...] | None, info: ModelInfo, pointer: str) -> None:
    """Refuse a site that did not prove itself on this model (at these layers).

    Raises: UnsupportedTarget, with the reason and what works instead.
    """
    report = next(each for each in info.sites if each.site == site)
    usable = ", ".join(each.site for each in info.sites if each.certified)
    if not report.certified:
        raise UnsupportedTarget(f"{site} is not offered on this model: {report.reason}.",
                                hint=f"Certified are {usable}.", pointer=pointer)
    if "layer" not in SITES[site].axes:
        return
    wanted = range(info.n_layers) if layers is None else layers
    missing = sorted(set(wanted) - set(report.layers))
    if missing:
        why = "; ".join(each.reason for each in report.refused
                        if not set(missing).isdisjoint(each.layers)) or report.reason
        raise UnsupportedTarget(
            f"{site} is not offered at layers {missing}: {why}.",
            hint=f"It is certified at layers {list(report.layers)}.", pointer=pointer)


def resolve_target(target: Target, n_positions: int, info: ModelInfo, pointer: str) -> Target:
    """The target with indices counted from 0, sorted, and None where all are chosen.

    Raises: OutOfRange, UnsupportedTarget.
    """
    layers = normalise(target.layer, info.n_layers, "layer", "this model", f"{pointer}/layer")
    check_site(target.site, layers, info, f"{pointer}/site")
    prompt = f"the prompt of {n_positions} tokens"
    heads = "this model" if info.n_heads == info.heads_of(target.site) else target.site
    return Target(
        site=target.site,
        layer=layers,
        head=normalise(target.head, info.heads_of(target.site) or 0, "head", heads,
                       f"{pointer}/head"),
        neuron=normalise(target.neuron, info.d_mlp or 0, "neuron", "this model",
                         f"{pointer}/neuron"),
        position=normalise(target.position, n_positions, "position", prompt,
                           f"{pointer}/position"),
        key=normalise(target.key, n_positions, "key", prompt, f"{pointer}/key"),
    )


def site_width(site: str, info: ModelInfo) -> int | None:
    """Width of a site's tensor; None where the model does not have it, or no fixed one."""
    if site == "pattern":
        return None
    if site in HEAD_SITES:
        heads = info.heads_of(site)
        return heads * info.d_head if heads and info.d_head else None
    return info.d_mlp if site == "mlp_act" else info.d_model
