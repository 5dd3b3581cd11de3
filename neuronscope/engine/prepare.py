"""What every edited forward of a spec shares: the clean run, a no-op, and the sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

import torch
from torch import Tensor

from neuronscope.engine.compile import Compiled, compile_edit, replacing
from neuronscope.engine.execute import Key, run_forward
from neuronscope.engine.metrics import Readings, read, read_rows
from neuronscope.engine.paths import freeze_keys, path_forwards
from neuronscope.engine.plan import keys_of
from neuronscope.engine.resolve import Resolved, source_position
from neuronscope.engine.scoring import Scale
from neuronscope.engine.sources import Sources, gather
from neuronscope.engine.stream import Stream, capture
from neuronscope.hooks.attention import eager_attention
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit, Run, Sweep
from neuronscope.spec.ops import Patch, Path
from neuronscope.spec.target import Target


@dataclass(frozen=True)
class Prepared:
    """A spec with everything that its edited forwards share.

    held: the edits that apply in every forward. clean: values of the held model at every
    (site, layer) that is edited, [position, width], after its held edits.
    """

    host: LoadedModel
    resolved: Resolved
    edits: tuple[Edit, ...]
    held: tuple[Compiled, ...]
    sources: Sources
    clean: dict[Key, Tensor]
    scale: Scale

    @property
    def reads(self) -> tuple[int, ...]:
        """The positions at which metrics are read, from 0, ascending."""
        return reads_of(self.resolved.spec)

    def compiled(self, edits: Iterable[Edit]) -> list[Compiled]:
        """The edits as functions, in their order."""
        return [each for edit in edits
                for each in compile_edit(self.host, edit, self.sources, self.clean)]

    def edited(self, edits: tuple[Edit, ...]) -> Readings:
        """The readings of one forward with these edits, alone in its batch.

        An edit along a path takes two: see neuronscope.engine.paths.
        """
        plain = [edit for edit in edits if not isinstance(edit.op, Path)]
        paths = [edit for edit in edits if isinstance(edit.op, Path)]
        functions = [*self.held, *self.compiled(plain)]
        for edit in paths:
            receivers = path_forwards(self, edit)
            if isinstance(receivers, Tensor):
                return read(receivers, self.reads)
            functions += receivers
        return read(self.logits_with(functions), self.reads)

    def logits_with(self, functions: Iterable[Compiled]) -> Tensor:
        """Logits [position, vocab] of one forward with these functions."""
        logits, _ = run_forward(self.host, self.resolved.spec.prompt,
                                edits=[(each.key, each) for each in functions])
        return logits


def prepare(
    host: LoadedModel, resolved: Resolved, edits: tuple[Edit, ...], held: tuple[Edit, ...] = (),
) -> Prepared:
    """Run the clean prompt, a no-op of the same shape, and the source prompts.

    The no-op puts the clean values of every edited site back in their place: what it
    changes is the noise floor.
    """
    ids, reads = resolved.spec.prompt, reads_of(resolved.spec)
    sources, holding, keys = _parts(host, resolved, edits, held)
    logits, captured = run_forward(
        host, ids, edits=[(each.key, each) for each in holding], capture_after=keys)
    whole = dict.fromkeys(_without_selection(edit) for edit in edits)
    same = [each for edit in whole for each in replacing(host, edit.target, captured.values)]
    unchanged, _ = run_forward(host, ids, edits=[(each.key, each) for each in (*holding, *same)])
    return Prepared(host, resolved, edits, holding, sources, captured.values, Scale(
        resolved.spec.metrics, resolved.spec.read_position, read(logits, reads),
        read(unchanged, reads), _source_readings(edits, sources, reads), _eps(host)))


def prepare_streamed(
    host: LoadedModel, resolved: Resolved, edits: tuple[Edit, ...], held: tuple[Edit, ...],
) -> tuple[Prepared, Stream]:
    """As `prepare`, with the clean stream kept, and without the no-op.

    One clean forward serves both where the last position is read; the noise floor comes from
    a clean row that goes along with the cells.
    """
    ids, reads = resolved.spec.prompt, reads_of(resolved.spec)
    sources, holding, keys = _parts(host, resolved, edits, held)
    shown = ids[:reads[-1] + 1]
    stream, clean = capture(host, shown, reads, holding, keys if shown == ids else ())
    readings = {position: read_rows(stream.logits[place][None], position)
                for place, position in enumerate(reads)}
    if shown != ids:
        logits, captured = run_forward(
            host, ids, edits=[(each.key, each) for each in holding], capture_after=keys)
        clean, readings = captured.values, read(logits, reads)
    return Prepared(host, resolved, edits, holding, sources, clean, Scale(
        resolved.spec.metrics, resolved.spec.read_position, readings, readings,
        _source_readings(edits, sources, reads), _eps(host))), stream


def _eps(host: LoadedModel) -> float:
    return torch.finfo(host.model.dtype).eps


def whole_patch(prepared: Prepared) -> Edit | None:
    """The patch of the whole stream, where it must give the source's own answer."""
    return _whole(prepared.resolved.spec, bool(prepared.held))


def _whole(spec: Run | Sweep, held: bool) -> Edit | None:
    op = spec.op if isinstance(spec, Sweep) else None
    if isinstance(op, Patch) and op.positions is None and not held:
        return Edit(Target("embed"), op)
    return None


def _parts(
    host: LoadedModel, resolved: Resolved, edits: tuple[Edit, ...], held: tuple[Edit, ...]
) -> tuple[Sources, tuple[Compiled, ...], set[Key]]:
    """The sources, the held edits as functions, and where clean values are needed."""
    whole = _whole(resolved.spec, bool(held))
    sources = gather(host, (*edits, *held, *((whole,) if whole else ())))
    keys = {key for edit in edits for key in keys_of(edit.target, host.info.n_layers)}
    keys |= {key for edit in edits for key in freeze_keys(host, edit)}
    if whole is not None:
        keys.add(("embed", None))
    return sources, _holding(host, resolved.spec.prompt, held, sources), keys


@contextmanager
def attention_for(host: LoadedModel, resolved: Resolved) -> Iterator[None]:
    """Eager attention for an experiment on patterns; as loaded for any other."""
    if resolved.form["attention"] == host.info.attention:
        yield
        return
    with eager_attention(host.model):
        yield


def reads_of(spec: Run | Sweep) -> tuple[int, ...]:
    """The positions at which a resolved spec reads, from 0, ascending."""
    own = {metric.position for metric in spec.metrics} - {None}
    return tuple(sorted(own | {spec.read_position}))


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _holding(
    host: LoadedModel, ids: tuple[int, ...], held: tuple[Edit, ...], sources: Sources
) -> tuple[Compiled, ...]:
    """The held edits as functions; what they need of the prompt is taken from a plain run."""
    if not held:
        return ()
    keys = {key for edit in held for key in keys_of(edit.target, host.info.n_layers)}
    _, captured = run_forward(host, ids, capture=keys)
    return tuple(each for edit in held
                 for each in compile_edit(host, edit, sources, captured.values))


def _without_selection(edit: Edit) -> Edit:
    """The edit on all entries of its site and layers: one no-op covers every cell."""
    target = edit.target.model_copy(
        update={"head": None, "neuron": None, "position": None, "key": None})
    return edit.model_copy(update={"target": target})


def _source_readings(
    edits: tuple[Edit, ...], sources: Sources, reads: tuple[int, ...]
) -> Readings:
    """The source prompt's readings at the positions that stand for the read positions."""
    patches = {edit.op for edit in edits if isinstance(edit.op, Patch | Path)}
    found: Readings = {}
    for position in reads:
        known = {(op.source_prompt, there) for op in patches
                 if (there := source_position(op, position)) is not None}
        if len(known) == 1:
            (ids, there), = known
            found[position] = read(sources.logits[ids], [there])[there]
    return found
