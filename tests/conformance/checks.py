"""What is certified of a model, held against the raw model: each check yields what contradicts.

A check returns None where the architecture gives it nothing to compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from tests.conformance import raw
from tests.conformance.case import Case, read
from tests.conformance.heads import query_heads, value_heads
from tests.conformance.surgery import planned

ALLOWED = 1e-4
MASKED = 1e30
"""What some families put in place of logits that must not be chosen."""
Found = Iterator[str] | None


def hidden_states(case: Case) -> Found:
    """The residual stream is what the model itself gives as `hidden_states`."""
    given = raw.outputs(case.hf, case.ids, output_hidden_states=True)
    states = given.get("hidden_states") or given.get("decoder_hidden_states")
    if not states or len(states) != len(case.layout.layers) + 1 or any(
            state is None for state in states):
        return None
    # where a model keeps several streams: [stream, batch, …], or [batch, position, stream, …]
    return _states(case, [state[0].flatten(1) if state.shape[0] == 1 else
                          state[:, 0].transpose(0, 1).flatten(1) for state in states])


def _states(case: Case, states: list[Tensor]) -> Iterator[str]:
    """Some families keep what leaves a layer and not what enters it; a last norm may follow."""
    values = case.values
    if ("resid_post", 0) in values and near(values["resid_post", 0], states[0]):
        site = "resid_post"
    else:
        site = "resid_pre"
    for layer in case.layers(site):
        if not near(values[site, layer], states[layer]):
            yield f"{site}.{layer} is not hidden state {layer}"
    ends = [values[key] for key in (("final_norm", None), ("resid_post", len(states) - 2))
            if key in values]
    if len(ends) == 2 and not any(near(end, states[-1]) for end in ends):
        yield "the last hidden state is neither resid_post of the last layer nor final_norm"


def attentions(case: Case) -> Found:
    """Patterns are what the model itself gives as `attentions` under eager attention."""
    layers = case.layers("pattern")
    if not layers:
        return None
    before = case.hf.config._attn_implementation
    case.hf.set_attn_implementation("eager")
    try:
        given = raw.outputs(case.hf, case.ids, output_attentions=True)
    finally:
        case.hf.set_attn_implementation(before)
    weights = given.get("attentions") or given.get("decoder_attentions") or ()
    weights = [each for each in weights if each is not None]
    if len(weights) == len(case.layout.layers):
        weights = [weights[layer] for layer in layers]
    if len(weights) != len(layers):
        return None
    return (f"pattern.{layer} is not what the model gives as its attention weights"
            for layer, each in zip(layers, weights, strict=True)
            if not near(case.patterns["pattern", layer], each[0]))


def identities(case: Case) -> Found:
    """What leaves a layer enters the next; the branches add up to what a layer adds."""
    return _identities(case.values, [each.carried for each in case.layout.branches])


def _identities(values: dict, carried: list[bool]) -> Iterator[str]:
    """`carried`, by layer: the stream changes by the branches and, it is said, nothing else."""
    for site, layer in values:
        pre, mid, post, attn, mlp = (values.get((name, layer)) for name in (
            "resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out"))
        if site == "resid_post" and (after := values.get(("resid_pre", layer + 1))) is not None \
                and not torch.equal(post, after):
            yield f"resid_post.{layer} is not resid_pre.{layer + 1}"
        whole = all(each is not None for each in (pre, attn, mlp, post))
        if site == "attn_out" and whole and carried[layer] and not near(pre + attn + mlp, post):
            yield f"resid_post.{layer} is not resid_pre + attn_out + mlp_out"
        if site == "resid_mid" and attn is not None and not near(pre + attn, mid):
            yield f"resid_mid.{layer} is not resid_pre + attn_out"


def zeroing(case: Case) -> Found:
    """An edit that zeroes a site is the raw model with that site's parameters zeroed."""
    return _zeroing(case)


def _zeroing(case: Case) -> Iterator[str]:
    for place, each in enumerate(planned(case)):
        wanted = np.stack([read(logits) for logits in each.logits])
        for mode in ("fast",) if place else ("fast", "exact"):
            gaps = np.abs(case.zeroed(each.sites, mode, **each.axes) - wanted).max(axis=-1)
            for name, gap, size in zip(each.names, gaps, np.abs(wanted).max(-1), strict=True):
                if not gap <= ALLOWED * max(1.0, size / 10):
                    yield f"zeroing {name} ({mode}) is {gap:.1e} from the raw model"


def mixing(case: Case) -> Found:
    """With every attn_out zeroed, no position sees another."""
    carried = all(each.carried for each in case.layout.branches)
    if len(case.layers("attn_out")) != len(case.layout.layers) or not carried:
        return None
    hooks = [(case.point("attn_out", layer).module, "out", torch.zeros_like)
             for layer in case.layers("attn_out")]
    first, other = (raw.logits(case.hf, [case.ids[0], token, *case.ids[2:]], hooks)
                    for token in (case.ids[1], 50))
    if near(first[1], other[1]):
        return iter(["a token does not matter at its own position where every attn_out is zero"])
    return iter([] if near(first[2:], other[2:]) else
                ["positions see each other though every attn_out is zero"])


def near(left: Tensor, right: Tensor) -> bool:
    """Equal up to roundings of single precision, relative to the largest entries."""
    if left.numel() != right.numel():
        return False
    left, right = left.reshape(right.shape).double(), right.double()
    size = right.abs()
    size = size[size < MASKED]
    gap = (left - right).abs()
    return bool(gap.max() <= 2e-5 * size.max())


CHECKS: dict[str, Callable[[Case], Found]] = {
    "hidden states": hidden_states, "attentions": attentions, "identities": identities,
    "zeroing": zeroing, "mixing": mixing, "query heads": query_heads,
    "value heads": value_heads,
}


ELSEWHERE = {
    ("falcon", "attentions"): "made with sdpa and switched to eager, it gives its attention "
                              "weights without the causal mask",
    ("blt", "mixing"): "its bytes are put together and apart by layers of their own",
    **{(name, "mixing"): "its branches end in short convolutions over positions"
       for name in ("inkling_text", "inkling2_text", "inkling2@i2t")},
    **{("kosmos-2@i2t", check): "a norm that takes the mean of all heads comes before its z"
       for check in ("query heads", "value heads")},
    ("doge", "value heads"): "which positions its heads read follows from all values",
    ("zaya", "query heads"): "its queries go through convolutions over all heads",
}
"""Checks that mean nothing for a type, and why."""


def examine(case: Case) -> list[str]:
    """Everything that contradicts what is certified."""
    wrong: list[str] = []
    for name, check in CHECKS.items():
        wrong += () if (case.name, name) in ELSEWHERE else check(case) or ()
    return wrong
