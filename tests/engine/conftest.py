from __future__ import annotations

from functools import cache

import pytest

from neuronscope.engine.session import Model, load
from tests.tiny import CONFIGS, build, tokenizer


@cache
def loaded(family: str) -> Model:
    """One model per family for the whole test run: nothing may leave a trace on it."""
    return load(hf_model=build(family), tokenizer=tokenizer(), model_id=family)


@pytest.fixture(params=sorted(CONFIGS))
def family(request) -> str:
    return request.param


@pytest.fixture
def model(family) -> Model:
    return loaded(family)


@pytest.fixture
def llama() -> Model:
    return loaded("llama")
