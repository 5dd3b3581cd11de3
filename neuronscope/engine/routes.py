"""Path patching on the fast path; see paths for what it means.

With every branch frozen, a sender's change reaches each later point of the stream as it is: it
is computed once, for all cells together, and added to the clean stream. Where MLPs are free, the
changed tokens of all cells go through them packed, each position by itself. The layers of
the receivers then run once for each cell, and what the receivers have there is put into a
cell of its own, like any other edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from neuronscope.engine.budget import Budget
from neuronscope.engine.compile import Compiled, entries_of, replacing
from neuronscope.engine.entries import BRANCH_SITES, through_branch
from neuronscope.engine.execute import Key, in_order
from neuronscope.engine.plan import keys_of
from neuronscope.engine.prepare import Prepared
from neuronscope.engine.rows import Edited, Row, clean_row
from neuronscope.engine.stream import Stream
from neuronscope.hooks.swap import swapped
from neuronscope.hooks.tap import EditFn, Tapped, first_tensor, tap
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Path

Numbered = tuple[int, Edit]


def routed(
    stream: Stream, prepared: Prepared, cells: Sequence[Numbered], budget: Budget
) -> list[Row]:
    """Each cell as a row of its second forward; those that change nothing are left out.

    All cells have one operation and each has one (site, layer).
    """
    op = cells[0][1].op
    assert isinstance(op, Path)
    senders = _senders(stream, prepared, cells)
    sent = _sent(stream, op, senders, budget)
    if op.to is None:
        return [_carried(stream, op, row, stream.n_layers) for row in sent]
    wanted: dict[int, list[Key]] = {}
    for key in (key for target in op.to for key in keys_of(target, stream.n_layers)):
        wanted.setdefault(key[1] or 0, []).append(key)
    found: dict[int, dict[Key, Tensor]] = {cell.index: {} for cell in senders}
    for layer, keys in sorted(wanted.items()):
        step = budget.rows(len(stream.ids))
        here = [cell for cell in senders if cell.layer == layer]
        kept = {key: prepared.clean[key][:len(stream.ids)] for key in _kept(op, layer)
                if key in prepared.clean}
        for first in range(0, len(here), step):
            _receive_here(stream, layer, keys, here[first:first + step], kept, found)
        ahead = [_carried(stream, op, row, layer) for row in sent if row.layer <= layer]
        for first in range(0, len(ahead), step):
            _receive(stream, layer, keys, ahead[first:first + step], kept, found)
    return [row for index, values in found.items() if values
            for row in _answered(stream, prepared, op, index, values)]


def _kept(op: Path, layer: int) -> list[Key]:
    """What a layer adds to the stream that is held to its clean value."""
    return [("attn_out", layer)] + ([("mlp_out", layer)] if op.through == "nothing" else [])


def _senders(
    stream: Stream, prepared: Prepared, cells: Sequence[Numbered]
) -> list[Edited]:
    """The senders' values from the source prompt, where they differ from the clean ones."""
    found = []
    for index, edit in cells:
        key, = keys_of(edit.target, stream.n_layers)
        clean = prepared.clean[key]
        source = prepared.sources.arrays[edit.op, key].to(clean)
        values = torch.where(entries_of(stream.host, edit.target, clean), source, clean)
        where = (values != clean).any(dim=-1).nonzero()[:, 0]
        where = where[where <= stream.last]
        if len(where):
            found.append(Edited(index, key[0], key[1] or 0, where, values[where]))
    return found


def _sent(
    stream: Stream, op: Path, senders: Sequence[Edited], budget: Budget
) -> list[Row]:
    """The senders' changes as rows of the layer after them."""
    groups: dict[tuple[int, str], list[Edited]] = {}
    for cell in senders:
        groups.setdefault((cell.layer, BRANCH_SITES[cell.site]), []).append(cell)
    return [row for (layer, branch), group in groups.items()
            for row in through_branch(stream, layer, branch, group, budget.tokens,
                                      op.through == "nothing")]


@torch.no_grad()
def _receive_here(
    stream: Stream, layer: int, keys: list[Key], cells: list[Edited], kept: dict[Key, Tensor],
    found: dict[int, dict[Key, Tensor]],
) -> None:
    """Note what receivers in the senders' own layer have: those after them have changed.

    kept: what is held to its clean value, by (site, layer); here the MLP, where attention sends.
    """
    mlp = kept.get(("mlp_out", layer))

    def sending(site: str) -> EditFn:
        def edit(value: Tensor) -> Tensor:
            value = value.clone()
            for place, cell in enumerate(cells):
                if site == "mlp_out" and mlp is not None and BRANCH_SITES[cell.site] != "mlp":
                    value[place] = mlp
                if cell.site == site:
                    value[place, cell.positions.to(value.device)] = cell.values.to(value)
            return value
        return edit

    sending_sites = {cell.site for cell in cells} | ({"mlp_out"} if mlp is not None else set())
    sites = {(site, layer): sending(site) for site in sending_sites}
    taps = [Tapped(key, stream.host.point(*key), (sites[key],) if key in sites else (),
                   key in keys) for key in in_order({*keys, *sites})]
    hidden = stream.hidden[layer].expand(len(cells), -1, -1)
    with tap(taps) as seen:
        stream.call(layer, hidden, stream.frame(0))
    for key in keys:
        for place, cell in enumerate(cells):
            found[cell.index][key] = seen[key][place].to(hidden.device)


def _carried(stream: Stream, op: Path, row: Row, layer: int) -> Row:
    """The row where the stream enters a later layer, no attention having seen the change."""
    if op.through == "nothing":
        change = row.values - stream.hidden[row.layer][row.positions]
        return replace(row, layer=layer, values=stream.hidden[layer][row.positions] + change)
    values = row.values[None]
    for each in range(row.layer, layer):
        attention = stream.host.layout.branches[each].attention
        gave = first_tensor(stream.outputs[attention])
        clean = gave[:, row.positions.to(gave.device)]
        with swapped({attention: stream.stub(attention, clean)}):
            values = stream.call(each, values, stream.frame(0))
    return replace(row, layer=layer, values=values[0])


@torch.no_grad()
def _receive(
    stream: Stream, layer: int, keys: list[Key], rows: list[Row], kept: dict[Key, Tensor],
    found: dict[int, dict[Key, Tensor]],
) -> None:
    """Run the receivers' layer on the changed stream, and note what the receivers have.

    kept: what is held to its clean value, by (site, layer).
    """
    hidden = stream.hidden[layer].expand(len(rows), -1, -1).clone()
    for place, row in enumerate(rows):
        hidden[place, row.positions] = row.values
    held = {key: Compiled.fixed(key, value) for key, value in kept.items()}
    taps = [Tapped(key, stream.host.point(*key), (held[key],) if key in held else (), key in keys)
            for key in in_order({*keys, *held})]
    with tap(taps) as seen:
        stream.call(layer, hidden, stream.frame(0))
    for key in keys:
        for place, row in enumerate(rows):
            found[row.index][key] = seen[key][place].to(hidden.device)


def _answered(
    stream: Stream, prepared: Prepared, op: Path, index: int, values: dict[Key, Tensor]
) -> list[Row]:
    """The cell's second forward: a clean row whose receivers take the noted values."""
    edits: list[Compiled] = []
    for target in op.to or ():
        kept = {key: values.get(key, prepared.clean[key][:len(stream.ids)])
                for key in keys_of(target, stream.n_layers)}
        edits += replacing(stream.host, target, kept)
    clean = [prepared.clean[each.key][:len(stream.ids)] for each in edits]
    changed = [each for each, before in zip(edits, clean, strict=True)
               if bool((each.mask & (each.operand != before)).any())]
    if not changed:
        return []
    layer = min(each.key[1] or 0 for each in changed)
    start = min(each.start for each in changed)
    return [clean_row(index, stream.hidden[layer], layer, start, tuple(changed))]
