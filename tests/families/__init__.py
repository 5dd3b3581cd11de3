"""The tiny random models: one row per architecture, written by hand from its source code.

Nothing here is taken from the discovery under test.
"""

from __future__ import annotations

from tests.families.experts import EXPERTS
from tests.families.family import Family
from tests.families.gpt import GPT
from tests.families.hybrids import HYBRIDS
from tests.families.llama import LLAMA

FAMILIES: dict[str, Family] = LLAMA | GPT | EXPERTS | HYBRIDS

__all__ = ["FAMILIES", "Family"]
