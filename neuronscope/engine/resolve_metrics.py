"""Metrics made explicit: token ids, positions from 0, and what `recovered` compares with."""

from __future__ import annotations

from collections.abc import Sequence

from neuronscope.engine.checks import Ground
from neuronscope.errors import MissingSource, OutOfRange
from neuronscope.spec.metrics import JS, KL, LogitDiff, Metric, Recovered
from neuronscope.spec.ops import Op, Patch, Path
from neuronscope.spec.selection import one_index


def resolve_metrics(metrics: Sequence[Metric], ground: Ground, read: int) -> tuple[Metric, ...]:
    """The explicit metrics; a position is left out where it is the read position.

    Raises: OutOfRange, NotOneToken.
    """
    resolved = tuple(_metric(metric, ground, read, f"/metrics/{index}")
                     for index, metric in enumerate(metrics))
    twice = {metric.kind for metric in resolved if resolved.count(metric) > 1}
    if twice:
        raise OutOfRange(f"The metric {', '.join(sorted(twice))} is asked for twice.",
                         hint="Name each metric once at each position.", pointer="/metrics")
    return resolved


def _metric(metric: Metric, ground: Ground, read: int, at: str) -> Metric:
    found = None
    if metric.position is not None:
        found = one_index(metric.position, len(ground.ids), "position",
                          f"the prompt of {len(ground.ids)} tokens", f"{at}/position")
    place = {"position": None if found == read else found}

    def token(name: str) -> int:
        return ground.tokenizer.one_token(getattr(metric, name), f"{at}/{name}")

    match metric:
        case KL() | JS():
            return type(metric)(**place)
        case Recovered():
            return Recovered(of=_metric(metric.of, ground, read, f"{at}/of"), **place)
        case LogitDiff():
            return LogitDiff(answer=token("answer"), foil=token("foil"), **place)
        case _:
            return type(metric)(token=token("token"), **place)


def check_recovered(metrics: Sequence[Metric], ops: Sequence[Op], read: int) -> None:
    """`recovered` needs one source prompt, and the place in it that each position stands for.

    Raises: MissingSource.
    """
    wanted = {read if metric.position is None else metric.position
              for metric in metrics if isinstance(metric, Recovered)}
    if not wanted:
        return
    patches = [op for op in ops if isinstance(op, Patch | Path)]
    prompts = {op.source_prompt for op in patches}
    if len(prompts) != 1:
        raise MissingSource(
            f"`recovered` compares with one source prompt; the edits have {len(prompts)}.",
            hint="Use it with a patch from one source prompt.", pointer="/metrics")
    for position in sorted(wanted):
        _check_place(patches, position)


def _check_place(patches: Sequence[Patch | Path], position: int) -> None:
    found = {source_position(op, position) for op in patches} - {None}
    if len(found) > 1:
        raise MissingSource(
            f"`recovered` reads the source where position {position} comes from, and the position "
            f"maps name {sorted(found)}.", hint="Let the maps agree there.", pointer="/metrics")
    if not found:
        raise MissingSource(
            f"`recovered` reads the source where position {position} comes from, and the position "
            "map does not say where that is.",
            hint=f"Add a pair [{position}, position in the source] to the map.",
            pointer="/op/positions")


def source_position(op: Patch | Path, position: int) -> int | None:
    """The position in the source that stands for one here; None where the map has none."""
    pairs = op.positions if isinstance(op, Patch) else None
    return position if pairs is None else dict(pairs).get(position)
