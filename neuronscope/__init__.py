"""NeuronScope: intervene on the insides of a language model, and measure what changes.

    import neuronscope as ns
    model = ns.load("LLM/atlas")
    model.run(ns.Run(prompt="…", edits=[ns.Edit(ns.Target("mlp_out", layer=0), ns.Zero())]))

`ns.ops` has every operation and direction. Importing this costs little: torch comes with
the first name that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neuronscope.version import __version__

if TYPE_CHECKING:
    from neuronscope.client import Client as Client
    from neuronscope.engine.session import Model as Model
    from neuronscope.engine.session import load as load
    from neuronscope.service.lab import Lab as Lab
    from neuronscope.service.opening import open_lab as open_lab

_HOMES = {
    "neuronscope.client": ("Client",),
    "neuronscope.engine.session": ("Model", "load"),
    "neuronscope.errors": ("NeuronScopeError",),
    "neuronscope.service.lab": ("Lab",),
    "neuronscope.service.opening": ("open_lab",),
    "neuronscope.spec.captures": ("Capture",),
    "neuronscope.spec.experiments": ("Edit", "Over", "Run", "Sweep"),
    "neuronscope.spec.grid": ("Grid",),
    "neuronscope.spec.metrics": ("JS", "KL", "LogProb", "LogitDiff", "Prob", "Rank", "Recovered"),
    "neuronscope.spec.ops": ("Add", "Mean", "Noise", "Patch", "Path", "Reference", "Zero"),
    "neuronscope.spec.results": ("Result",),
    "neuronscope.spec.target": ("Target",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", "ops", *_HOME_OF]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name == "ops":
        return import_module("neuronscope.spec.ops")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'neuronscope' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
