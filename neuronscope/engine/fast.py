"""Sweeps without wasted work, checked against one forward per cell.

What an edit cannot change is not computed: see stream, entries, attended and propagate. The
clean stream is replayed through the same path when a model is first swept, and a clean row
goes along with every sweep: both must give the clean logits. Sampled cells of every sweep are run
again one by one. A model or a cell that the fast path does not cover is run one by one, and
the grid's `execution` says what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from neuronscope.engine.attended import INNER_SITES
from neuronscope.engine.budget import Budget
from neuronscope.engine.compile import Compiled, edited_rows
from neuronscope.engine.entries import BRANCH_SITES, STREAM_SITES, enter
from neuronscope.engine.grouping import chunks, groups
from neuronscope.engine.plan import chosen, keys_of
from neuronscope.engine.prepare import Prepared, whole_patch
from neuronscope.engine.propagate import fused, start_of
from neuronscope.engine.replay import CLEAN, largest_deviation, still_held
from neuronscope.engine.routes import routed
from neuronscope.engine.rows import Edited, Row, clean_row, layer_of
from neuronscope.engine.running import Part, Runner
from neuronscope.engine.stream import Stream
from neuronscope.errors import BadDirection
from neuronscope.hooks.swap import swapped
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Path

FULL = -2
"""The index of the row whose whole stream is the source prompt's."""

Numbered = tuple[int, Edit]


@dataclass
class Fast:
    """The fast path of one prepared sweep.

    deviation: largest difference of a logit from one-by-one, so far.
    """

    stream: Stream
    prepared: Prepared
    budget: Budget
    deviation: float = 0.0
    compared: int = 0
    faster: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.faster = fused(self.stream)

    def covers(self, edit: Edit) -> bool:
        """Whether this cell takes the fast path: it can, and its way is proven here."""
        return self.takes(edit) and not self.refusal(edit)

    def refusal(self, edit: Edit) -> str:
        """Why the way of this cell is not taken on this model; nothing where it is, or unknown."""
        attention = self.prepared.resolved.form["attention"]
        proof = self.stream.host.proofs.get((attention, way_of(self, edit)))
        return proof.reason if proof else ""

    def takes(self, edit: Edit) -> bool:
        """Whether there is a faster way for this cell."""
        layers = self.stream.host.layout.branches
        whole = len(self.stream.ids) == len(self.prepared.resolved.spec.prompt)
        if edit.target.site == "pattern" and not whole:
            return False
        if edit.target.site in INNER_SITES and not all(
                ("z", layer) in self.stream.host.layout.points
                for _, layer in keys_of(edit.target, self.stream.n_layers)):
            return False
        if isinstance(edit.op, Path):
            return not self.stream.held and len(keys_of(edit.target, self.stream.n_layers)) == 1 \
                and all(each.attention is not None and each.mlp is not None for each in layers)
        return self.general(edit) or edit.target.site in STREAM_SITES or all(
            layers[layer].attention is not None and layers[layer].mlp is not None
            for _, layer in keys_of(edit.target, self.stream.n_layers))

    def general(self, edit: Edit) -> bool:
        """Whether the edit is applied on the way, layer by layer, and not where it enters.

        So it is where it covers several layers, or where held edits come at its layer or
        later.
        """
        n_layers = self.stream.n_layers
        keys = keys_of(edit.target, n_layers)
        if len(keys) > 1 or edit.target.site not in (
                *STREAM_SITES, *BRANCH_SITES, *INNER_SITES):
            return True
        return bool(self._still_held(layer_of(keys[0], n_layers)))

    def logits(
        self, cells: Sequence[Numbered], skip: frozenset[int] = frozenset(),
        cancelled: Callable[[], bool] = lambda: False, first: frozenset[int] = frozenset(),
    ) -> Iterator[Part]:
        """Logits at the read positions, some cells at a time, as they are known.

        A clean row comes along, with the index CLEAN, and for a patch one with the source's
        whole stream, with the index FULL. How cells are put together does not
        depend on `skip` (cells whose logits are not needed), so that a resumed sweep gives
        the same bits. Parts that hold cells of `first` come first. None in place of logits:
        out of memory, even alone. Stops early when cancelled.
        """
        for number, batch in enumerate(self.batches(cells)):
            if number and skip.issuperset(index for index, _ in batch):
                continue
            same, parts = self._plan(batch)
            if number == 0:
                self._accompany(parts)
            # nothing that a read position sees was changed: the clean run exactly
            step = self.budget.rows_of_logits
            for begin in range(0, len(same), step):
                some = same[begin:begin + step]
                yield some, self.stream.logits.expand(len(some), -1, -1)
            wanted = first | {CLEAN, FULL}
            together = groups(parts, self.stream.last, self.stream.n_layers, self.budget)
            for group in sorted(together, key=lambda rows: wanted.isdisjoint(_indices(rows))):
                if not skip.issuperset(_indices(group)):
                    yield from Runner(self.stream, self.faster).run(group, cancelled)
                if cancelled():
                    return

    def _plan(self, cells: Sequence[Numbered]) -> tuple[list[int], list[list[Row]]]:
        """The cells that change nothing, and the others as rows that go together."""
        plain, rows = [], []
        known = []
        routes = [each for each in cells if isinstance(each[1].op, Path)]
        for index, edit in () if routes else cells:
            found = self.found(index, edit)
            if found is not None:
                known.append(index)
                (rows if isinstance(found, Row) else plain).append(found)
        with swapped(self.faster):
            rows += enter(self.stream, plain, self.budget.packed(len(self.stream.ids)))
            if routes:
                rows += routed(self.stream, self.prepared, routes, self.budget)
                known += [index for index, _ in routes]
        live = [row for row in rows if len(row.positions)]
        changed = {row.index for row in live}
        return ([index for index in known if index not in changed],
                list(chunks(live, self.stream.last, self.stream.n_layers, self.budget)))

    def _accompany(self, parts: list[list[Row]]) -> None:
        """Add the rows beside the cells to the parts where they cost least.

        Always to the same ones, so that a resumed sweep gives the same bits.
        """
        stream = self.stream
        if not parts:
            parts.append([])
        layer, start = (min((row.layer, row.start) for row in parts[0]) if parts[0]
                        else (stream.n_layers - 1, stream.last))
        parts[0].append(clean_row(CLEAN, stream.hidden[layer], layer, start,
                                  self._still_held(layer)))
        whole = whole_patch(self.prepared)
        if whole is not None:
            value = self.prepared.sources.arrays[whole.op, ("embed", None)][:len(stream.ids)]
            home = next((part for part in parts if start_of(part) == 0), None)
            if home is None:
                parts.append(home := [])
            home.append(clean_row(FULL, value.to(stream.hidden[0]), 0, 0))

    def batches(self, cells: Sequence[Numbered]) -> Iterator[list[Numbered]]:
        """Cells whose edited values may be held at once."""
        batch: list[Numbered] = []
        positions = 0
        for index, edit in cells:
            where = chosen(edit.target.position)
            size = len(self.stream.ids) if where is None else len(where)
            size *= len(keys_of(edit.target, self.stream.n_layers))
            if batch and positions + size > self.budget.held_positions:
                yield batch
                batch, positions = [], 0
            batch.append((index, edit))
            positions += size
        if batch:
            yield batch

    def found(self, index: int, edit: Edit) -> Edited | Row | None:
        """The cell on its way; None where its own forward will tell why it cannot be run."""
        return self._row(index, edit) if self.general(edit) else self._edited(index, edit)

    def _edited(self, index: int, edit: Edit) -> Edited | None:
        """The cell's edited values."""
        key, = keys_of(edit.target, self.stream.n_layers)
        try:
            positions, values = edited_rows(
                self.stream.host, edit, key, self.prepared.sources, self.prepared.clean[key])
        except BadDirection:
            return None
        seen = positions <= self.stream.last
        return Edited(index, key[0], key[1] or 0, positions[seen], values[seen],
                      chosen(edit.target.head))

    def _row(self, index: int, edit: Edit) -> Row | None:
        """The cell as a clean row with live edits."""
        try:
            own = self.prepared.compiled([edit])
        except BadDirection:
            return None
        layer = min(layer_of(each.key, self.stream.n_layers) for each in own)
        start = min(each.start for each in own)
        return clean_row(index, self.stream.hidden[layer], layer, start,
                         (*self._still_held(layer), *own))

    def _still_held(self, layer: int) -> tuple[Compiled, ...]:
        """The held edits that a row which enters `layer` has before it."""
        return still_held(self.stream, layer)

    def compare(self, quick: Tensor, alone: Tensor) -> None:
        """Take note of how far a fast cell lies from its own forward."""
        self.deviation = max(self.deviation, largest_deviation(quick, alone))
        self.compared += 1

    def compare_clean(self, quick: Tensor) -> None:
        """Take note of how far the clean row lies from the clean run."""
        self.deviation = max(self.deviation, largest_deviation(quick, self.stream.logits))


def way_of(fast: Fast, edit: Edit) -> str:
    """The name of the way that a cell takes; see stages."""
    if isinstance(edit.op, Path):
        return f"path {edit.target.site}"
    return f"joint {edit.target.site}" if fast.general(edit) else edit.target.site


def _indices(chunks: list[list[Row]]) -> list[int]:
    return [row.index for chunk in chunks for row in chunk]
