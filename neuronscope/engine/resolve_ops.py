"""Operations made explicit: prompts as token ids, maps checked, directions of the right width."""

from __future__ import annotations

from typing_extensions import assert_never

from neuronscope.engine.checks import prompt_ids
from neuronscope.errors import BadDirection, LengthMismatch, MissingSource, OutOfRange
from neuronscope.models.tokens import Tokenizer
from neuronscope.spec.models import ModelInfo
from neuronscope.spec.ops import (
    Add,
    Direction,
    Mean,
    Op,
    Patch,
    PromptDifference,
    Prompts,
    Random,
    Reference,
    Unembed,
    Values,
    Zero,
)
from neuronscope.spec.selection import one_index
from neuronscope.spec.target import Target

Ids = tuple[int, ...]


def resolve_op(
    op: Op, target: Target, ids: Ids, info: ModelInfo, tokenizer: Tokenizer, at: str
) -> tuple[Op, Target]:
    """The explicit operation, and the target (a position map may narrow its positions)."""
    match op:
        case Zero():
            return op, target
        case Mean():
            return _mean(op, ids, info, tokenizer, at), target
        case Patch():
            return _patch(op, target, ids, info, tokenizer, at)
        case Add():
            direction = _direction(op.direction, target, info, tokenizer, f"{at}/direction")
            return Add(direction=direction, scale=op.scale, unit=op.unit), target
        case _:
            assert_never(op)


def _prompts(prompts: Prompts, info: ModelInfo, tokenizer: Tokenizer, at: str) -> tuple[Ids, ...]:
    return tuple(prompt_ids(prompt, info, tokenizer, f"{at}/{index}")
                 for index, prompt in enumerate(prompts))


def _mean(op: Mean, ids: Ids, info: ModelInfo, tokenizer: Tokenizer, at: str) -> Mean:
    at = f"{at}/reference/prompts"
    prompts = _prompts(op.reference.prompts, info, tokenizer, at)
    if op.pool == "per_position":
        for index, each in enumerate(prompts):
            if len(each) != len(ids):
                raise LengthMismatch(
                    f"Reference prompt {index} has {len(each)} tokens, the prompt {len(ids)}; "
                    "`per_position` needs equal counts.",
                    hint="Use pool `all_positions`, or prompts of equal length.",
                    pointer=f"{at}/{index}")
    elif all(tokenizer.is_special(id_) for each in prompts for id_ in each):
        raise MissingSource("The reference prompts hold no token that is not special.",
                            pointer=at)
    return Mean(reference=Reference(prompts=prompts), pool=op.pool)


def _patch(
    op: Patch, target: Target, ids: Ids, info: ModelInfo, tokenizer: Tokenizer, at: str
) -> tuple[Patch, Target]:
    source = prompt_ids(op.source_prompt, info, tokenizer, f"{at}/source_prompt")
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


def site_width(site: str, info: ModelInfo) -> int | None:
    """Width of a site's tensor; None where the model does not have it."""
    if site == "z":
        return info.n_heads * info.d_head if info.n_heads and info.d_head else None
    return info.d_mlp if site == "mlp_act" else info.d_model


def _direction(
    direction: Direction, target: Target, info: ModelInfo, tokenizer: Tokenizer, at: str
) -> Direction:
    width = site_width(target.site, info)
    match direction:
        case Values():
            allowed = [width] if target.site != "z" else [width, info.d_head]
            if len(direction.values) not in allowed:
                raise BadDirection(
                    f"The direction has {len(direction.values)} numbers; {target.site} takes "
                    f"{' or '.join(str(each) for each in allowed)} on this model.",
                    pointer=f"{at}/values")
            if not any(direction.values):
                raise BadDirection("The direction is all zeros.", pointer=f"{at}/values")
            return direction
        case PromptDifference():
            return PromptDifference(
                positive=_prompts(direction.positive, info, tokenizer, f"{at}/positive"),
                negative=_prompts(direction.negative, info, tokenizer, f"{at}/negative"))
        case Unembed():
            if target.site in ("z", "mlp_act"):
                raise BadDirection(
                    f"An unembedding row lives in the residual stream, {target.site} does not.",
                    hint="Use resid_pre, resid_post, attn_out or mlp_out.", pointer=at)
            return Unembed(token=tokenizer.one_token(direction.token, f"{at}/token"))
        case Random():
            return direction
        case _:
            assert_never(direction)
