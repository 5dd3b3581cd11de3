from __future__ import annotations

import pytest

from neuronscope.settings import Settings
from tests.served import served, write_models


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def server(tmp_path_factory, models):
    """One real server for all tests here, its engine in this process, the tiny Llama loaded."""
    with served(Settings(data=tmp_path_factory.mktemp("data"), models=models)) as running:
        yield running


@pytest.fixture
def client(server):
    return server.client
