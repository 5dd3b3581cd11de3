"""Where an edit acts: a site, and the layers, heads, neurons and positions of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from neuronscope.spec.base import Items, SafeInt, Spec

Site = Literal[
    "embed", "resid_pre", "q", "k", "v", "pattern", "z", "attn_out", "resid_mid", "mlp_act",
    "mlp_out", "resid_post", "final_norm",
]
Axis = Literal["layer", "head", "neuron", "position", "key"]


@dataclass(frozen=True)
class SiteRow:
    """What a site means and which axes select entries of it."""

    meaning: str
    axes: tuple[Axis, ...]


SITES: dict[str, SiteRow] = {
    "embed": SiteRow("residual stream entering layer 0", ("position",)),
    "resid_pre": SiteRow("residual stream entering the layer", ("layer", "position")),
    "q": SiteRow("per-head query, before any rotary embedding", ("layer", "head", "position")),
    "k": SiteRow("per-head key, before any rotary embedding; its heads are key-value heads",
                 ("layer", "head", "position")),
    "v": SiteRow("per-head value; its heads are key-value heads", ("layer", "head", "position")),
    "pattern": SiteRow("attention probabilities; position is the query's, key what is read",
                       ("layer", "head", "position", "key")),
    "z": SiteRow("per-head attention result, before the output projection",
                 ("layer", "head", "position")),
    "attn_out": SiteRow("what attention adds to the residual stream", ("layer", "position")),
    "resid_mid": SiteRow("residual stream between the attention and the MLP",
                         ("layer", "position")),
    "mlp_act": SiteRow("neurons: the input of the MLP's down projection",
                       ("layer", "neuron", "position")),
    "mlp_out": SiteRow("what the MLP adds to the residual stream", ("layer", "position")),
    "resid_post": SiteRow("residual stream leaving the layer", ("layer", "position")),
    "final_norm": SiteRow("output of the last norm, what the unembedding reads", ("position",)),
}
"""Sites in the order in which a forward pass reaches them within a layer."""
assert tuple(SITES) == get_args(Site)

KEY_VALUE_SITES = ("k", "v")
"""Sites whose heads are key-value heads."""

_ALIASES = [
    (re.compile(r"^ln_final\.hook_normalized$"), "final_norm"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.hook_resid_pre$"), "resid_pre"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.hook_resid_mid$"), "resid_mid"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.hook_resid_post$"), "resid_post"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.hook_attn_out$"), "attn_out"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.hook_mlp_out$"), "mlp_out"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.attn\.hook_q$"), "q"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.attn\.hook_k$"), "k"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.attn\.hook_v$"), "v"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.attn\.hook_pattern$"), "pattern"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.attn\.hook_z$"), "z"),
    (re.compile(r"^blocks\.([0-9]{1,9})\.mlp\.hook_post$"), "mlp_act"),
]

Indices = Annotated[SafeInt | Annotated[tuple[SafeInt, ...], Items] | None, "index, list, or all"]


def from_alias(name: str) -> tuple[str, int | None] | None:
    """The site and layer that a TransformerLens hook name stands for, or None."""
    for pattern, site in _ALIASES:
        if found := pattern.fullmatch(name):
            return site, int(found[1]) if pattern.groups else None
    return None


class Target(Spec):
    """A site and a selection of it; an axis left out means all of it.

    `layer`, `head`, `neuron`, `position`, `key`: an index or a list; negative counts from
    the end. An axis that the site does not have is refused when the target is built.
    `key` is the position that a pattern's query reads from.
    TransformerLens hook names (`blocks.3.hook_resid_pre`) are accepted for `site`.
    """

    positional: ClassVar = ("site",)

    site: Site
    layer: Indices = None
    head: Indices = None
    neuron: Indices = None
    position: Indices = None
    key: Indices = None

    @model_validator(mode="before")
    @classmethod
    def _take_alias(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("site"), str):
            return data
        found = from_alias(data["site"])
        if found is None:
            return data
        site, layer = found
        if layer is None:
            return data | {"site": site}
        if data.get("layer") is not None:
            raise ValueError(f"{data['site']} names its layer already; leave `layer` out")
        return data | {"site": site, "layer": layer}

    @model_validator(mode="after")
    def _axes_exist(self) -> Target:
        for axis in get_args(Axis):
            chosen = getattr(self, axis)
            if chosen is None:
                continue
            if axis not in SITES[self.site].axes:
                raise unsupported(axis_refusal(self.site, axis))
            if chosen == ():
                raise ValueError(f"`{axis}` is an empty list; leave it out to select all")
            if isinstance(chosen, tuple) and len(set(chosen)) != len(chosen):
                raise ValueError(f"`{axis}` names an index twice")
        return self

    def __str__(self) -> str:
        """`mlp_out.3`, `z.5.2@-1`, `pattern.5.2@-1/0`: layer, head or neuron, positions, keys."""
        within = self.head if self.head is not None else self.neuron
        text = ".".join([self.site, *(_short(part) for part in (self.layer, within)
                                      if part is not None)])
        if self.position is not None or self.key is not None:
            text += f"@{'*' if self.position is None else _short(self.position)}"
        return text if self.key is None else f"{text}/{_short(self.key)}"


def axis_refusal(site: str, axis: str) -> str:
    """Why `axis` cannot be chosen on `site`, and which sites have it."""
    owners = [name for name, row in SITES.items() if axis in row.axes]
    return (f"{site} has no {axis} axis (it has {', '.join(SITES[site].axes)}); "
            f"{axis} can be chosen on {', '.join(owners)}")


def unsupported(reason: str) -> PydanticCustomError:
    """A validation error that is answered with the code `unsupported-target`."""
    return PydanticCustomError("unsupported_target", "{reason}", {"reason": reason})


def _short(chosen: int | tuple[int, ...]) -> str:
    return str(chosen) if isinstance(chosen, int) else ",".join(map(str, chosen))
