"""Operations made explicit: prompts as token ids, maps checked, what a site cannot take refused."""

from __future__ import annotations

from typing_extensions import assert_never

from neuronscope.engine.checks import Ground
from neuronscope.engine.directions import prompts_of, resolve_direction
from neuronscope.errors import LengthMismatch, MissingSource, OutOfRange, UnsupportedTarget
from neuronscope.spec.ops import (
    Add,
    Mean,
    Noise,
    Op,
    Patch,
    Path,
    Reference,
    Resample,
    Scale,
    Set,
    Zero,
)
from neuronscope.spec.selection import one_index
from neuronscope.spec.target import Target

Ids = tuple[int, ...]

SENDERS = ("z", "attn_out", "mlp_act", "mlp_out")
"""Sites that add to the residual stream, or are what is added."""

RECEIVERS = ("q", "k", "v", "z", "attn_out", "mlp_act", "mlp_out",
             "resid_pre", "resid_mid", "resid_post")
"""Sites that a layer computes from the residual stream, and the stream itself."""


def resolve_op(op: Op, target: Target, ground: Ground, at: str) -> tuple[Op, Target]:
    """The explicit operation, and the target (a position map may narrow its positions).

    Raises: the subclasses of InvalidInput, and VectorNotFound, each with a pointer.
    """
    if target.site == "pattern":
        _check_pattern(op, at)
    match op:
        case Zero() | Scale() | Set() | Noise():
            return op, target
        case Mean():
            return _mean(op, ground, at), target
        case Patch():
            return _patch(op, target, ground, at)
        case Resample():
            return _resample(op, ground, at), target
        case Add():
            direction = resolve_direction(op.direction, target.site, ground, f"{at}/direction")
            return Add(direction=direction, scale=op.scale, unit=op.unit), target
        case Path():
            return _path(op, target, ground, at), target
        case _:
            assert_never(op)


def _check_pattern(op: Op, at: str) -> None:
    """Attention probabilities have no directions, and their width is the prompt's length."""
    match op:
        case Add() | Noise():
            raise UnsupportedTarget(
                f"{op.kind} does not fit attention probabilities, which are no vectors.",
                hint="Use zero, scale, set, patch, resample or a mean per position.",
                pointer=f"{at}/kind")
        case Mean(pool="all_positions"):
            raise UnsupportedTarget(
                "A mean over all positions would mix attention to different keys.",
                hint="Use pool `per_position`, with prompts of the same token count.",
                pointer=f"{at}/pool")
        case Patch() if op.positions is not None:
            raise UnsupportedTarget(
                "A position map does not tell where a pattern's keys come from.",
                hint="Use a source prompt of the same token count, and no map.",
                pointer=f"{at}/positions")
        case _:
            return


def _mean(op: Mean, ground: Ground, at: str) -> Mean:
    prompts = prompts_of(op.reference.prompts, ground, f"{at}/reference/prompts")
    at = f"{at}/reference/prompts"
    if op.pool == "per_position":
        _check_lengths(prompts, ground, "`per_position` needs equal counts",
                       "Use pool `all_positions`, or prompts of equal length.", at)
    elif all(ground.tokenizer.is_special(id_) for each in prompts for id_ in each):
        raise MissingSource("The reference prompts hold no token that is not special.",
                            pointer=at)
    return Mean(reference=Reference(prompts=prompts), pool=op.pool)


def _resample(op: Resample, ground: Ground, at: str) -> Resample:
    prompts = prompts_of(op.reference.prompts, ground, f"{at}/reference/prompts")
    _check_lengths(prompts, ground, "a patch from it needs equal counts",
                   "Use prompts of equal length.", f"{at}/reference/prompts")
    if op.draws > len(prompts):
        raise OutOfRange(f"{op.draws} draws from {len(prompts)} prompts, without putting back.",
                         hint="Draw at most as often as there are prompts.", pointer=f"{at}/draws")
    return Resample(reference=Reference(prompts=prompts), seed=op.seed, draws=op.draws)


def _check_lengths(
    prompts: tuple[Ids, ...], ground: Ground, why: str, hint: str, at: str
) -> None:
    for index, each in enumerate(prompts):
        if len(each) != len(ground.ids):
            raise LengthMismatch(
                f"Reference prompt {index} has {len(each)} tokens, the prompt "
                f"{len(ground.ids)}; {why}.", hint=hint, pointer=f"{at}/{index}")


def _patch(op: Patch, target: Target, ground: Ground, at: str) -> tuple[Patch, Target]:
    ids = ground.ids
    source = ground.prompt(op.source_prompt, f"{at}/source_prompt")
    if op.positions is None:
        if len(source) != len(ids):
            raise LengthMismatch(
                f"The prompt has {len(ids)} tokens, the source prompt {len(source)}.",
                hint="Use prompts of equal token count, or give `positions`: pairs "
                     "[position here, position in the source].", pointer=f"{at}/positions")
        return Patch(source_prompt=source), target
    pairs = _pairs(op, ids, source, f"{at}/positions")
    mapped = tuple(here for here, _ in pairs)
    if target.position is None:
        chosen = None if len(mapped) == len(ids) else mapped
        target = target.model_copy(update={"position": chosen})
    missing = sorted(set(target.position or range(len(ids))) - set(mapped))
    if missing:
        raise LengthMismatch(f"The position map says nothing of positions {missing}.",
                             hint="Add a pair for each position that is patched.",
                             pointer=f"{at}/positions")
    same = len(source) == len(ids) and pairs == tuple((i, i) for i in range(len(ids)))
    return Patch(source_prompt=source, positions=None if same else pairs), target


def _pairs(op: Patch, ids: Ids, source: Ids, at: str) -> tuple[tuple[int, int], ...]:
    pairs = tuple(sorted(
        (one_index(here, len(ids), "position", f"the prompt of {len(ids)} tokens", at),
         one_index(there, len(source), "position",
                   f"the source prompt of {len(source)} tokens", at))
        for here, there in op.positions or ()))
    if len({here for here, _ in pairs}) != len(pairs):
        raise OutOfRange("The position map gives one position two sources.",
                         hint="Name each position here once.", pointer=at)
    return pairs


def _path(op: Path, target: Target, ground: Ground, at: str) -> Path:
    source = ground.prompt(op.source_prompt, f"{at}/source_prompt")
    if len(source) != len(ground.ids):
        raise LengthMismatch(
            f"The prompt has {len(ground.ids)} tokens, the source prompt {len(source)}.",
            hint="A path needs prompts of equal token count.", pointer=f"{at}/source_prompt")
    if target.site not in SENDERS:
        raise UnsupportedTarget(
            f"{target.site} is not a part that adds to the residual stream by itself.",
            hint=f"A path starts at {', '.join(SENDERS)}.", pointer=at)
    to = None if op.to is None else tuple(
        _receiver(each, ground, f"{at}/to/{index}")
        for index, each in enumerate(op.to))
    return Path(source_prompt=source, to=to, through=op.through)


def _receiver(receiver: Target, ground: Ground, at: str) -> Target:
    """A receiver takes the value that a layer computes from the stream that reaches it."""
    why = {"embed": "nothing leads to embed",
           "final_norm": "final_norm is read by the logits alone: leave `to` out",
           "pattern": "a pattern has two sides; name q or k"}.get(receiver.site)
    if why is not None:
        raise UnsupportedTarget(f"A path cannot end there: {why}.",
                                hint=f"A path ends at {', '.join(RECEIVERS)} or the logits.",
                                pointer=f"{at}/site")
    return ground.target(receiver, at)
