"""The command line over two small models."""

from __future__ import annotations

import pytest

from neuronscope.cli import main
from tests.served import write_models


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def ns(tmp_path, models, monkeypatch, capsys):
    """Calls a command in an empty folder; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str):
        code = main([*words, "--models", str(models)])
        return code, *capsys.readouterr()

    return call
