"""Bundles: stored experiments in one file that another machine can read, check and take in.

A bundle is a ZIP file: `neuronscope.json` names every other file with its SHA-256, and nothing
of a file is used before that fits. Experiments and captures are JSON, tensors safetensors.
Nothing in a bundle is executed, and no name in it becomes a path.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as tensor_bytes

from neuronscope.errors import BadBundle, StorageError
from neuronscope.models.vectors import Vectors
from neuronscope.service.grids import SweepBody, record_of
from neuronscope.spec.bundle import (
    BundledFile,
    Manifest,
    MovedCapture,
    MovedExperiment,
    Taken,
)
from neuronscope.spec.captures import CaptureData
from neuronscope.spec.hashing import content_hash
from neuronscope.spec.results import Record, Result
from neuronscope.store.experiments import now
from neuronscope.store.moving import capture_in, capture_out, put_in, stored_of, taken_out
from neuronscope.store.store import Store
from neuronscope.version import __version__

MANIFEST = "neuronscope.json"
MAX_TEXT = 1 << 30
"""Bytes of the largest JSON file that is read from a bundle."""
PIECE = 1 << 20


class Writer:
    """Puts files into a bundle. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._files: list[BundledFile] = []

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def text(self, name: str, data: Any) -> None:
        """A file of JSON."""
        self._add(name, io.BytesIO(json.dumps(data, ensure_ascii=False).encode()))

    def vector(self, sha: str, array: np.ndarray, label: str) -> None:
        """A stored vector under its hash."""
        held = tensor_bytes({"vector": np.ascontiguousarray(array)}, {"name": label})
        self._add(f"vectors/{sha}.safetensors", io.BytesIO(held))

    def file(self, name: str, path: Path) -> None:
        """A file as it is."""
        with path.open("rb") as source:
            self._add(name, source)

    def _add(self, name: str, source: Any) -> None:
        digest, size = hashlib.sha256(), 0
        with self._zip.open(name, "w", force_zip64=True) as out:
            while piece := source.read(PIECE):
                digest.update(piece)
                size += len(piece)
                out.write(piece)
        self._files.append(BundledFile(name=name, sha256=digest.hexdigest(), n_bytes=size))

    def finish(self, **ids: tuple[str, ...]) -> Manifest:
        """Writes the manifest."""
        manifest = Manifest(neuronscope=__version__, created_at=now(),
                            files=tuple(self._files), **ids)
        self._zip.writestr(MANIFEST, manifest.model_dump_json())
        return manifest


class Bundle:
    """A bundle, opened to be read: nothing is stored anywhere. Use as a context manager.

    Raises: BadBundle for a file that is none, or whose manifest does not fit its files.
    """

    def __init__(self, path: str | Path) -> None:
        with _readable():
            self._zip = zipfile.ZipFile(path)
            self.manifest = Manifest.model_validate_json(self._limited(MANIFEST))
        self._files = {each.name: each for each in self.manifest.files}
        missing = set(self._files) - set(self._zip.namelist())
        if missing:
            raise BadBundle(f"The bundle lacks {len(missing)} of the files that it names.")

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def records(self) -> Iterator[Record]:
        """Every experiment of the bundle, as the lab gives one that is stored."""
        return (self.record(key) for key in self.manifest.experiments)

    def record(self, key: str) -> Record:
        """One experiment by its id. Raises: BadBundle."""
        moved = self.experiment(key)
        return record_of(stored_of(moved), moved.cells)

    def experiment(self, key: str) -> MovedExperiment:
        """All that is stored of one experiment, its hash checked against its own spec."""
        with _readable():
            moved = MovedExperiment.model_validate_json(self._text(f"experiments/{key}.json"))
            body = (Result if moved.kind == "run" else SweepBody).model_validate_json(moved.body)
        resolved = body.resolved if isinstance(body, Result) else body.plan.resolved
        if moved.id != key or content_hash(resolved) != moved.spec_hash:
            raise BadBundle(f"The experiment {key} is not what its hash says.")
        return moved

    def capture(self, key: str) -> tuple[MovedCapture, bytes | None]:
        """A capture and the bytes of its safetensors file, if it has one. Raises: BadBundle."""
        with _readable():
            moved = MovedCapture.model_validate_json(self._text(f"captures/{key}.json"))
            data = CaptureData.model_validate_json(moved.body)
        if moved.id != key or content_hash(data.resolved) != moved.capture_hash:
            raise BadBundle(f"The capture {key} is not what its hash says.")
        name = f"captures/{key}.safetensors"
        return moved, self._checked(name) if name in self._files else None

    def vector(self, sha: str) -> tuple[np.ndarray, str]:
        """A vector and its name; its own hash is checked where it is kept. Raises: BadBundle."""
        held = self._checked(f"vectors/{sha}.safetensors")
        with _readable():
            length = int.from_bytes(held[:8], "little")
            label = json.loads(held[8:8 + length]).get("__metadata__", {}).get("name", "")
            return tensors_of(held)["vector"], str(label)

    def vectors(self) -> Vectors:
        """The bundle's vectors in memory. Raises: BadBundle where one is not its hash's."""
        kept = Vectors()
        for sha in self.manifest.vectors:
            array, label = self.vector(sha)
            if kept.add(array, label).sha256 != sha:
                raise BadBundle(f"The vector {sha} is not what its hash says.")
        return kept

    def _text(self, name: str) -> str:
        return self._checked(name, MAX_TEXT).decode("utf-8")

    def _checked(self, name: str, most: int | None = None) -> bytes:
        told = self._files.get(name)
        if told is None:
            raise BadBundle(f"The bundle holds no {name}.")
        if most is not None and told.n_bytes > most:
            raise BadBundle(f"{name} has more than {most} bytes.")
        content = self._limited(name, told.n_bytes)
        if len(content) != told.n_bytes or hashlib.sha256(content).hexdigest() != told.sha256:
            raise BadBundle(f"{name} is not what the bundle's list of files says; it was damaged "
                            "or changed.")
        return content

    def _limited(self, name: str, most: int = MAX_TEXT) -> bytes:
        """At most one byte more than is due, however much it would unpack to."""
        with _readable(), self._zip.open(name) as file:
            return file.read(most + 1)


def export(store: Store, vectors: Vectors, path: Path, experiments: Iterable[str],
           captures: Iterable[str]) -> Manifest:
    """Writes a bundle of these experiments and captures, with the vectors that they name.

    The file appears whole, or not at all.
    Raises: NotFound, Gone, Conflict while one of them runs, VectorNotFound, StorageError.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        writer = Writer(part)
        manifest = _fill(writer, store, vectors, experiments, captures)
        part.replace(path)
        return manifest
    except OSError as error:
        raise StorageError(f"The bundle could not be written ({type(error).__name__}).",
                           hint="Check the folder, its permissions and free space.") from None
    finally:
        part.unlink(missing_ok=True)


def _fill(writer: Writer, store: Store, vectors: Vectors, experiments: Iterable[str],
          captures: Iterable[str]) -> Manifest:
    with writer:
        found = [taken_out(store.database, key) for key in dict.fromkeys(experiments)]
        kept = [capture_out(store.database, store.captures.get(key).summary.id)
                for key in dict.fromkeys(captures)]
        for experiment in found:
            writer.text(f"experiments/{experiment.id}.json", experiment.model_dump(mode="json"))
        for capture in kept:
            writer.text(f"captures/{capture.id}.json", capture.model_dump(mode="json"))
            file = store.captures.file(capture.id)
            if file is not None:
                writer.file(f"captures/{capture.id}.safetensors", file)
        named = sorted(named_vectors(json.loads(each.body) for each in (*found, *kept)))
        for sha in named:
            writer.vector(sha, vectors.whole(sha), vectors.info(sha).name)
        return writer.finish(experiments=tuple(each.id for each in found),
                             captures=tuple(each.id for each in kept), vectors=tuple(named))


def take_in(bundle: Bundle, store: Store, vectors: Vectors) -> Taken:
    """Stores what a bundle holds under the same ids. What is there already stays as it is.

    All of it is checked before the first row is written.
    Raises: BadBundle; Conflict where an id belongs to something else here; StorageError.
    """
    manifest = bundle.manifest
    found = [bundle.experiment(key) for key in manifest.experiments]
    kept = [bundle.capture(key) for key in manifest.captures]
    for info in bundle.vectors().all():
        vectors.add(*bundle.vector(info.sha256))
    new = [each.id for each in found if put_in(store.database, each)]
    new_captures = []
    for capture, tensors in kept:
        written = None
        if tensors is not None:
            written = store.captures.unfinished()
            durably(written, tensors)
        try:
            if capture_in(store.database, store.captures, capture, written):
                new_captures.append(capture.id)
        finally:
            store.captures.drop(written)
    present = {*manifest.experiments, *manifest.captures} - {*new, *new_captures}
    return Taken(experiments=tuple(new), captures=tuple(new_captures), vectors=manifest.vectors,
                 present=tuple(sorted(present)))


def durably(file: Path, content: bytes) -> None:
    """Writes a new file of the owner's, and returns when it is on disk. Raises: StorageError."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise StorageError(f"A file could not be written ({type(error).__name__}).",
                           hint="Check free space and permissions of the data folder.") from None


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
    try:
        yield
    except (OSError, zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError,
            ValidationError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadBundle("The file is not a bundle of NeuronScope, or it is damaged.",
                        hint="`neuronscope export FILE` writes one.") from error
