"""Path patching: the effect that one part has on others directly, all else held still.

Two forwards. In the first the senders' entries come from the source prompt while every
attention branch, and every MLP branch unless the path may lead through MLPs, keeps its clean
value, so that the residual stream differs by the senders' own contribution alone; the
receivers' values are recorded. In the second the receivers take those values and
everything else is free. With the logits as receiver the first forward is the answer.

Source: Wang et al. 2022 (arXiv 2211.00593), appendix B; Goldowsky-Dill et al. 2023
(arXiv 2304.05969). Their "freeze all other heads" is here: what each attention adds is put
back to its clean value; in the senders' own layers `z` is, but for the senders' entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from neuronscope.engine.compile import Compiled, replacing
from neuronscope.engine.execute import Key, run_forward
from neuronscope.engine.plan import keys_of
from neuronscope.errors import UnsupportedTarget
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Path

if TYPE_CHECKING:
    from neuronscope.engine.prepare import Prepared

_BRANCHES = {"attn_out": ("z", "attn_out"), "mlp_out": ("mlp_act", "mlp_out")}
"""What each branch adds to the stream, and the sites of it that can send."""


def frozen_keys(host: LoadedModel, edit: Edit) -> list[Key]:
    """Where values are put back in the first forward: one place in each frozen branch.

    What a branch adds, so that receivers before it still answer; the sender's own site in
    its own layers. A layer without the branch has nothing to freeze.
    Raises: UnsupportedTarget where a layer does something else with the stream, too.
    """
    op, sender = edit.op, edit.target.site
    assert isinstance(op, Path)
    own = {layer for _, layer in keys_of(edit.target, host.info.n_layers)}
    layers = range(min(layer or 0 for layer in own), host.info.n_layers)
    branches = host.layout.branches
    other = next((layer for layer in layers if not branches[layer].carried), None)
    if other is not None:
        raise UnsupportedTarget(
            f"A path leads along the residual stream, and layer {other} does more to it than add "
            f"attn_out and mlp_out: {_more(host, other)}.")
    keys: list[Key] = []
    for added, senders in _BRANCHES.items():
        if added == "mlp_out" and op.through == "mlps":
            continue
        keys += [(sender if sender in senders and layer in own else added, layer)
                 for layer in layers if added not in branches[layer].absent]
    return keys


def _more(host: LoadedModel, layer: int) -> str:
    """What is known of a layer whose stream does not change by its branches alone."""
    reasons = host.layout.reasons
    return (reasons.get(("attn_out", layer)) or reasons.get(("mlp_out", layer))
            or host.layout.branches[layer].notes.get("mlp_out", "its steps are not plain sums"))


def freeze_keys(host: LoadedModel, edit: Edit) -> list[Key]:
    """Where an edit needs clean values, beside the edited entries."""
    if not isinstance(edit.op, Path):
        return []
    return frozen_keys(host, edit) + [
        key for target in edit.op.to or () for key in keys_of(target, host.info.n_layers)]


def path_forwards(prepared: Prepared, edit: Edit) -> Tensor | list[Compiled]:
    """The first forward: its logits [position, vocab], or what the receivers are to become."""
    host, op = prepared.host, edit.op
    assert isinstance(op, Path)
    senders = keys_of(edit.target, host.info.n_layers)
    wanted = [key for target in op.to or () for key in keys_of(target, host.info.n_layers)]
    ahead = {key for key in wanted if key[1] is None or key[1] >= min(
        layer or 0 for _, layer in senders)}
    logits, captured = run_forward(
        host, prepared.resolved.spec.prompt,
        edits=[(each.key, each) for each in (*prepared.held, *_frozen(prepared, edit))],
        capture=ahead)
    if op.to is None:
        return logits
    values = {key: captured.values.get(key, prepared.clean[key]) for key in wanted}
    return [each for target in op.to for each in replacing(host, target, values)]


def _frozen(prepared: Prepared, edit: Edit) -> list[Compiled]:
    """Branches put back to their clean values, and the senders' entries from the source."""
    host = prepared.host
    kept = [Compiled.fixed(key, prepared.clean[key]) for key in frozen_keys(host, edit)]
    sent = {key: prepared.sources.arrays[edit.op, key].to(prepared.clean[key])
            for key in keys_of(edit.target, host.info.n_layers)}
    return [*kept, *replacing(host, edit.target, sent)]
