"""The page of architectures says what is expected of each type, and nothing else."""

from __future__ import annotations

import pytest
from transformers.models.auto import modeling_auto

from tests.conformance.document import ABSENT, MISSED, PAGE, page, reasons_of
from tests.conformance.shards import THIS_VERSION
from tests.conformance.verdict import expected
from tests.conformance.zoo import IMAGE_TEXT, names


def test_the_page_is_what_was_found():
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, expected()) == text, "python -m tests.conformance.table llama"


@pytest.mark.skipif(not THIS_VERSION, reason="another version of transformers")
def test_every_type_of_transformers_has_a_model_and_a_verdict():
    causal = set(modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    text = {name + IMAGE_TEXT for name in modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES}
    assert set(names()) == causal | text == set(expected()["types"])


def test_every_reason_is_one_of_those_that_were_reviewed():
    given = {reason for verdict in expected()["types"].values() for reason in reasons_of(verdict)}
    places = {reason: [part for part in (*ABSENT, *MISSED) if part in reason] for reason in given}
    assert {reason: parts for reason, parts in places.items() if len(parts) != 1} == {}


def test_no_refusal_is_a_raw_error():
    told = {name: verdict["refused"] for name, verdict in expected()["types"].items()
            if verdict.get("refused", "").startswith("raw ")}
    assert told == {}
