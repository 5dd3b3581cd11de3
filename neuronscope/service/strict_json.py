"""JSON read strictly: what Python's parser lets pass is refused, with a pointer to it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from neuronscope.errors import InvalidField, InvalidText, MalformedJson, NonFiniteNumber

MAX_DEPTH = 64
MAX_DIGITS = 40
MAX_MEMBERS = 1000
"""Fields of one object: no spec has nearly as many, and each unknown one is a refusal to build."""
LONG_NUMBER = re.compile(rb"[0-9]{%d}" % (MAX_DIGITS + 1))


class _Repeated(dict[str, Any]):
    """An object that names `key` twice."""

    key = ""


def parse(raw: bytes) -> Any:
    """Plain data from UTF-8 JSON.

    Raises: MalformedJson (not JSON, a byte order mark, too deep, integers past 40 digits),
        NonFiniteNumber (NaN, infinities, numbers past float64), InvalidField (a key twice, or
        more keys than any spec has), InvalidText (lone surrogates).
    """
    # a call of Python for each integer is spared where none can be too long
    integer = _integer if LONG_NUMBER.search(raw) else None
    try:
        text = raw.decode("utf-8")
        data = json.loads(text, object_pairs_hook=_object, parse_int=integer)
    except UnicodeDecodeError:
        raise MalformedJson("The text is not UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise _malformed(error) from None
    if not _sound(data):
        for pointer, value in _walk(data, "", 0):
            _check(pointer, value)
    return data


def pointer_to(parent: str, key: str | int) -> str:
    """JSON pointer of a member; of its parent where the key is no plain name.

    A key is the sender's text. Only a name like those of the specs is repeated back.
    """
    if isinstance(key, int):
        return f"{parent}/{key}"
    plain = len(key) <= 64 and key.isascii() and key.isidentifier()
    return f"{parent}/{key}" if plain else parent


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) == len(pairs):
        return data
    repeated = _Repeated(data)
    seen: set[str] = set()
    repeated.key = next(key for key, _ in pairs if key in seen or seen.add(key))
    return repeated


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise MalformedJson(f"An integer has more than {MAX_DIGITS} digits.")
    return int(digits)


def _sound(data: Any) -> bool:
    """Whether nothing in the data is to be refused, found level by level.

    What is to be refused, and where, tells `_walk`, which takes ten times as long.
    """
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        floats = [value for value in level if type(value) is float]
        objects = [value for value in level if isinstance(value, dict)]
        texts = [value for value in level if type(value) is str]
        if (not all(map(math.isfinite, floats)) or _has_surrogate("".join(texts))
                or not all(map(_plain, objects))):
            return False
        lists = [value for value in level if type(value) is list]
        level = [*chain.from_iterable(lists), *chain.from_iterable(map(dict.values, objects))]
        if not level:
            return True
    return False


def _plain(value: dict[str, Any]) -> bool:
    named = type(value) is dict and len(value) <= MAX_MEMBERS
    return named and not _has_surrogate("".join(value))


def _walk(value: Any, pointer: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        raise _too_deep()
    yield pointer, value
    if isinstance(value, dict):
        for key, member in value.items():
            yield pointer, key
            yield from _walk(member, pointer_to(pointer, key), depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{pointer}/{index}", depth + 1)


def _check(pointer: str, value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise NonFiniteNumber("This number is NaN, infinite or too large for a float64.",
                              hint="Send a finite number.", pointer=pointer)
    if isinstance(value, str) and _has_surrogate(value):
        raise InvalidText("This text holds half of a surrogate pair.",
                          hint="Send whole characters.", pointer=pointer)
    if isinstance(value, dict) and len(value) > MAX_MEMBERS:
        raise InvalidField(f"This object has more than {MAX_MEMBERS} fields.", pointer=pointer)
    if isinstance(value, _Repeated):
        raise InvalidField("This object names a field twice.", hint="Name each field once.",
                           pointer=pointer_to(pointer, value.key))


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _too_deep() -> MalformedJson:
    return MalformedJson(f"The data is nested deeper than {MAX_DEPTH} levels.")


def _malformed(error: ValueError) -> MalformedJson:
    if isinstance(error, json.JSONDecodeError):
        return MalformedJson(f"The text stops being JSON at line {error.lineno}, "
                             f"column {error.colno}.")
    return MalformedJson("The text is not JSON.")
