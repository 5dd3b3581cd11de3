"""Chunks of rows through the layers and the head; in halves where memory does not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from neuronscope.engine.propagate import ends_of, logits_of
from neuronscope.engine.rows import Row
from neuronscope.engine.stream import Stream
from neuronscope.hooks.swap import Forward, swapped
from neuronscope.models.exhausted import attempt

Part = tuple[list[int], Float[Tensor, "rows reads vocab"] | None]
"""Indices of cells and their logits; None in place of logits: out of memory, even alone."""


@dataclass(frozen=True)
class Runner:
    """Runs rows over one clean stream; `faster` is swapped in meanwhile."""

    stream: Stream
    faster: dict[nn.Module, Forward]

    def run(self, chunks: list[list[Row]], cancelled: Callable[[], bool]) -> Iterator[Part]:
        """Chunks that reach the head together; nothing of them when cancelled on the way."""
        done: list[tuple[list[Row], Tensor]] = []
        for chunk in chunks:
            if cancelled():
                return
            for rows, ends in self._ends(sorted(chunk, key=lambda row: row.layer)):
                if ends is None:
                    yield [row.index for row in rows], None
                else:
                    done.append((rows, ends))
        yield from self._heads(done)

    def _ends(self, rows: list[Row]) -> Iterator[tuple[list[Row], Tensor | None]]:
        """Rows through the layers; in halves where they do not fit in memory together."""
        def through() -> Tensor:
            with swapped(self.faster):
                return ends_of(self.stream, rows)

        ends = attempt(through)
        if ends is not None or len(rows) == 1:
            yield rows, ends
            return
        middle = len(rows) // 2
        yield from self._ends(rows[:middle])
        yield from self._ends(rows[middle:])

    def _heads(self, done: list[tuple[list[Row], Tensor]]) -> Iterator[Part]:
        """Rows through the head; in halves where they do not fit in memory together."""
        if not done:
            return
        logits = attempt(lambda: logits_of(
            self.stream, [rows for rows, _ in done], [ends for _, ends in done]))
        if logits is None:
            if len(done) == 1 and len(done[0][0]) == 1:
                yield [done[0][0][0].index], None
                return
            if len(done) == 1:
                (rows, ends), = done
                half = len(rows) // 2
                done = [(rows[:half], ends[:half]), (rows[half:], ends[half:])]
            middle = len(done) // 2
            yield from self._heads(done[:middle])
            yield from self._heads(done[middle:])
            return
        for (rows, _), some in zip(done, logits, strict=True):
            yield [row.index for row in rows], some
