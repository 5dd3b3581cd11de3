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
DEVIATIONS = pytest.StashKey[dict[str, tuple[float, float, str]]]()


@pytest.fixture(params=HANDFUL)
def family(request) -> str:
    return request.param


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DEVIATIONS] = {}


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """How far every logit of every family was from a raw forward with one hook, at most."""
    found = config.stash[DEVIATIONS]
    if not found:
        return
    terminalreporter.section("largest deviation of a logit from a raw forward with one hook")
    for name, (exact, fast, told) in sorted(found.items()):
        terminalreporter.write_line(f"{name:<28} exact {exact:.1e}  fast {fast:.1e}  {told}")
    worst = [max(values[place] for values in found.values()) for place in (0, 1)]
    terminalreporter.write_line(f"{'all':<28} exact {worst[0]:.1e}  fast {worst[1]:.1e}")


@pytest.fixture
def deviations(request) -> dict[str, tuple[float, float, str]]:
    """Where a test leaves its largest deviations for the end of the run."""
    return request.config.stash[DEVIATIONS]


@pytest.fixture
def model(family) -> Model:
    return loaded(family)


@pytest.fixture
def llama() -> Model:
    return loaded("llama")
