from __future__ import annotations

from functools import cache

import pytest

from neuronscope.engine.session import Model, load
from tests.tiny import build, tokenizer


@cache
def loaded(family: str) -> Model:
    """One model per family for the whole test run: nothing may leave a trace on it."""
    return load(hf_model=build(family), tokenizer=tokenizer(), model_id=family)


HANDFUL = ["gemma2", "gemma3", "gpt2", "gpt_neox", "llama"]
"""Families for what is looked at closely; test_every_family.py has them all."""


@pytest.fixture(params=HANDFUL)
def family(request) -> str:
    return request.param


@pytest.fixture
def model(family) -> Model:
    return loaded(family)


@pytest.fixture
def llama() -> Model:
    return loaded("llama")
