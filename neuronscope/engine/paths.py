"""Path patching: the effect that one part has on others directly, all else held still.

Two forwards. In the first the senders' entries come from the source prompt while every
attention branch, and every MLP branch unless the path may lead through MLPs, keeps its clean
value, so that the residual stream differs by the senders' own contribution alone; the
receivers' values are recorded. In the second the receivers take those values and
everything else is free. With the logits as receiver the first forward is the answer.

Source: Wang et al. 2022 (arXiv 2211.00593), appendix B; Goldowsky-Dill et al. 2023
(arXiv 2304.05969). Their "freeze all other heads" is here: each layer's `z` (or, for a sender
that is a whole branch, its contribution) is put back to the clean value but for the sender's
entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neuronscope.engine.compile import Compiled, entries_of, replacing
from neuronscope.engine.execute import Key, run_forward
from neuronscope.engine.plan import keys_of
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Path

if TYPE_CHECKING:
    from neuronscope.engine.prepare import Prepared

ATTENTION_SENDERS = ("z", "attn_out")
MLP_SENDERS = ("mlp_act", "mlp_out")


def frozen_sites(op: Path, sender: str) -> tuple[str, ...]:
    """The sites that are put back to their clean values: one of each frozen branch."""
    attention = sender if sender in ATTENTION_SENDERS else "attn_out"
    mlp = sender if sender in MLP_SENDERS else "mlp_out"
    if op.through == "mlps" and sender not in MLP_SENDERS:
        return (attention,)
    return (attention, mlp)


def freeze_keys(host: LoadedModel, edit: Edit) -> list[Key]:
    """Where an edit's first forward needs clean values, beside the edited entries."""
    if not isinstance(edit.op, Path):
        return []
    first = min(layer or 0 for _, layer in keys_of(edit.target, host.info.n_layers))
    keys: list[Key] = [(site, layer) for site in frozen_sites(edit.op, edit.target.site)
                       for layer in range(first, host.info.n_layers)]
    return keys + [key for target in edit.op.to or ()
                   for key in keys_of(target, host.info.n_layers)]


def path_forwards(prepared: Prepared, edit: Edit) -> Tensor | list[Compiled]:
    """The first forward: its logits [position, vocab], or what the receivers are to become."""
    host, op = prepared.host, edit.op
    assert isinstance(op, Path)
    senders = keys_of(edit.target, host.info.n_layers)
    frozen = [Compiled.fixed(key, value) for key, value in _frozen(prepared, edit).items()]
    wanted = [key for target in op.to or () for key in keys_of(target, host.info.n_layers)]
    ahead = {key for key in wanted if key[1] is None or key[1] >= min(
        layer or 0 for _, layer in senders)}
    logits, captured = run_forward(
        host, prepared.resolved.spec.prompt,
        edits=[(each.key, each) for each in (*prepared.held, *frozen)], capture=ahead)
    if op.to is None:
        return logits
    values = {key: captured.values.get(key, prepared.clean[key]) for key in wanted}
    return [each for target in op.to for each in replacing(host, target, values)]


def _frozen(prepared: Prepared, edit: Edit) -> dict[Key, Tensor]:
    """Clean values by (site, layer), the senders' entries those of the source prompt."""
    host, op = prepared.host, edit.op
    values = {key: prepared.clean[key] for key in freeze_keys(host, edit)
              if key[0] in frozen_sites(op, edit.target.site)}
    for key in keys_of(edit.target, host.info.n_layers):
        clean = prepared.clean[key]
        values[key] = torch.where(entries_of(host, edit.target, clean),
                                  prepared.sources.arrays[op, key].to(clean), clean)
    return values
