"""Bundles, written: as a stream that is never held as a whole, in memory or on disk.

Rows are read a few at a time, each time by a connection of their own, so that neither a
reader nor the writer is held while a slow receiver takes what is ready.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as tensor_bytes

from neuronscope.errors import Conflict, InvalidInput, StorageError, VectorNotFound
from neuronscope.models.vectors import Vectors
from neuronscope.service.bundled import vectors_of
from neuronscope.service.bundles import CELLS, GROUP, MANIFEST, PIECE
from neuronscope.service.guests import Guests
from neuronscope.service.zipped import Spool
from neuronscope.spec.bundle import BundledFile, Manifest, MovedCapture
from neuronscope.store.experiments import now
from neuronscope.store.history import Filter, keys
from neuronscope.store.moving import capture_out, cells_out, taken_out
from neuronscope.store.store import Store
from neuronscope.version import __version__

TOGETHER = 64
"""Experiments of one file."""
LEVEL = 3
"""Of compression: half the time of the usual 6, and a few per cent more bytes."""
SLICE = 1 << 16
"""Bytes that are compressed at a time; other threads run in between."""


class Export:
    """A bundle that is about to be written; `manifest` is there when `pieces` has ended.

    guests: where it is counted while it reads from the store.
    Raises: InvalidInput where nothing is named; NotFound, Gone; Conflict for a named sweep that
        runs; DamagedFile for a capture; ServerStopped.
    """

    def __init__(self, store: Store, vectors: Vectors, experiments: Iterable[str],
                 captures: Iterable[str], chosen: Filter | None,
                 guests: Guests) -> None:
        self._store, self._vectors, self._guests = store, vectors, guests
        guests.check()
        experiments, captures = list(experiments), list(captures)
        if chosen is None and not (experiments or captures):
            raise InvalidInput("Nothing was named that is to be exported.",
                               hint="Name ids or a filter, or ask for all.")
        named = [store.experiments.get(key).summary for key in experiments]
        for summary in named:
            if summary.state == "running":
                raise Conflict("The sweep is running.", hint="Export it when it has ended.")
        found = [] if chosen is None else keys(store.database, chosen)[::-1]
        self._keys = list(dict.fromkeys([*(each.id for each in named), *found]))
        self._captures = [capture_out(store.database, key) for key in dict.fromkeys(
            store.captures.get(key).summary.id for key in captures)]
        for capture in self._captures:
            store.captures.sound(capture.id)
        self._files: list[BundledFile] = []
        self._experiments: list[str] = []
        self._running: list[str] = []
        self._named: set[str] = set()
        self._missing: list[str] = []
        self.manifest: Manifest | None = None

    def __len__(self) -> int:
        """Experiments that will be in it, unless they are deleted or resumed meanwhile."""
        return len(self._keys)

    def pieces(self) -> Iterator[bytes]:
        """The file, piece by piece. Closing this early leaves nothing behind.

        Raises: Conflict where a sweep changed meanwhile; StorageError; ServerStopped where the
            lab is closed meanwhile.
        """
        return self._guests.pieces(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        spool = Spool()
        with (zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED,  # type: ignore[call-overload]
                              compresslevel=LEVEL) as archive,
              closing(self._fill(archive)) as steps):
            for _ in steps:
                if spool.size >= PIECE:
                    yield spool.taken()
        yield spool.taken()

    def write(self, path: Path) -> Manifest:
        """Writes the file, which appears whole or not at all. Raises: StorageError; as `pieces`."""
        whole(path, self.pieces())
        assert self.manifest is not None
        return self.manifest

    def _fill(self, archive: zipfile.ZipFile) -> Iterator[None]:
        """Adds file after file; between two steps whatever was written can be taken."""
        for number, start in enumerate(range(0, len(self._keys), TOGETHER)):
            group = self._group(self._keys[start:start + TOGETHER])
            yield from self._add(archive, GROUP.format(number), (_line(each) for each in group))
            for each in group:
                if each["n_stored"]:
                    yield from self._add(archive, CELLS.format(each["id"]), (
                        "\n".join([*batch, ""]).encode()
                        for batch in cells_out(self._store.database, each)))
        for capture in self._captures:
            yield from self._capture(archive, capture)
        for sha in sorted(self._named):
            held = self._vector(sha)
            if held is not None:
                yield from self._add(archive, f"vectors/{sha}.safetensors", [held])
        self.manifest = Manifest(
            neuronscope=__version__, created_at=now(), experiments=tuple(self._experiments),
            captures=tuple(each.id for each in self._captures), files=tuple(self._files),
            vectors=tuple(sorted(self._named.difference(self._missing))),
            missing=tuple(self._missing), running=tuple(self._running))
        archive.writestr(MANIFEST, self.manifest.model_dump_json())

    def _group(self, wanted: Sequence[str]) -> list[dict[str, Any]]:
        found = taken_out(self._store.database, wanted)
        self._running += [each["id"] for each in found if each["state"] == "running"]
        ended = [each for each in found if each["state"] != "running"]
        self._experiments += [each["id"] for each in ended]
        for each in ended:
            self._note(each["body"])
        return ended

    def _capture(self, archive: zipfile.ZipFile, capture: MovedCapture) -> Iterator[None]:
        self._note(capture.body)
        text = json.dumps(capture.model_dump(mode="json"), ensure_ascii=False)
        yield from self._add(archive, f"captures/{capture.id}.json", [text.encode()])
        file = self._store.captures.file(capture.id)
        if file is not None:
            with file.open("rb") as source:
                yield from self._add(archive, f"captures/{capture.id}.safetensors",
                                     iter(lambda: source.read(PIECE), b""))

    def _note(self, body: str) -> None:
        """Remembers the vectors that a body names."""
        self._named |= vectors_of(body)

    def _vector(self, sha: str) -> bytes | None:
        """A vector's file; None where it is lost or damaged, which the manifest then tells.

        One lost vector must not keep a thousand other results from leaving.
        """
        try:
            array, name = self._vectors.whole(sha), self._vectors.info(sha).name
        except (VectorNotFound, StorageError):
            self._missing.append(sha)
            return None
        return tensor_bytes({"vector": np.ascontiguousarray(array)}, {"name": name})

    def _add(self, archive: zipfile.ZipFile, name: str, content: Iterable[bytes]
             ) -> Iterator[None]:
        digest, size = hashlib.sha256(), 0
        with archive.open(name, "w", force_zip64=True) as out:
            for piece in content:
                digest.update(piece)
                size += len(piece)
                for start in range(0, len(piece), SLICE):
                    self._guests.check()
                    out.write(piece[start:start + SLICE])
                yield
        self._files.append(BundledFile(name=name, sha256=digest.hexdigest(), n_bytes=size))
        yield


def whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Writes a file that appears whole, or not at all. Raises: StorageError; as `pieces`."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as out:
            out.writelines(pieces)
        part.replace(path)
    except OSError as error:
        raise StorageError.of(error, f"The bundle could not be written ({type(error).__name__}).",
                              hint="Check the folder, its permissions and free space.") from None
    finally:
        part.unlink(missing_ok=True)


def _line(moved: dict[str, Any]) -> bytes:
    return json.dumps(moved, ensure_ascii=False).encode() + b"\n"
