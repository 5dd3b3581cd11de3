"""Bundles: stored experiments in one file that another machine can read, check and take in.

A bundle is a ZIP file: `neuronscope.json` names every other file with its SHA-256. Experiments
are lines of JSON in groups, the cells of a sweep lines of a file of its own, tensors
safetensors. Nothing in a bundle is executed, no name in it becomes a path, and nothing is
unpacked beyond the size that is told of it, or faster than MAX_RATIO.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_of

from neuronscope.errors import BadBundle, Conflict, InvalidInput, NotFound
from neuronscope.models.vectors import Vectors
from neuronscope.service.grids import SweepBody, record_of
from neuronscope.service.zipped import directory_size
from neuronscope.spec.bundle import BundledFile, Manifest, MovedCapture, MovedExperiment
from neuronscope.spec.captures import CaptureData
from neuronscope.spec.hashing import content_hash
from neuronscope.spec.results import Cell, Record, Result
from neuronscope.store.moving import CellRow, stored_of

MANIFEST = "neuronscope.json"
GROUP = "experiments/{:06}.jsonl"
CELLS = "cells/{}.jsonl"
MAX_TEXT = 1 << 28
"""Bytes of the largest JSON text that is read from a bundle."""
MAX_MANIFEST = 1 << 26
MAX_DIRECTORY = 1 << 24
"""Bytes of the largest list of files that a ZIP file may have: some 150,000 of them."""
MAX_RATIO = 400
"""A bundle that unpacks to more than so many times its size is refused."""
PIECE = 1 << 20


class Bundle:
    """A bundle, opened to be read: nothing is stored anywhere. Use as a context manager.

    Raises: BadBundle for a file that is none, or whose manifest does not fit its files.
    """

    def __init__(self, path: str | Path) -> None:
        with ExitStack() as undo, _readable():
            file = undo.enter_context(Path(path).open("rb"))
            if directory_size(file) > MAX_DIRECTORY:
                raise BadBundle("The bundle lists too many files.")
            self._zip = undo.enter_context(zipfile.ZipFile(file))
            self.manifest = Manifest.model_validate_json(self._limited(MANIFEST))
            self._files = {each.name: each for each in self.manifest.files}
            self._check_files(Path(path).stat().st_size)
            self._open = undo.pop_all()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def experiments(self) -> Iterator[MovedExperiment]:
        """All that is stored of every experiment but its cells, in the manifest's order.

        Their hashes are checked against their own specs. Raises: BadBundle.
        """
        due = iter(self.manifest.experiments)
        for name in self.groups():
            for moved in self.group(name):
                if moved.id != next(due, None):
                    raise BadBundle("The experiments are not those that the bundle lists.")
                yield moved
        if next(due, None) is not None:
            raise BadBundle("The bundle lacks experiments that it lists.")

    def groups(self) -> Iterator[str]:
        """The names of the files of experiments, in order."""
        number = 0
        while (name := GROUP.format(number)) in self._files:
            yield name
            number += 1

    def group(self, name: str, *, known: bool = False) -> Iterator[MovedExperiment]:
        """The experiments of one file; known: their hashes were checked. Raises: BadBundle."""
        return map(_moved if known else _experiment, self._lines(name))

    def cells(self, moved: MovedExperiment) -> Iterator[CellRow]:
        """The cells of an experiment, one after the other. Raises: BadBundle."""
        seen = bytearray(moved.n_cells or 0)
        name = CELLS.format(moved.id)
        if moved.n_stored == 0 and name not in self._files:
            return
        for text in self._lines(name):
            with _readable():
                cell = Cell.model_validate_json(text)
            if not 0 <= cell.index < len(seen) or seen[cell.index]:
                raise BadBundle(f"The cells of the sweep {moved.id} are not those of its grid.")
            seen[cell.index] = 1
            yield cell.index, cell.error is not None, text
        if sum(seen) != moved.n_stored:
            raise BadBundle(f"The bundle lacks cells of the sweep {moved.id}.")

    def records(self) -> Iterator[Record]:
        """Every experiment of the bundle, as the lab gives one that is stored."""
        return map(self._record, self.experiments())

    def check(self, moved: MovedExperiment) -> None:
        """That an experiment with its cells can be shown. Raises: BadBundle."""
        cells, whole = self._plain(moved), False
        with _readable(), suppress(Conflict):  # a sweep before its clean run shows nothing yet
            result = record_of(stored_of(moved), cells).result
            whole = isinstance(result, Result) or result.complete
        if moved.state == "complete" and not whole:
            raise BadBundle(f"The sweep {moved.id} is told to be complete, and is not.")

    def record(self, key: str) -> Record:
        """One experiment by its id. Raises: BadBundle, NotFound."""
        for moved in self.experiments():
            if moved.id == key:
                return self._record(moved)
        raise NotFound("The bundle holds no experiment with this id.")

    def _record(self, moved: MovedExperiment) -> Record:
        with _readable():
            return record_of(stored_of(moved), self._plain(moved))

    def _plain(self, moved: MovedExperiment) -> list[dict[str, Any]]:
        return [Cell.model_validate_json(text).model_dump() for _, _, text in self.cells(moved)]

    def capture(self, key: str) -> MovedCapture:
        """A capture; `pieces` gives its file of tensors, if it has one. Raises: BadBundle."""
        with _readable():
            moved = MovedCapture.model_validate_json(self._text(f"captures/{key}.json"))
            data = CaptureData.model_validate_json(moved.body)
            known = content_hash(data.resolved) == moved.capture_hash and (
                data.model.id, data.model.model_digest, len(data.entries), data.n_bytes) == (
                moved.model_id, moved.model_digest, moved.n_entries, moved.n_bytes)
        if moved.id != key or not known:
            raise BadBundle(f"The capture {key} is not what its hash says.")
        told = self._files.get(f"captures/{key}.safetensors")
        if (told is None) != (moved.n_bytes == 0):
            raise BadBundle(f"The capture {key} lacks its tensors.")
        return moved

    def vector(self, sha: str) -> tuple[np.ndarray, str]:
        """A vector and its name. Raises: BadBundle where it is not its hash's."""
        held = b"".join(self.pieces(f"vectors/{sha}.safetensors"))
        with _readable():
            length = int.from_bytes(held[:8], "little")
            label = json.loads(held[8:8 + length]).get("__metadata__", {}).get("name", "")
            array = tensors_of(held)["vector"]
            if Vectors().add(array, str(label)).sha256 == sha:
                return array, str(label)
        raise BadBundle(f"The vector {sha} is not what its hash says.")

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of a file, piece by piece.

        Raises: BadBundle, at the latest at the end, where it is not what the manifest tells.
        """
        told = self._told(name)
        digest, left = hashlib.sha256(), told.n_bytes
        with _readable(), self._zip.open(name) as file:
            while piece := file.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    break
                digest.update(piece)
                yield piece
        if left or digest.hexdigest() != told.sha256:
            raise BadBundle(f"{name} is not what the bundle's list of files says; it was damaged "
                            "or changed.")

    def _told(self, name: str) -> BundledFile:
        if name not in self._files:
            raise BadBundle(f"The bundle holds no {name}.")
        return self._files[name]

    def _lines(self, name: str) -> Iterator[str]:
        """The lines of a file of JSON lines."""
        rest = b""
        for piece in chain(self.pieces(name), [b"\n"]):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > MAX_TEXT:
                raise BadBundle(f"{name} has a line of more than {MAX_TEXT} bytes.")
            with _readable():
                whole = [line.decode() for line in lines if line]
            yield from whole

    def _text(self, name: str) -> str:
        if self._told(name).n_bytes > MAX_TEXT:
            raise BadBundle(f"{name} has more than {MAX_TEXT} bytes.")
        return b"".join(self.pieces(name)).decode()

    def _limited(self, name: str) -> bytes:
        """A file that nothing tells the size of, however much it would unpack to."""
        with self._zip.open(name) as file:
            content = file.read(MAX_MANIFEST + 1)
        if len(content) > MAX_MANIFEST:
            raise BadBundle(f"{name} has more than {MAX_MANIFEST} bytes.")
        return content

    def _check_files(self, size: int) -> None:
        packed = {each.filename: each for each in self._zip.infolist()}
        missing = set(self._files) - set(packed)
        if missing:
            raise BadBundle(f"The bundle lacks {len(missing)} of the files that it names.")
        usual = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        if any(each.compress_type not in usual for each in packed.values()):
            raise BadBundle("The bundle is packed in a way that bundles are not.")
        unpacked = sum(each.n_bytes for each in self.manifest.files)
        if unpacked > MAX_RATIO * size:
            raise BadBundle(f"The bundle would unpack to more than {MAX_RATIO} times its size.")


def _moved(text: str) -> MovedExperiment:
    with _readable():
        return MovedExperiment.model_validate_json(text)


def _experiment(text: str) -> MovedExperiment:
    """An experiment, its hash checked against its own spec. Raises: BadBundle."""
    with _readable():
        moved = _moved(text)
        body = (Result if moved.kind == "run" else SweepBody).model_validate_json(moved.body)
        resolved = body.resolved if isinstance(body, Result) else body.plan.resolved
        cells = None if isinstance(body, Result) else _cells_of(body)
        shown = body if isinstance(body, Result) else body.head
        known = shown is None or shown.model.model_digest == moved.model_digest
        # a sweep may have been resumed on the same weights under another id
        known &= not isinstance(body, Result) or body.model.id == moved.model_id
        counted = moved.n_cells == cells and moved.n_stored <= (cells or 0)
        if content_hash(resolved) == moved.spec_hash and counted and known:
            return moved
    raise BadBundle(f"The experiment {moved.id} is not what its hash says.")


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
def _readable() -> Iterator[None]:
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
