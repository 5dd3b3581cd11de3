from __future__ import annotations

import pytest

from neuronscope.errors import InvalidField, InvalidText, MalformedJson, NonFiniteNumber
from neuronscope.service.strict_json import parse

REFUSED = [
    (b"", MalformedJson, ""),
    (b"{", MalformedJson, ""),
    (b"[1,]", MalformedJson, ""),
    (b"{'a': 1}", MalformedJson, ""),
    (b"\xef\xbb\xbf{}", MalformedJson, ""),
    (b"\xff\xfe{\x00}\x00", MalformedJson, ""),
    (b'"\x80"', MalformedJson, ""),
    (b'"\x01"', MalformedJson, ""),
    (b"[" * 100_000, MalformedJson, ""),
    (b"[" * 100 + b"]" * 100, MalformedJson, ""),
    (b'{"a":' * 70 + b"1" + b"}" * 70, MalformedJson, ""),
    (b"1" * 41, MalformedJson, ""),
    (b"-" + b"1" * 10_000, MalformedJson, ""),
    (b'{"a": NaN}', NonFiniteNumber, "/a"),
    (b'{"a": [1, -Infinity]}', NonFiniteNumber, "/a/1"),
    (b'{"a": {"b": 1e999}}', NonFiniteNumber, "/a/b"),
    (b'{"a": 1, "a": 2}', InvalidField, "/a"),
    (b'[{"b": {"x": 1, "y": 2, "x": 1}}]', InvalidField, "/0/b/x"),
    (b'{"a": "\\ud800"}', InvalidText, "/a"),
    (b'{"a": ["x\\udfffy"]}', InvalidText, "/a/0"),
    (b'{"\\ud800": 1}', InvalidText, ""),
]


@pytest.mark.parametrize(("raw", "error", "pointer"), REFUSED)
def test_what_python_would_let_pass_is_refused_with_a_pointer(raw, error, pointer):
    with pytest.raises(error) as caught:
        parse(raw)
    assert caught.value.pointer == pointer
    assert type(caught.value) is error


def test_ordinary_data_passes_unchanged():
    raw = '{"a": [1, -2.5e3, true, null, "ü 😀 \\ud83d\\ude00", 9007199254740991]}'
    assert parse(raw.encode()) == {"a": [1, -2500.0, True, None, "ü 😀 😀", 2**53 - 1]}


def test_a_pointer_never_repeats_free_text():
    with pytest.raises(NonFiniteNumber) as caught:
        parse(b'{"<script>": {"b": NaN}}')
    assert caught.value.pointer == "/b"
