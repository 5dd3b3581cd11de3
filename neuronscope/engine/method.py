"""How a sweep is run: the fast path where the model has proved it, one by one where not."""

from __future__ import annotations

from collections.abc import Iterable

from neuronscope.engine.budget import plan_budget
from neuronscope.engine.fast import Fast, way_of
from neuronscope.engine.prepare import Prepared, prepare, prepare_streamed, reads_of
from neuronscope.engine.replay import MISFITS, misfit, replay, tolerance
from neuronscope.engine.resolve import Resolved
from neuronscope.engine.stages import prove
from neuronscope.engine.stream import Stream
from neuronscope.models.exhausted import RAISED
from neuronscope.models.host import LoadedModel
from neuronscope.spec.experiments import Edit


def choose(
    host: LoadedModel, resolved: Resolved, edits: tuple[Edit, ...], held: tuple[Edit, ...],
    limit: int | None,
) -> tuple[Prepared, Fast | None, str]:
    """The prepared sweep, its fast path if there is one, and why if there is none.

    limit: the memory budget in bytes. Raises: OutOfMemory when it is too small.
    """
    if resolved.spec.mode == "exact":
        return prepare(host, resolved, edits, held), None, "exact: one forward per cell"
    reads = reads_of(resolved.spec)
    patterns = any(edit.target.site == "pattern" for edit in (*edits, *held))
    budget = plan_budget(host, reads[-1] + 1, len(reads), limit, resolved.form["attention"],
                         patterns)
    found = _streamed(host, resolved, edits, held)
    if not isinstance(found, str):
        fast = Fast(found[1], found[0], budget)
        _prove(fast, edits)
        if any(fast.covers(edit) for edit in edits):
            return found[0], fast, ""
        found = _refused(fast, edits) or "no cell has a faster way"
    return prepare(host, resolved, edits, held), None, f"one forward per cell: {found}"


def _streamed(
    host: LoadedModel, resolved: Resolved, edits: tuple[Edit, ...], held: tuple[Edit, ...]
) -> tuple[Prepared, Stream] | str:
    """The prepared sweep with its clean stream, or why the fast path does not hold here."""
    attention = resolved.form["attention"]
    verdict = host.replayed.get(attention)
    if verdict is not None and verdict.lasting and verdict.reason:
        return verdict.reason
    if host.layout.n_streams > 1:
        return f"the model keeps {host.layout.n_streams} residual streams side by side"
    if reads_of(resolved.spec)[-1] + 1 < len(resolved.spec.prompt) and any(
            edit.target.site == "pattern" for edit in held):
        return "a held pattern reaches to the last position, behind the last one that is read"
    try:
        prepared, stream = prepare_streamed(host, resolved, edits, held)
    except (*RAISED, *MISFITS) as error:
        return misfit(error)
    if verdict is None or not verdict.lasting:
        verdict = replay(stream, verdict)
        if not held:  # a verdict under held edits says little of the others
            host.replayed[attention] = verdict
    return verdict.reason or (prepared, stream)


def _prove(fast: Fast, edits: tuple[Edit, ...]) -> None:
    """Have the ways that these cells take prove themselves, where they have not yet."""
    attention = fast.prepared.resolved.form["attention"]
    prove(fast.stream.host, attention,
          dict.fromkeys(way_of(fast, edit) for edit in edits if fast.takes(edit)))


def _refused(fast: Fast, edits: Iterable[Edit]) -> str:
    """Why ways that these cells could take are not taken."""
    return "; ".join(dict.fromkeys(reason for edit in edits if fast.takes(edit)
                                   and (reason := fast.refusal(edit))))


def told(fast: Fast, edits: Iterable[Edit]) -> str:
    """A sentence on a sweep that went fast."""
    slow = [edit for edit in edits if not fast.covers(edit)]
    n_slow, why = len(slow), _refused(fast, slow)
    return (f"fast: at most {fast.deviation:.2g} from one forward per cell in any logit of "
            f"{fast.compared} cell{'' if fast.compared == 1 else 's'} run both ways"
            + (f"; {n_slow} cells one by one" if n_slow else "") + (f" ({why})" if why else ""))


def distrust(fast: Fast) -> str:
    """A sentence on a sweep whose fast path was given up."""
    return (f"one forward per cell: the fast path differed by {fast.deviation:.2g} in a "
            f"logit, allowed is {tolerance(fast.stream.host):g}")

