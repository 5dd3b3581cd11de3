"""Draws: an edit with chance in it becomes, for each draw, one without."""

from __future__ import annotations

import hashlib

from neuronscope.errors import InvalidInput
from neuronscope.spec.base import MAX_SAFE_INT
from neuronscope.spec.experiments import Edit, Run, Sweep
from neuronscope.spec.ops import Noise, Op, Patch, Prompt, Resample


def draws_of(spec: Run | Sweep) -> int:
    """How many draws a spec makes: 1, or what its operations with several agree on.

    Raises: InvalidInput when they do not agree.
    """
    own = ([(f"/edits/{index}/op", edit.op) for index, edit in enumerate(spec.edits)]
           if isinstance(spec, Run) else [("/op", spec.op)])
    held = [(f"/held/{index}/op", edit.op) for index, edit in enumerate(spec.held)]
    found = 1
    for at, op in [*own, *held]:
        draws = op.draws if isinstance(op, Noise | Resample) else 1
        if 1 not in (draws, found) and draws != found:
            raise InvalidInput(f"One edit is drawn {found} times, another {draws} times.",
                               hint="Give all of them the same number of draws, or 1 to keep "
                                    "one draw throughout.", pointer=f"{at}/draws")
        found = max(found, draws)
    return found


def concrete(edit: Edit, draw: int) -> Edit:
    """The edit as it is in draw number `draw`, counted from 0; a resolved edit is expected.

    Noise keeps its seed in draw 0 and derives one for each later draw; resampling becomes a
    patch from that draw's prompt. With one draw, every number gives the same edit. Other
    edits are given back as they are.
    """
    op = edit.op
    if not isinstance(op, Noise | Resample):
        return edit
    index = draw if op.draws > 1 else 0
    return edit.model_copy(update={"op": _noise(op, index) if isinstance(op, Noise)
                                   else _patch(op, index)})


def _noise(op: Noise, draw: int) -> Op:
    seed = op.seed if draw == 0 else number(f"noise:{op.seed}:{draw}")
    return Noise(sigma=op.sigma, seed=seed)


def _patch(op: Resample, draw: int) -> Op:
    return Patch(source_prompt=in_order(op)[draw])


def in_order(op: Resample) -> list[Prompt]:
    """The reference prompts in the order in which they are drawn.

    The seed decides it, on every machine and Python the same.
    """
    prompts = op.reference.prompts
    order = sorted(range(len(prompts)), key=lambda index: number(f"resample:{op.seed}:{index}"))
    return [prompts[index] for index in order]


def number(text: str) -> int:
    """A number below 2^53 that a text decides, evenly spread."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") & MAX_SAFE_INT
