"""JSON read strictly: what Python's parser lets pass is refused, with a pointer to it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from neuronscope.errors import InvalidField, InvalidText, MalformedJson, NonFiniteNumber

MAX_DEPTH = 64
MAX_DIGITS = 40


class _Repeated(dict[str, Any]):
    """An object that names `key` twice."""

    key = ""


def parse(raw: bytes) -> Any:
    """Plain data from UTF-8 JSON.

    Raises: MalformedJson (not JSON, a byte order mark, too deep, integers past 40 digits),
        NonFiniteNumber (NaN, infinities, numbers past float64), InvalidField (a key twice),
        InvalidText (lone surrogates).
    """
    try:
        text = raw.decode("utf-8")
        data = json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except UnicodeDecodeError:
        raise MalformedJson("The text is not UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise _malformed(error) from None
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
    if isinstance(value, str) and not value.isascii() and _has_surrogate(value):
        raise InvalidText("This text holds half of a surrogate pair.",
                          hint="Send whole characters.", pointer=pointer)
    if isinstance(value, _Repeated):
        raise InvalidField("This object names a field twice.", hint="Name each field once.",
                           pointer=pointer_to(pointer, value.key))


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _too_deep() -> MalformedJson:
    return MalformedJson(f"The data is nested deeper than {MAX_DEPTH} levels.")


def _malformed(error: ValueError) -> MalformedJson:
    if isinstance(error, json.JSONDecodeError):
        return MalformedJson(f"The text stops being JSON at line {error.lineno}, "
                             f"column {error.colno}.")
    return MalformedJson("The text is not JSON.")
