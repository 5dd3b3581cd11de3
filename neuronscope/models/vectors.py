"""Vectors kept under the SHA-256 of their content: directions, and dictionaries of them.

The content is the array's .npy file (format 1.0, little-endian float32 or float64, rows in
order), so `sha256sum` checks what is stored. Nothing in such a file is ever executed.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from neuronscope.errors import (
    DamagedFile,
    InvalidInput,
    NonFiniteNumber,
    StorageError,
    VectorNotFound,
)
from neuronscope.spec.vectors import VectorInfo
from neuronscope.wholefile import Checked, make_folder, synchronise, write_whole

HASH = re.compile(r"[0-9a-f]{64}")
MAX_NAME = 200


class Vectors:
    """A store of float vectors and matrices: files of a folder, or memory where it is None.

    Several processes may use one folder: a file appears whole, and never changes.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._place: _Memory | _Files = _Memory() if folder is None else _Files(folder)

    def add(self, values: Any, name: str = "", *, tensor: str | None = None,
            dtype: str | None = None) -> VectorInfo:
        """Keep an array (numpy, torch, nested lists, or a file's path) and tell its hash.

        tensor: which one of a .safetensors file; dtype: float32 or float64 to convert to.
        float32 and float64 are kept as they are, narrower floats as float32 and integers as
        float64, which changes no value. Adding the same content again can change its name alone.
        Raises: InvalidInput for other shapes than [width] and [rows, width] or other types;
        NonFiniteNumber; StorageError.
        """
        if isinstance(values, str | Path):
            values = read_array(Path(values), tensor)
        array = _plain(values, dtype)
        if len(name) > MAX_NAME:
            raise InvalidInput(f"A name has at most {MAX_NAME} characters.", pointer="/name")
        content = _content(array)
        sha = hashlib.sha256(content).hexdigest()
        self._place.put(sha, array, content, name)
        return self.info(sha)

    def info(self, sha: str, pointer: str = "") -> VectorInfo:
        """What is kept under a hash. Raises: VectorNotFound, StorageError."""
        array = self._array(sha, pointer)
        return VectorInfo(sha256=sha, name=self._place.name(sha), dtype=array.dtype.name,
                          shape=tuple(array.shape))

    def all(self) -> list[VectorInfo]:
        """Everything that is kept, by name. Raises: StorageError for a damaged file."""
        return sorted((self.info(sha) for sha in self._place.hashes()),
                      key=lambda info: (info.name, info.sha256))

    def whole(self, sha: str) -> np.ndarray:
        """What is kept under a hash, as it is kept. Raises: VectorNotFound, StorageError."""
        array = self._array(sha, "")
        self._place.check(sha)
        return array

    def row(self, sha: str, row: int | None) -> np.ndarray:
        """A vector, or one row of a matrix, in float64. Raises: VectorNotFound, StorageError."""
        array = self.whole(sha)
        return np.array(array if row is None else array[row], dtype=np.float64)

    def sent(self, sha: str) -> dict[str, Any]:
        """What is kept under a hash as plain data, to be sent and kept elsewhere."""
        info, array = self.info(sha), self._array(sha, "")
        return {"values": array.astype(np.float64).tolist(), "name": info.name,
                "dtype": info.dtype}

    def _array(self, sha: str, pointer: str) -> np.ndarray:
        known = HASH.fullmatch(sha) is not None
        array = self._place.array(sha) if known else None
        if array is not None:
            return array
        raise VectorNotFound(f"No vector is stored under {sha}." if known else
                             "No vector is stored under this.",
                             hint="`neuronscope vectors list` and GET /api/vectors list them.",
                             pointer=pointer)


class _Memory:
    """Vectors for as long as this object lives."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[np.ndarray, str]] = {}

    def put(self, sha: str, array: np.ndarray, content: bytes, name: str) -> None:
        self._kept[sha] = (array, name or (self.name(sha) if sha in self._kept else ""))

    def array(self, sha: str) -> np.ndarray | None:
        return self._kept[sha][0] if sha in self._kept else None

    def name(self, sha: str) -> str:
        return self._kept[sha][1]

    def hashes(self) -> Iterator[str]:
        yield from self._kept

    def check(self, sha: str) -> None:
        """Nothing else can have changed it."""


class _Files:
    """Vectors as files of a folder: HASH.npy, and HASH.json with the name where there is one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked = Checked()

    def put(self, sha: str, array: np.ndarray, content: bytes, name: str) -> None:
        try:
            make_folder(self._folder)
            if self._file(sha).is_file():
                synchronise(self._folder)  # whoever wrote it may have been killed just before
            else:
                write_whole(self._file(sha), content)
            if name:
                write_whole(self._file(sha).with_suffix(".json"),
                            json.dumps({"name": name}).encode())
        except OSError as error:
            raise StorageError.of(error, f"The vector could not be written "
                                  f"({type(error).__name__}).",
                                  hint="Check the permissions of the data folder.") from None

    def array(self, sha: str) -> np.ndarray | None:
        if not self._file(sha).is_file():
            return None
        try:
            return np.lib.format.open_memmap(self._file(sha), mode="r")
        except (OSError, ValueError, EOFError):
            raise _damaged(sha) from None

    def name(self, sha: str) -> str:
        file = self._file(sha).with_suffix(".json")
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["name"])
        except FileNotFoundError:
            return ""  # it was given none
        except (OSError, ValueError, KeyError, TypeError):
            raise StorageError(f"The name of the stored vector {sha} cannot be read.",
                               hint=f"Delete {file.name} in the folder `vectors`, and name it "
                                    "again by adding it again.") from None

    def hashes(self) -> Iterator[str]:
        if self._folder.is_dir():
            yield from (file.stem for file in self._folder.glob("*.npy")
                        if HASH.fullmatch(file.stem))

    def check(self, sha: str) -> None:
        with suppress(OSError):  # it cannot be read
            if self._checked.holds(self._file(sha), sha):
                return
        raise _damaged(sha)

    def _file(self, sha: str) -> Path:
        return self._folder / f"{sha}.npy"


def read_array(file: Path, tensor: str | None = None) -> np.ndarray:
    """The array of a .npy file, or of a .safetensors file (`tensor` says which of several).

    Raises: InvalidInput for a file that is neither, or holds no such tensor.
    """
    if file.suffix not in (".npy", ".safetensors"):
        raise InvalidInput("A vector is read from a .npy or a .safetensors file.")
    try:
        if file.suffix == ".npy":
            return np.lib.format.open_memmap(file, mode="r")
        return _tensor(file, tensor)
    except OSError:
        raise InvalidInput(f"The file {file.name!r} cannot be read.") from None
    except (ValueError, EOFError):
        raise InvalidInput(f"{file.name!r} is not a valid {file.suffix} file of numbers.") from None


def _tensor(file: Path, tensor: str | None) -> np.ndarray:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            names = sorted(opened.keys())
            chosen = names[0] if tensor is None and len(names) == 1 else tensor
            if chosen in names:
                return _numpy(opened.get_tensor(chosen))
    except SafetensorError:
        raise ValueError("damaged") from None
    raise InvalidInput(f"{file.name!r} holds {len(names)} tensors, none of them chosen.",
                       hint=f"Name one with --tensor: {', '.join(names[:10])}.")


def _numpy(values: Any) -> np.ndarray:
    """numpy has no bfloat16: a torch tensor of it comes as float32, which holds it exactly."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        if values.is_floating_point() and values.element_size() < 4:
            values = values.float()
        return values.numpy()
    return np.asarray(values)


def _plain(values: Any, dtype: str | None) -> np.ndarray:
    """The array as it is kept. Raises: InvalidInput, NonFiniteNumber."""
    try:
        array = _numpy(values)
    except (ValueError, TypeError):
        raise InvalidInput("The rows of a matrix must have one width.",
                           pointer="/values") from None
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise InvalidInput(f"A vector holds numbers, not {array.dtype.name}.", pointer="/values")
    if array.ndim not in (1, 2) or array.size == 0:
        raise InvalidInput(f"A vector has the shape [width] or [rows, width], not "
                           f"{list(array.shape)}.", pointer="/values")
    wide = array.dtype.kind in "iu" or array.dtype.itemsize == 8
    kind = {"float32": "<f4", "float64": "<f8", None: "<f8" if wide else "<f4"}[dtype]
    with np.errstate(over="ignore"):  # what overflows is refused below
        array = np.ascontiguousarray(array, dtype=kind)
    if not np.isfinite(array).all():
        raise NonFiniteNumber("A vector's numbers must be finite.", pointer="/values")
    return array


def _content(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _damaged(sha: str) -> DamagedFile:
    return DamagedFile(f"The stored vector {sha} is damaged.",
                       hint="Delete its file in the folder `vectors` and add it again.")
