"""Checks of prompts, targets and overlaps against a model, each with its JSON pointer."""

from __future__ import annotations

from itertools import combinations

from neuronscope.errors import OverlappingEdits, PromptLength, UnsupportedTarget
from neuronscope.models.tokens import Tokenizer
from neuronscope.spec.experiments import Edit
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.ops import Prompt
from neuronscope.spec.selection import meet, normalise
from neuronscope.spec.target import SITES, Target


def prompt_ids(
    prompt: Prompt, info: ModelInfo, tokenizer: Tokenizer, pointer: str
) -> tuple[int, ...]:
    """Token ids of a prompt.

    Raises: PromptLength for no tokens or more than the context; OutOfRange for a bad id.
    """
    ids = tokenizer.encode(prompt)
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
        raise UnsupportedTarget(
            f"{site} is not offered at layers {missing}: {report.reason}.",
            hint=f"It is certified at layers {list(report.layers)}.", pointer=pointer)


def resolve_target(target: Target, n_positions: int, info: ModelInfo, pointer: str) -> Target:
    """The target with indices counted from 0, sorted, and None where all are chosen.

    Raises: OutOfRange, UnsupportedTarget.
    """
    layers = normalise(target.layer, info.n_layers, "layer", "this model", f"{pointer}/layer")
    check_site(target.site, layers, info, f"{pointer}/site")
    return Target(
        site=target.site,
        layer=layers,
        head=normalise(target.head, info.n_heads or 0, "head", "this model", f"{pointer}/head"),
        neuron=normalise(target.neuron, info.d_mlp or 0, "neuron", "this model",
                         f"{pointer}/neuron"),
        position=normalise(target.position, n_positions, "position",
                           f"the prompt of {n_positions} tokens", f"{pointer}/position"),
    )


def check_overlaps(edits: list[Edit], n_layers: int) -> None:
    """Refuse two edits that select one entry; the residual stream counts as one site.

    Raises: OverlappingEdits, naming both.
    """
    places = [_places(edit.target, n_layers) for edit in edits]
    for (i, left), (j, right) in combinations(enumerate(edits), 2):
        if (not places[i].isdisjoint(places[j])
                and meet(left.target.position, right.target.position)
                and meet(left.target.head, right.target.head)
                and meet(left.target.neuron, right.target.neuron)):
            raise OverlappingEdits(
                f"Edits {i} ({left.target}) and {j} ({right.target}) select the same entries.",
                hint="Choose entries that do not overlap.", pointer=f"/edits/{j}/target")


def _places(target: Target, n_layers: int) -> set[tuple[str, int]]:
    """Where a target acts; `embed`, `resid_pre` and `resid_post` share one stream."""
    layers = range(n_layers) if target.layer is None else target.layer
    match target.site:
        case "embed":
            return {("resid", 0)}
        case "final_norm":
            return {("final_norm", 0)}
        case "resid_pre":
            return {("resid", layer) for layer in layers}
        case "resid_post":
            return {("resid", layer + 1) for layer in layers}
        case site:
            return {(site, layer) for layer in layers}
