"""What every edited forward of a spec shares: the clean run, a no-op, and the sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from torch import Tensor

from neuronscope.engine.compile import compile_edit, self_patch
from neuronscope.engine.execute import Key, run_forward
from neuronscope.engine.metrics import Reading, read
from neuronscope.engine.plan import keys_of
from neuronscope.engine.resolve import Resolved, source_position
from neuronscope.engine.scoring import Scale
from neuronscope.engine.sources import Sources, gather
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Patch


@dataclass(frozen=True)
class Prepared:
    """A spec with everything that its edited forwards share.

    clean: the clean run's values at every (site, layer) that is edited, [position, width].
    """

    host: LoadedModel
    resolved: Resolved
    edits: tuple[Edit, ...]
    sources: Sources
    clean: dict[Key, Tensor]
    scale: Scale

    @property
    def position(self) -> int:
        """The read position, from 0."""
        return self.resolved.spec.read_position

    def edited(self, edits: tuple[Edit, ...]) -> Reading:
        """The reading of one forward with these edits, alone in its batch."""
        functions = [pair for edit in edits for pair in compile_edit(
            self.host, edit, self.sources, self.clean)]
        logits, _ = run_forward(self.host, self.resolved.spec.prompt, edits=functions)
        return read(logits, self.position)


def prepare(host: LoadedModel, resolved: Resolved, edits: tuple[Edit, ...]) -> Prepared:
    """Run the clean prompt, a no-op of the same shape, and the source prompts.

    The no-op puts the clean values of every edited site back in their place: what it
    changes is the noise floor.
    """
    ids, position = resolved.spec.prompt, resolved.spec.read_position
    keys = {key for edit in edits for key in keys_of(edit.target, host.info.n_layers)}
    logits, captured = run_forward(host, ids, capture=keys)
    clean = read(logits, position)
    whole = tuple(dict.fromkeys(_without_selection(edit) for edit in edits))
    same, _ = run_forward(host, ids, edits=self_patch(host, whole, captured.values))
    sources = gather(host, edits)
    return Prepared(host, resolved, edits, sources, captured.values, Scale(
        resolved.spec.metrics, clean, read(same, position),
        _source_reading(edits, sources, position)))


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _without_selection(edit: Edit) -> Edit:
    """The edit on all entries of its site and layers: one no-op covers every cell."""
    target = edit.target.model_copy(update={"head": None, "neuron": None, "position": None})
    return edit.model_copy(update={"target": target})


def _source_reading(edits: tuple[Edit, ...], sources: Sources, position: int) -> Reading | None:
    """The source prompt's reading at the position that stands for the read position."""
    places = {(edit.op.source_prompt, source_position(edit.op, position))
              for edit in edits if isinstance(edit.op, Patch)}
    known = [(ids, there) for ids, there in places if there is not None]
    if len(known) != 1:
        return None
    (ids, there), = known
    return read(sources.logits[ids], there)
