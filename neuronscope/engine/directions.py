"""Directions made explicit: token ids, prompts as ids, widths checked."""

from __future__ import annotations

from typing_extensions import assert_never

from neuronscope.engine.checks import HEAD_SITES, Ground, site_width
from neuronscope.errors import BadDirection, OutOfRange
from neuronscope.spec.ops import (
    Direction,
    Embed,
    PromptDifference,
    Prompts,
    Random,
    Stored,
    Unembed,
    Values,
)

STREAM = ("embed", "resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out")
"""Sites that are the residual stream, or are added to it."""


def resolve_direction(direction: Direction, site: str, ground: Ground, at: str) -> Direction:
    """The explicit direction for a site.

    Raises: BadDirection, NotOneToken, PromptLength, OutOfRange, VectorNotFound.
    """
    match direction:
        case Values():
            _check_width(len(direction.values), site, ground, f"{at}/values")
            if not any(direction.values):
                raise BadDirection("The direction is all zeros.", pointer=f"{at}/values")
            return direction
        case Stored():
            return _stored(direction, site, ground, at)
        case PromptDifference():
            return PromptDifference(
                positive=prompts_of(direction.positive, ground, f"{at}/positive"),
                negative=prompts_of(direction.negative, ground, f"{at}/negative"))
        case Unembed():
            _check_stream(site, (*STREAM, "final_norm"), "An unembedding row", at)
            return Unembed(token=ground.tokenizer.one_token(direction.token, f"{at}/token"))
        case Embed():
            _check_stream(site, STREAM, "An embedding row", at)
            return Embed(token=ground.tokenizer.one_token(direction.token, f"{at}/token"))
        case Random():
            return direction
        case _:
            assert_never(direction)


def prompts_of(prompts: Prompts, ground: Ground, at: str) -> tuple[tuple[int, ...], ...]:
    """A set of prompts as token ids. Raises: PromptLength, OutOfRange."""
    return tuple(ground.prompt(prompt, f"{at}/{index}") for index, prompt in enumerate(prompts))


def _stored(direction: Stored, site: str, ground: Ground, at: str) -> Stored:
    shape = ground.vectors.info(direction.sha256, f"{at}/sha256").shape
    if len(shape) == 2 and direction.row is None:
        raise BadDirection(f"A matrix of {shape[0]} vectors is stored under this hash.",
                           hint=f"Choose one: `row`, 0 to {shape[0] - 1}.", pointer=f"{at}/row")
    if len(shape) == 1 and direction.row is not None:
        raise BadDirection("A single vector is stored under this hash; it has no rows.",
                           hint="Leave `row` out.", pointer=f"{at}/row")
    if direction.row is not None and direction.row >= shape[0]:
        raise OutOfRange(f"row {direction.row}: this matrix has 0–{shape[0] - 1}.",
                         pointer=f"{at}/row")
    _check_width(shape[-1], site, ground, at)
    return direction


def _check_width(found: int, site: str, ground: Ground, at: str) -> None:
    allowed = [site_width(site, ground.info)]
    if site in HEAD_SITES:
        allowed.append(ground.info.d_head)
    if found not in allowed:
        raise BadDirection(
            f"The direction has {found} numbers; {site} takes "
            f"{' or '.join(str(each) for each in allowed)} on this model.", pointer=at)


def _check_stream(site: str, allowed: tuple[str, ...], what: str, at: str) -> None:
    if site not in allowed:
        raise BadDirection(f"{what} lives in the residual stream, {site} does not.",
                           hint=f"Use {', '.join(allowed)}.", pointer=at)
