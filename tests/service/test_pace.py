"""How long others took tells how long the next may take."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from neuronscope.service.pace import KEPT, NEAREST, Pace


def loaded(digest: str = "a", environment: str = "e"):
    return SimpleNamespace(info=SimpleNamespace(model_digest=digest), environment=environment)


HERE = loaded()


def test_nothing_is_guessed():
    pace = Pace()
    assert pace.estimate(HERE, "run", 3, 6) is None
    pace.note(HERE, "run", 3, 6, 0.3)
    for other, kind in ((loaded("b"), "run"), (loaded("a", "f"), "run"), (HERE, "fast")):
        assert pace.estimate(other, kind, 3, 6) is None


def test_it_grows_with_the_forwards_and_with_longer_prompts_alone():
    pace = Pace()
    pace.note(HERE, "run", 4, 10, 0.4)
    assert pace.estimate(HERE, "run", 6, 10) == pytest.approx(0.6)
    assert pace.estimate(HERE, "run", 6, 5) == pytest.approx(0.6)
    assert pace.estimate(HERE, "run", 6, 30) == pytest.approx(1.8)


def test_prompts_of_like_length_count_and_one_slow_run_does_not():
    pace = Pace()
    for seconds in (0.1, 0.1, 9.0, 0.1, 0.1):
        pace.note(HERE, "run", 1, 10, seconds)
    for _ in range(NEAREST):
        pace.note(HERE, "run", 1, 500, 2.0)
    assert pace.estimate(HERE, "run", 1, 12) == pytest.approx(0.12)
    assert pace.estimate(HERE, "run", 1, 400) == pytest.approx(2.0)


def test_what_is_long_past_is_forgotten():
    pace = Pace()
    pace.note(HERE, "run", 1, 10, 9.0)
    for _ in range(KEPT):
        pace.note(HERE, "run", 1, 99, 0.1)
    assert pace.estimate(HERE, "run", 1, 10) == pytest.approx(0.1)
