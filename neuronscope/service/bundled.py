"""What the lines of a bundle hold, each checked against itself. See service/bundles.py."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError

from neuronscope.errors import BadBundle, InvalidInput
from neuronscope.service.grids import SweepBody
from neuronscope.spec.bundle import Moved, MovedExperiment
from neuronscope.spec.captures import CaptureData
from neuronscope.spec.hashing import content_hash
from neuronscope.spec.results import GridData, Result

BATCH = "batch"
"""The part of a result's environment that tells how it was run, not where."""


def moved_of(text: str) -> MovedExperiment:
    """An experiment as one line holds it. Raises: BadBundle."""
    with readable():
        return MovedExperiment.model_validate_json(text)


def experiment_of(text: str) -> MovedExperiment:
    """An experiment, its hashes checked against what it says itself. Raises: BadBundle."""
    with readable():
        moved = moved_of(text)
        body = (Result if moved.kind == "run" else SweepBody).model_validate_json(moved.body)
        resolved = body.resolved if isinstance(body, Result) else body.plan.resolved
        cells = None if isinstance(body, Result) else _cells_of(body)
        shown = body if isinstance(body, Result) else body.head
        known = shown is None or shown.model.model_digest == moved.model_digest
        # a sweep may have been resumed on the same weights under another id
        known &= not isinstance(body, Result) or body.model.id == moved.model_id
        counted = moved.n_cells == cells and moved.n_stored <= (cells or 0)
        known &= shown is None or ran_there(moved, shown)
        if content_hash(resolved) == moved.spec_hash and counted and known:
            return moved
    raise BadBundle(f"The experiment {moved.id} is not what its hash says.")


def ran_there(moved: Moved, told: Result | GridData | CaptureData) -> bool:
    """Whether the environment of a stored result is the one that its row names by its hash."""
    return moved.environment == content_hash(
        {name: value for name, value in told.environment.items() if name != BATCH})


def _cells_of(body: SweepBody) -> int:
    """How many cells a sweep has. Raises: ValueError where its coordinates tell otherwise."""
    for each in (body.plan, body.head or body.plan):
        if math.prod(len(each.coords[dim]) for dim in each.dims) != body.plan.n_cells:
            raise ValueError("the coordinates are of another grid")
    return body.plan.n_cells


def vectors_of(body: str) -> set[str]:
    """The hashes of stored vectors that a body names; few do. Raises: ValueError."""
    return named_vectors([json.loads(body)]) if '"stored"' in body else set()


def named_vectors(data: Iterable[Any]) -> set[str]:
    """The hashes of stored vectors that plain data of specs names."""
    found: set[str] = set()
    for each in data:
        if isinstance(each, dict):
            if each.get("kind") == "stored" and isinstance(each.get("sha256"), str):
                found.add(each["sha256"])
            found |= named_vectors(each.values())
        elif isinstance(each, list):
            found |= named_vectors(each)
    return found


@contextmanager
def readable() -> Iterator[None]:
    """Turns what reading a stranger's file raises into BadBundle: zipfile, zlib, json, pydantic,
    numpy and safetensors each fail in ways of their own on content that somebody has made."""
    try:
        yield
    except BadBundle:
        raise
    except (OSError, zipfile.BadZipFile, LookupError, EOFError, NotImplementedError, RuntimeError,
            ValidationError, ValueError, ArithmeticError, InvalidInput, SafetensorError,
            AttributeError, TypeError) as error:
        raise BadBundle("The file is not a bundle of NeuronScope, or it is damaged.",
                        hint="`neuronscope export FILE` writes one.") from error
