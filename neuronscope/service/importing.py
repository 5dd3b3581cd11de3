"""Bundles, taken in: all of a file is checked before anything of it is stored."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from neuronscope.errors import BadBundle, Busy, Gone, NotFound, StorageError, VectorNotFound
from neuronscope.models.vectors import Vectors
from neuronscope.service.bundled import vectors_of
from neuronscope.service.bundles import Bundle
from neuronscope.service.token import private
from neuronscope.spec.bundle import MovedCapture, MovedExperiment, Taken
from neuronscope.spec.captures import CaptureData
from neuronscope.spec.tensorfile import MAX_HEADER, entries_in
from neuronscope.store.moving import capture_in, put_in, strangers
from neuronscope.store.store import Store
from neuronscope.store.tables import captures, experiments

TOGETHER = 64
"""Experiments that are looked up at a time."""
SUFFIX = ".unfinished"


class Incoming:
    """Where a bundle waits that was sent, until it has been taken in; one at a time.

    folder: is made where needed, closed to other users; what a former process left in it is
    removed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._tidy()

    @contextmanager
    def file(self) -> Iterator[BinaryIO]:
        """A new file, open to be written, which is removed on leaving.

        Raises: Busy while another is received or taken in; StorageError.
        """
        if not self._turn.acquire(blocking=False):
            raise Busy("Another bundle is being imported.", hint="Try again when it is stored.")
        try:
            with _written():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = _new(self._folder / f"{secrets.token_hex(8)}{SUFFIX}")
            with file:
                yield file
        finally:
            self._tidy()
            self._turn.release()

    def _tidy(self) -> None:
        for file in self._folder.glob(f"*{SUFFIX}"):
            file.unlink(missing_ok=True)


def write(file: BinaryIO, data: bytes) -> None:
    """Appends to a file that is received. Raises: StorageError."""
    with _written():
        file.write(data)
        file.flush()


def take_in(bundle: Bundle, store: Store, vectors: Vectors) -> Taken:
    """Stores what a bundle holds under the same ids. What is there already stays as it is.

    Where the storing itself fails, what was stored before stays; the same file completes it.
    Raises: BadBundle; Conflict where an id belongs to something else here; StorageError.
    """
    manifest = bundle.manifest
    _check(bundle, store, vectors)
    for sha in manifest.vectors:
        vectors.add(*bundle.vector(sha))
    new: list[str] = []
    for name in bundle.groups():
        for group in _runs_together(bundle.group(name, known=True)):
            new += put_in(store.database, [(each, bundle.cells(each)) for each in group])
    new_captures = [key for key in manifest.captures if _take_capture(bundle, store, key)]
    present = {*manifest.experiments, *manifest.captures} - {*new, *new_captures}
    return Taken(experiments=tuple(new), captures=tuple(new_captures), vectors=manifest.vectors,
                 present=tuple(sorted(present)), missing=_lacking(vectors, manifest.missing))


def _check(bundle: Bundle, store: Store, vectors: Vectors) -> None:
    """Raises: BadBundle where anything in it does not fit; Conflict as `take_in`."""
    pending, named = bundle.experiments(), set[str]()
    while group := list(islice(pending, TOGETHER)):
        strangers(store.database, experiments, group)
        for moved in group:
            named |= vectors_of(moved.body)
            if moved.kind == "sweep":
                bundle.check(moved)
    for capture in map(bundle.capture, bundle.manifest.captures):
        strangers(store.database, captures, [capture])
        named |= vectors_of(capture.body)
        if capture.n_bytes:
            _check_tensors(bundle, capture)
    for sha in bundle.manifest.vectors:
        bundle.vector(sha)
    if _lacking(vectors, named.difference(bundle.manifest.vectors, bundle.manifest.missing)):
        raise BadBundle("The bundle lacks a vector that its experiments name.")


def _lacking(vectors: Vectors, named: Iterable[str]) -> tuple[str, ...]:
    """Those that are not here."""
    lacking = []
    for sha in sorted(set(named)):
        try:
            vectors.info(sha)
        except VectorNotFound:
            lacking.append(sha)
    return tuple(lacking)


def _check_tensors(bundle: Bundle, moved: MovedCapture) -> None:
    """That a capture's file is what its manifest tells, and holds the entries of the capture."""
    name = f"captures/{moved.id}.safetensors"
    head, size = b"", 0
    for piece in bundle.pieces(name):
        head += piece[:MAX_HEADER - len(head)]
        size += len(piece)
    entries = CaptureData.model_validate_json(moved.body).entries
    try:
        told = entries_in(head, size)
    except ValueError:
        raise BadBundle(f"{name} is not a file of tensors.") from None
    if told != {entry.name: (entry.dtype, entry.shape) for entry in entries}:
        raise BadBundle(f"{name} does not hold what its capture says.")


def _runs_together(group: Iterable[MovedExperiment]) -> Iterator[list[MovedExperiment]]:
    """Runs as they come; a sweep, whose cells may be many, by itself."""
    together: list[MovedExperiment] = []
    for moved in group:
        if moved.n_stored == 0:
            together.append(moved)
        else:
            yield together
            yield [moved]
            together = []
    yield together


def _take_capture(bundle: Bundle, store: Store, key: str) -> bool:
    with suppress(NotFound, Gone):
        store.captures.get(key)
        return False
    moved, written = bundle.capture(key), None
    try:
        if moved.n_bytes:
            written = store.captures.unfinished()
            _durably(written, bundle.pieces(f"captures/{key}.safetensors"))
        return capture_in(store.database, store.captures, moved, written)
    finally:
        store.captures.drop(written)


def _durably(path: Path, pieces: Iterable[bytes]) -> None:
    """Writes a new file of the owner's, and returns when it is on disk. Raises: StorageError."""
    with _written(), _new(path) as out:
        out.writelines(pieces)
        out.flush()
        os.fsync(out.fileno())


def _new(path: Path) -> BinaryIO:
    return open(path, "xb", opener=private)


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError.of(error, f"A file could not be written ({type(error).__name__}).",
                              hint="Check free space and permissions of the data folder.") from None
