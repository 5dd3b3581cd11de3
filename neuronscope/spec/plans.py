"""What a run will take, known before any of it is made."""

from __future__ import annotations

from typing import Any

from neuronscope.spec.base import Spec


class Forwards(Spec):
    """A run's forwards by what they are for, over all its draws.

    clean, edited: the two that are compared. unchanged: the one whose edits change nothing,
    for the noise floor. plain: the prompt without the held edits, from which these take what
    they need of it. source: other prompts, those of patches, means and directions. path: the
    first of the two along a path; one to the logits has no other.
    """

    clean: int
    unchanged: int
    edited: int
    plain: int
    source: int
    path: int

    @property
    def total(self) -> int:
        """All of them."""
        return (self.clean + self.unchanged + self.edited + self.plain + self.source
                + self.path)


class RunPlan(Spec):
    """What a run will take: its forwards, before any is made.

    n_tokens: how many tokens they read together. estimate_s: how long they may take, in
    seconds, from runs that were made on this model before; null until there is one.
    """

    spec_hash: str
    resolved: dict[str, Any]
    draws: int
    n_forwards: int
    forwards: Forwards
    n_tokens: int
    estimate_s: float | None = None
