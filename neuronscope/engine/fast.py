"""Sweeps without wasted work, checked against one forward per cell.

What an edit cannot change is not computed: see stream, entries and propagate. Before a
sweep the clean stream is replayed through the same path, which must give the clean
logits; afterwards sampled cells are run again one by one. A model or a cell that the fast
path does not cover is run one by one, and the grid's `execution` says what was done.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from neuronscope.engine.compile import edited_rows
from neuronscope.engine.entries import BRANCH_SITES, STREAM_SITES, Edited, Row, enter
from neuronscope.engine.execute import Key
from neuronscope.engine.plan import chosen, keys_of
from neuronscope.engine.propagate import chunks, logits_of
from neuronscope.engine.sources import Sources
from neuronscope.engine.stream import Stream, capture
from neuronscope.errors import BadDirection
from neuronscope.hooks.precision import float64
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit

CHUNK_TOKENS = {"cpu": 2048, "cuda": 32768, "mps": 8192}
"""Tokens per forward step; on a CPU more does not go faster."""
HEAD_ELEMENTS = 2**24
"""Most logits that are held at once, in rows × vocabulary."""
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-9}
"""Largest deviation in a logit; for half precisions see `tolerance`."""
HELD_ELEMENTS = 2**26
"""Most numbers of edited values that are held at once, for all cells that go together."""
SAMPLED = 4
"""Cells of a sweep that are run again one by one."""


@dataclass
class Fast:
    """The fast path of one prepared sweep.

    unchanged: logits of clean rows replayed through this path, for the noise floor.
    deviation: largest difference of a logit from one-by-one, so far.
    """

    stream: Stream
    sources: Sources
    clean: dict[Key, Tensor]
    unchanged: Float[Tensor, "rows vocab"]
    deviation: float = 0.0
    compared: int = 0
    max_tokens: int = field(default=2048)

    def covers(self, edit: Edit) -> bool:
        """Whether this cell can take the fast path."""
        keys = keys_of(edit.target, self.stream.n_layers)
        if len(keys) != 1 or edit.target.site not in (*STREAM_SITES, *BRANCH_SITES):
            return False
        if edit.target.site in STREAM_SITES:
            return True
        branches = self.stream.host.layout.branches[keys[0][1]]
        return branches.attention is not None and branches.mlp is not None

    def logits(
        self, cells: Sequence[tuple[int, Edit]], skip: frozenset[int] = frozenset(),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[list[int], Float[Tensor, "rows vocab"] | None]]:
        """Logits at the read position, some cells at a time, as they are known.

        How cells are put together does not depend on `skip` (cells whose logits are not
        needed), so that a resumed sweep gives the same bits. None in place of logits: out
        of memory, even alone. Stops early when cancelled.
        """
        for batch in self._batches(cells):
            if skip.issuperset(index for index, _ in batch):
                continue
            same, parts = self._plan(batch)
            # nothing that the read position sees was changed: the clean run exactly
            for first in range(0, len(same), self._step):
                some = same[first:first + self._step]
                yield some, self.stream.logits.expand(len(some), -1)
            for part in parts:
                if cancelled():
                    return
                if not skip.issuperset(row.index for row in part):
                    yield from self._run(part)

    def _plan(self, cells: Sequence[tuple[int, Edit]]) -> tuple[list[int], list[list[Row]]]:
        """The cells that change nothing, and the others as rows that go together."""
        read, n_layers = len(self.stream.ids) - 1, self.stream.n_layers
        edited = [each for index, edit in cells
                  if (each := self._edited(index, edit, read)) is not None]
        live = [row for row in enter(self.stream, edited, self.max_tokens)
                if row.layer < n_layers or int(row.positions[-1]) == read]
        changed = {row.index for row in live}
        parts = [chunk[first:first + self._step] for chunk in chunks(live, read, self.max_tokens)
                 for first in range(0, len(chunk), self._step)]
        return [each.index for each in edited if each.index not in changed], parts

    @property
    def _step(self) -> int:
        """How many rows of logits are given at once."""
        return max(1, HEAD_ELEMENTS // self.stream.logits.shape[0])

    def _run(self, rows: list[Row]) -> Iterator[tuple[list[int], Tensor | None]]:
        """Rows together; in halves where they do not fit in memory together."""
        rows = sorted(rows, key=lambda row: row.layer)  # the order in which logits_of gives them
        try:
            logits: Tensor | None = logits_of(self.stream, rows)
        except (torch.OutOfMemoryError, MemoryError):
            logits = None
        if logits is not None or len(rows) == 1:
            yield [row.index for row in rows], logits
            return
        middle = len(rows) // 2
        yield from self._run(rows[:middle])
        yield from self._run(rows[middle:])

    def _batches(self, cells: Sequence[tuple[int, Edit]]) -> Iterator[list[tuple[int, Edit]]]:
        """Cells whose edited values may be held at once."""
        width = self.stream.hidden[0].shape[1]
        room = max(1, HELD_ELEMENTS // width)
        batch: list[tuple[int, Edit]] = []
        tokens = 0
        for index, edit in cells:
            positions = chosen(edit.target.position)
            size = len(self.stream.ids) if positions is None else len(positions)
            if batch and tokens + size > room:
                yield batch
                batch, tokens = [], 0
            batch.append((index, edit))
            tokens += size
        if batch:
            yield batch

    def _edited(self, index: int, edit: Edit, read: int) -> Edited | None:
        """The cell's edited values; None where its own forward will tell why there are none."""
        key, = keys_of(edit.target, self.stream.n_layers)
        try:
            positions, values = edited_rows(
                self.stream.host, edit, key, self.sources, self.clean[key])
        except BadDirection:
            return None
        seen = positions <= read
        return Edited(index, key[0], key[1] or 0, positions[seen], values[seen])

    def sample(self, cells: Sequence[tuple[int, Edit]], seed: str) -> list[tuple[int, Edit]]:
        """The cells that are run again, drawn by the spec's hash."""
        chosen = random.Random(seed).sample(range(len(cells)), min(SAMPLED, len(cells)))
        return [cells[place] for place in sorted(chosen)]


def prepare(
    host: LoadedModel, ids: tuple[int, ...], sources: Sources, clean: dict[Key, Tensor]
) -> Fast | str:
    """The fast path of a prompt up to its read position, or why there is none.

    Clean rows from three start positions and two layers must give the clean logits.
    """
    try:
        stream = capture(host, ids)
        last = len(ids) - 1
        replayed = [logits_of(stream, [_clean_row(stream, layer, start)])
                    for start in sorted({0, last // 2, last})
                    for layer in sorted({0, stream.n_layers // 2})]
    except torch.OutOfMemoryError:
        return "the clean run's keys and values do not fit in memory beside the model"
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
        return f"the model's layers cannot be called one by one ({type(error).__name__})"
    unchanged = torch.cat(replayed)
    deviation = largest_deviation(unchanged, stream.logits[None].expand_as(unchanged))
    if not deviation <= tolerance(host):
        return f"a replay of the clean run differs by {deviation:.2g} in a logit"
    budget = CHUNK_TOKENS.get(host.device.type, 2048)
    return Fast(stream, sources, clean, unchanged, deviation, max_tokens=budget)


def tolerance(host: LoadedModel) -> float:
    """How far fast and one-by-one may lie apart in a logit.

    Half precisions depend on the shape of the batch; the bound is some steps of their
    resolution at the size of a logit, and what was measured is told with every grid.
    """
    return TOLERANCE.get(host.model.dtype, 0.25)


def largest_deviation(left: Tensor, right: Tensor) -> float:
    """Largest absolute difference, where equal infinities and NaNs count as equal."""
    left, right = float64(left), float64(right)
    same = (left == right) | (left.isnan() & right.isnan())
    gap = (left - right).abs()
    worst = torch.where(same, 0.0, gap).max()
    return float("inf") if bool(worst.isnan()) else float(worst)


def _clean_row(stream: Stream, layer: int, start: int) -> Row:
    positions = torch.arange(start, len(stream.ids), device=stream.hidden[0].device)
    return Row(-1, layer, positions, stream.hidden[layer][start:])
