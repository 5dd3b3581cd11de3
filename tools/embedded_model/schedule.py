"""What is trained when: sizes, seeds, learning rates and the curriculum.

Copying comes first. Induction forms only while repeats over the whole vocabulary are a
large share of the stream; once it stands, a smaller share keeps it.
"""

from __future__ import annotations

import random

SEED = 20
TOKENS_PER_STEP = 8192
FIRST_STEPS = 1050
STEPS = 1700
"""The second part, after FIRST_STEPS, has more varied sentences; it teaches what is said
to hold for any name and in any wording."""
CONTEXT = 256

WARMUP = 60
DECAY_FROM = 0.5
"""Share of the first part after which the learning rates fall linearly to zero."""
SECOND_FACTOR = 0.5
MUON_LR = 0.018
MUON_DECAY = 0.0
EMBED_LR = 0.015
NORM_LR = 2e-3

EARLY_STEPS = 300
EARLY = {
    "repeats": 0.33, "facts": 0.28, "ioi": 0.13, "lookup": 0.07,
    "skills": 0.07, "prose": 0.07, "passages": 0.05,
}  # fmt: skip
LATE = {
    "repeats": 0.15, "facts": 0.35, "ioi": 0.14, "lookup": 0.05,
    "skills": 0.10, "prose": 0.11, "passages": 0.10,
}  # fmt: skip
SECOND = {
    "repeats": 0.12, "facts": 0.16, "varied": 0.20, "ioi_names": 0.14, "ioi_words": 0.10,
    "lookup": 0.04, "skills": 0.09, "prose": 0.08, "passages": 0.07,
}  # fmt: skip

LENGTHS = (64, 128, 256)
EARLY_LENGTHS = (0.85, 0.15, 0.0)
LATE_LENGTHS = (0.65, 0.22, 0.13)


def shares(step: int) -> dict[str, float]:
    """Share of tokens by kind of document; long kinds need long rows, see `row_length`."""
    if step < EARLY_STEPS:
        return EARLY
    return LATE if step < FIRST_STEPS else SECOND


def row_length(step: int, rng: random.Random) -> int:
    return rng.choices(LENGTHS, EARLY_LENGTHS if step < EARLY_STEPS else LATE_LENGTHS)[0]


def learning_rate(step: int, steps: int) -> float:
    """Factor on all learning rates: warm-up, flat, linear decay; then a second, lower decay."""
    if step < WARMUP:
        return (step + 1) / WARMUP
    if step < FIRST_STEPS:
        return min(1.0, (FIRST_STEPS - step) / (FIRST_STEPS * (1 - DECAY_FROM)))
    return SECOND_FACTOR * max(0.0, (steps - step) / (steps - FIRST_STEPS))
