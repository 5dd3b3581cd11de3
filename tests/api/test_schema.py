from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuronscope.api import schema

COMMITTED = Path(__file__).parents[2] / "frontend" / "openapi.json"


def test_the_committed_document_is_the_servers(capsys):
    if not COMMITTED.exists():
        pytest.skip("no front end beside the package")
    schema.main()
    assert capsys.readouterr().out == COMMITTED.read_text(encoding="utf-8"), (
        "run: python -m neuronscope.api.schema > frontend/openapi.json")


def test_every_answer_is_typed_and_every_error_is_a_problem(capsys):
    schema.main()
    document = json.loads(capsys.readouterr().out)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"] and operation["operationId"]
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            for status, answer in operation["responses"].items():
                if status != "204":
                    assert all("schema" in kind for kind in answer["content"].values()), path
