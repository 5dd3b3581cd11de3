"""Bundles: stored experiments in one file that another machine can read, check and take in.

A bundle is a ZIP file: `neuronscope.json` names every other file with its SHA-256. Experiments
are lines of JSON in groups, the cells of a sweep lines of a file of its own, tensors
safetensors. Nothing in a bundle is executed, no name in it becomes a path, and nothing is
unpacked beyond the size that is told of it, or faster than MAX_RATIO.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as tensors_of

from neuronscope.errors import BadBundle, Conflict, NotFound
from neuronscope.models.vectors import Vectors
from neuronscope.service.bundled import experiment_of, moved_of, ran_there, readable
from neuronscope.service.grids import record_of
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
SMALL_MANIFEST, MAX_MANIFEST = 1 << 23, 1 << 26
"""Bytes of the list of contents: the first may always be, the second in bundles that are larger."""
MAX_DIRECTORY = 1 << 24
"""Bytes of the largest list of files that a ZIP file may have: some 150,000 of them."""
MAX_RATIO = 400
"""A bundle that unpacks to more than so many times its size is refused."""
PIECE = 1 << 20


class Bundle:
    """A bundle, opened to be read: nothing is stored anywhere. Use as a context manager.

    stop: called before each piece that is read; what it raises ends the reading.
    Raises: BadBundle for a file that is none, or whose manifest does not fit its files.
    """

    def __init__(self, path: str | Path, stop: Callable[[], None] = lambda: None) -> None:
        self._stop = stop
        with ExitStack() as undo, readable():
            file = undo.enter_context(Path(path).open("rb"))
            size = Path(path).stat().st_size
            if directory_size(file) > MAX_DIRECTORY:
                raise BadBundle("The bundle lists too many files.")
            self._zip = undo.enter_context(zipfile.ZipFile(file))
            self.manifest = Manifest.model_validate_json(self._limited(MANIFEST, size))
            self._files = {each.name: each for each in self.manifest.files}
            self._check_files(size)
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
        return map(moved_of if known else experiment_of, self._lines(name))

    def cells(self, moved: MovedExperiment) -> Iterator[CellRow]:
        """The cells of an experiment, one after the other. Raises: BadBundle."""
        seen = bytearray(moved.n_cells or 0)
        name = CELLS.format(moved.id)
        if moved.n_stored == 0 and name not in self._files:
            return
        for text in self._lines(name):
            with readable():
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
        with readable(), suppress(Conflict):  # a sweep before its clean run shows nothing yet
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
        with readable():
            return record_of(stored_of(moved), self._plain(moved))

    def _plain(self, moved: MovedExperiment) -> list[dict[str, Any]]:
        return [Cell.model_validate_json(text).model_dump() for _, _, text in self.cells(moved)]

    def capture(self, key: str) -> MovedCapture:
        """A capture; `pieces` gives its file of tensors, if it has one. Raises: BadBundle."""
        with readable():
            moved = MovedCapture.model_validate_json(self._text(f"captures/{key}.json"))
            data = CaptureData.model_validate_json(moved.body)
            known = content_hash(data.resolved) == moved.capture_hash and (
                data.model.id, data.model.model_digest, len(data.entries), data.n_bytes) == (
                moved.model_id, moved.model_digest, moved.n_entries, moved.n_bytes
            ) and ran_there(moved, data)
        if moved.id != key or not known:
            raise BadBundle(f"The capture {key} is not what its hash says.")
        told = self._files.get(f"captures/{key}.safetensors")
        if (told is None) != (moved.n_bytes == 0):
            raise BadBundle(f"The capture {key} lacks its tensors.")
        return moved

    def vector(self, sha: str) -> tuple[np.ndarray, str]:
        """A vector and its name. Raises: BadBundle where it is not its hash's."""
        held = b"".join(self.pieces(f"vectors/{sha}.safetensors"))
        with readable():
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
        self._stop()
        with readable(), self._zip.open(name) as file:
            while piece := file.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    break
                digest.update(piece)
                yield piece
                self._stop()
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
            with readable():
                whole = [line.decode() for line in lines if line]
            yield from whole

    def _text(self, name: str) -> str:
        if self._told(name).n_bytes > MAX_TEXT:
            raise BadBundle(f"{name} has more than {MAX_TEXT} bytes.")
        return b"".join(self.pieces(name)).decode()

    def _limited(self, name: str, size: int) -> bytes:
        """A file that nothing tells the size of, however much it would unpack to.

        size: of the bundle. A list takes several times its bytes once it is read: so what may
        be listed grows with what was sent.
        """
        limit = min(max(SMALL_MANIFEST, size // 2), MAX_MANIFEST, MAX_RATIO * size)
        with self._zip.open(name) as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise BadBundle(f"{name} has more than {limit} bytes.")
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
