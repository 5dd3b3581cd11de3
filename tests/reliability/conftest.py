"""How much the reliability tests do, and where their figures go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.reliability.document import note


@pytest.fixture(scope="session")
def soaking(request) -> bool:
    """Whether the long form of the tests was asked for (`--soak`)."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture(scope="session")
def amount(soaking) -> Callable[[int, int], int]:
    """`amount(few, many)`: how often something is done in the ordinary tests, and in the soak."""
    return lambda few, many: many if soaking else few


@pytest.fixture(scope="session")
def figures(soaking) -> Callable[[str, str, dict[str, Any]], None]:
    """`figures(name, title, values)`: into docs/reliability.md, where the soak was asked for."""
    return note if soaking else lambda name, title, values: None
