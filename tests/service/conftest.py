from __future__ import annotations

import pytest

from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from tests.served import write_models


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def settings(tmp_path, models) -> Settings:
    return Settings(data=tmp_path / "data", models=models)


@pytest.fixture
def lab(settings):
    """A lab with the engine in this process and the tiny Llama loaded."""
    with Lab(settings) as opened:
        opened.load("tiny")
        yield opened
