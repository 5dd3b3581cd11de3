"""Validation errors and other failures as one readable sentence with a pointer.

Values and free text of the sender are never repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from neuronscope.errors import (
    BadDirection,
    InvalidField,
    InvalidText,
    MissingSource,
    NeuronScopeError,
    NonFiniteNumber,
    RunFailed,
    catalogue,
)
from neuronscope.service.strict_json import pointer_to

UNEXPECTED = (ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, ImportError,
              LookupError, MemoryError, OSError, ReferenceError, RuntimeError, StopIteration,
              SyntaxError, SystemError, TypeError, ValueError, Warning)
"""What a defect or the machine can raise; interrupts and exits are not among them."""

EXPECTED = {
    "string_type": "a text", "int_type": "an integer", "int_from_float": "an integer",
    "float_type": "a number", "bool_type": "true or false", "tuple_type": "a list",
    "list_type": "a list", "dict_type": "an object", "model_type": "an object",
    "model_attributes_type": "an object", "none_required": "null",
}
LIMITS = {
    "greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"), "less_than": ("less than", "lt"),
}
MISSING = {"reference": MissingSource, "source_prompt": MissingSource, "direction": BadDirection}
"""Fields without which an edit lacks what it takes its values from, or where it leads."""
CLASSES = {"finite_number": NonFiniteNumber, "string_unicode": InvalidText}

ErrorItem = Mapping[str, Any]


def as_problem(error: NeuronScopeError) -> dict[str, Any]:
    """The members of an RFC 9457 problem; empty ones are left out."""
    members = {
        "type": f"/problems/{error.code}", "title": error.title, "status": error.status,
        "code": error.code, "detail": error.detail, "pointer": error.pointer, "hint": error.hint,
    }
    return {name: value for name, value in members.items() if value != ""}


def as_failure(error: BaseException) -> NeuronScopeError:
    """The error itself, or a `RunFailed` that names only the class of an unexpected one."""
    if isinstance(error, NeuronScopeError):
        return error
    return RunFailed(f"An internal error ended the job ({type(error).__name__}).",
                     hint="The server's log has the details; please report it.")


def explain_validation(error: ValidationError, data: Any) -> NeuronScopeError:
    """A pydantic error about `data` as one of our own."""
    return explain(error.errors(include_url=False, include_input=False), data)


def explain(items: Sequence[ErrorItem], data: Any) -> NeuronScopeError:
    """The most informative of pydantic's errors about `data`, as one of our own.

    A union reports every alternative it tried; the one that got furthest into the data is
    what the sender meant. Alternatives that failed at the same place are joined with "or".
    """
    placed = [(_pointer(item, data), item) for item in items]
    first = placed[0][0]
    related = [pair for pair in placed if pair[0] == first or pair[0].startswith(f"{first}/")]
    deepest = max((pointer for pointer, _ in related), key=lambda pointer: pointer.count("/"))
    same = [item for pointer, item in related if pointer == deepest]
    item = next((item for item in same if item["type"] not in {*EXPECTED, "literal_error"}),
                same[0])
    return _class_of(item)(_sentence(item, same), pointer=deepest)


def _class_of(item: ErrorItem) -> type[NeuronScopeError]:
    kind = item["type"]
    if kind == "missing":
        return MISSING.get(item["loc"][-1], InvalidField)
    own = catalogue().get(kind.replace("_", "-"))
    return own or CLASSES.get(kind, InvalidField)


def _pointer(item: ErrorItem, data: Any) -> str:
    """Pointer of an error: of pydantic's location, the parts that lead through the data."""
    pointer, here = "", data
    for part in item["loc"]:
        if isinstance(here, dict) and part in here:
            pointer, here = pointer_to(pointer, part), here[part]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            pointer, here = f"{pointer}/{part}", here[part]
    if item["type"] == "missing":
        return pointer_to(pointer, item["loc"][-1])
    if item["type"].startswith("union_tag"):
        return f"{pointer}/kind"
    return pointer


def _sentence(item: ErrorItem, same: Sequence[ErrorItem]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind in EXPECTED or kind == "literal_error":
        return f"This must be {_alternatives(same)}."
    if kind in LIMITS:
        words, key = LIMITS[kind]
        return f"This must be {words} {context[key]}."
    if kind in {"too_short", "too_long", "string_too_short", "string_too_long"}:
        return _length(kind, context)
    if kind == "union_tag_invalid":
        return f"`kind` must be one of {context['expected_tags']}."
    return _fixed_sentence(item)


def _fixed_sentence(item: ErrorItem) -> str:
    match item["type"]:
        case "missing":
            return "This field is required."
        case "extra_forbidden":
            return "There is no field of this name here."
        case "finite_number":
            return "This number must be finite."
        case "string_unicode":
            return "This text is not valid Unicode."
        case "union_tag_not_found":
            return "`kind` is required: it says which of the alternatives this is."
        case _:
            text = item["msg"].removeprefix("Value error, ")
            return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _alternatives(same: Sequence[ErrorItem]) -> str:
    found = [item["ctx"]["expected"] if item["type"] == "literal_error"
             else EXPECTED[item["type"]]
             for item in same if item["type"] in {*EXPECTED, "literal_error"}]
    return " or ".join(dict.fromkeys(found))


def _length(kind: str, context: Mapping[str, Any]) -> str:
    short = kind.endswith("short")
    bound = context["min_length" if short else "max_length"]
    unit = "characters" if kind.startswith("string") else "items"
    if short and bound == 1:
        return "This must not be empty."
    return f"This must have at {'least' if short else 'most'} {bound} {unit}."
