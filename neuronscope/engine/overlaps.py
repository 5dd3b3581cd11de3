"""Which entries edits write to, and whether two edits write to the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

from neuronscope.errors import InvalidInput, OverlappingEdits
from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Path
from neuronscope.spec.selection import meet
from neuronscope.spec.target import Target

Place = tuple[str, int]


@dataclass(frozen=True)
class Claim:
    """Entries that an edit writes to: `where` is the edit's place in the spec."""

    where: str
    words: str
    target: Target
    places: frozenset[Place]


def check_overlaps(
    edits: Sequence[tuple[str, str, Edit]], held: Sequence[tuple[str, str, Edit]],
    *, ordered: bool, apart: bool, n_layers: int,
) -> bool:
    """Whether two edits write to one entry; refused unless their order counts.

    edits, held: (pointer, words for it, edit). apart: `edits` are cells, each run without
    the others.
    Raises: OverlappingEdits, naming both. Two names of one tensor are refused in any case.
    """
    first = [claim for each in held for claim in _claims(*each, n_layers, senders=True)]
    against = [claim for each in edits for claim in _claims(*each, n_layers, senders=True)]
    pairs = [*combinations(first, 2), *product(first, against)]
    if not apart:
        pairs += combinations([claim for each in edits for claim in _claims(*each, n_layers)], 2)
    found = False
    for left, right in pairs:
        if left.where != right.where and _meet(left, right):
            found = True
            _refuse(left, right, ordered)
    return found


def check_paths(edits: Sequence[Edit], held: Sequence[Edit]) -> None:
    """A path is run by itself: what else is to be different during it is held.

    Raises: InvalidInput.
    """
    for index, edit in enumerate(held):
        if isinstance(edit.op, Path):
            raise InvalidInput(
                "A path cannot be held: it is a comparison with the held model.",
                hint="Hold the other edits, and put the path in `edits`.",
                pointer=f"/held/{index}/op")
    paths = [index for index, edit in enumerate(edits) if isinstance(edit.op, Path)]
    if paths and len(paths) < len(edits):
        raise InvalidInput("A path is not run together with edits of other kinds.",
                           hint="Move the others to `held`: they then apply throughout.",
                           pointer=f"/edits/{paths[0]}/op")
    if len(edits) > 1 and any(edits[index].op.to is None for index in paths):
        raise InvalidInput("A path to the logits is run alone.",
                           hint="Select all its senders in one target.",
                           pointer=f"/edits/{paths[0]}/op/to")


def tensor_of(site: str, layer: int | None) -> Place:
    """One name for each tensor: `embed`, `resid_pre` and `resid_post` share one stream."""
    match site:
        case "embed":
            return "resid", 0
        case "resid_pre":
            return "resid", layer or 0
        case "resid_post":
            return "resid", (layer or 0) + 1
        case _:
            return site, layer or 0


def _claims(
    where: str, words: str, edit: Edit, n_layers: int, *, senders: bool = False
) -> list[Claim]:
    """What an edit writes to; a path writes to its receivers, and reads its senders anew."""
    targets = [edit.target]
    if isinstance(edit.op, Path):
        targets = [*(edit.op.to or ()), *([edit.target] if senders else [])]
    return [Claim(where, words, target, _places(target, n_layers)) for target in targets]


def _places(target: Target, n_layers: int) -> frozenset[Place]:
    layers = range(n_layers) if target.layer is None else target.layer
    if target.site in ("embed", "final_norm"):
        layers = (0,)
    return frozenset(tensor_of(target.site, layer) for layer in layers)


def _meet(left: Claim, right: Claim) -> bool:
    return (not left.places.isdisjoint(right.places)
            and all(meet(getattr(left.target, axis), getattr(right.target, axis))
                    for axis in ("position", "head", "neuron", "key")))


def _refuse(left: Claim, right: Claim, ordered: bool) -> None:
    pair = f"{left.words} ({left.target}) and {right.words} ({right.target})"
    pair = pair[0].upper() + pair[1:]
    if left.target.site != right.target.site:
        raise OverlappingEdits(
            f"{pair} name the same entries of one tensor by two names.",
            hint="Use one name in both: embed is resid_pre of layer 0, and resid_post of a layer "
                 "is resid_pre of the next.", pointer=right.where)
    if not ordered:
        raise OverlappingEdits(
            f"{pair} select the same entries.",
            hint="Choose entries that do not overlap, or say `ordered: true` to apply them as "
                 "listed.", pointer=right.where)
