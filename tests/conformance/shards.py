"""One test per model type, shared between files: a file's tests run in one process."""

from __future__ import annotations

import pytest
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

from tests.conformance.verdict import expected, judge
from tests.conformance.zoo import build, entry, names

THIS_VERSION = transformers.__version__ == expected()["versions"]["transformers"]
FILES = 4


def shard(place: int) -> pytest.MarkDecorator:
    """The types of one file, of FILES."""
    return pytest.mark.parametrize("name", names()[place::FILES])


def hold(name: str) -> None:
    """What is certified of a type contradicts no check, and is what was expected."""
    if entry(name).config["model_type"] not in CONFIG_MAPPING_NAMES:
        pytest.skip("this version of transformers does not have it")
    if entry(name).unbuilt:
        with pytest.raises((ImportError, ValueError), match=entry(name).unbuilt):
            build(name)
    verdict, wrong = judge(name)
    assert wrong == []
    if THIS_VERSION:
        assert verdict == expected()["types"][name], f"python -m tests.conformance.table {name}"
