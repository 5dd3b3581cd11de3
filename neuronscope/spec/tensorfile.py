"""Safetensors files with numpy alone: written in one pass, read entry by entry.

Format: the header's length (8 bytes, little-endian), the header (JSON), the data. numpy has
no bfloat16: its bits are kept as they are, and widened to float32 for whoever reads them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuronscope.errors import StorageError

KINDS = {"float64": ("F64", "<f8"), "float32": ("F32", "<f4"), "float16": ("F16", "<f2"),
         "bfloat16": ("BF16", "<u2")}
"""dtype → its name in the file, and the numpy type of its bits."""

_DTYPES = {kind: dtype for dtype, (kind, _) in KINDS.items()}

WIDENED = "numpy has no bfloat16; arrays hold the same values as float32"

MAX_HEADER = 1 << 24
"""Bytes of the longest header of a file that a stranger wrote."""

Bits = tuple[str, np.ndarray]
"""A dtype and an array of its bits, C-contiguous, of the numpy type in `KINDS`."""


def widen(dtype: str, bits: np.ndarray) -> np.ndarray:
    """The values that bits of a dtype stand for; bfloat16 as float32, exactly."""
    if dtype != "bfloat16":
        return bits
    return (bits.astype(np.uint32) << 16).view(np.float32)


def write(path: Path, tensors: Mapping[str, Bits], metadata: Mapping[str, str]) -> None:
    """Writes a file whole and durably: under another name first, which then becomes `path`.

    Raises: StorageError.
    """
    # the widest first, so that every tensor starts where its type may
    tensors = dict(sorted(tensors.items(), key=lambda item: -item[1][1].itemsize))
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(_header(tensors, metadata))
                for _, bits in tensors.values():
                    file.write(memoryview(np.ascontiguousarray(bits).reshape(-1)).cast("B"))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError.of(
            error, f"The file of tensors could not be written ({error.strerror}).",
            hint="Check the folder and its permissions.") from error


def _header(tensors: Mapping[str, Bits], metadata: Mapping[str, str]) -> bytes:
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    start = 0
    for name, (dtype, bits) in tensors.items():
        header[name] = {"dtype": KINDS[dtype][0], "shape": list(bits.shape),
                        "data_offsets": [start, start + bits.nbytes]}
        start += bits.nbytes
    text = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def entries_in(head: bytes, size: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The dtype and shape of each entry of a file of `size` bytes that begins with `head`.

    Raises: ValueError where an entry is of another type than ours, or not within the file.
    """
    length = int.from_bytes(head[:8], "little")
    try:
        header = json.loads(head[8:8 + length] if length <= MAX_HEADER - 8 else b"")
        header.pop("__metadata__", None)
        for entry in header.values():
            dtype = np.dtype(KINDS[_DTYPES[entry["dtype"]]][1])
            start, end = entry["data_offsets"]
            if any(type(each) is not int or each < 0 for each in (start, end, *entry["shape"])):
                raise ValueError("no place or shape")
            due = dtype.itemsize * math.prod(entry["shape"])
            if not (start <= end <= size - 8 - length and end - start == due):
                raise ValueError("an entry lies elsewhere")
        return {name: (_DTYPES[entry["dtype"]], tuple(entry["shape"]))
                for name, entry in header.items()}
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("no header of tensors") from None


class TensorFile(Mapping[str, np.ndarray]):
    """The arrays of a file by name; each is read when it is asked for.

    Raises: StorageError when the file is missing or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(min(length, path.stat().st_size)))
        except (OSError, ValueError) as error:
            raise StorageError("The file of this capture's tensors is missing or damaged.",
                               hint="Capture again with rerun.") from error
        self.metadata: dict[str, str] = header.pop("__metadata__", {})
        self._entries, self._start = header, 8 + length

    def bits(self, name: str) -> Bits:
        """The dtype and, mapped from the file, the bits of an entry. Raises: KeyError."""
        entry = self._entries[name]
        dtype = _DTYPES[entry["dtype"]]
        return dtype, np.memmap(self.path, KINDS[dtype][1], "r",
                                self._start + entry["data_offsets"][0], tuple(entry["shape"]))

    def __getitem__(self, name: str) -> np.ndarray:
        return widen(*self.bits(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def npy_pieces(dtype: str, bits: np.ndarray, piece: int = 1 << 20) -> Iterator[bytes]:
    """An array as the bytes of a .npy file, `piece` values at a time."""
    from io import BytesIO

    head = BytesIO()
    wide = np.dtype("<f4" if dtype == "bfloat16" else KINDS[dtype][1])
    np.lib.format.write_array_header_1_0(head, {
        "descr": wide.str, "fortran_order": False, "shape": bits.shape})
    yield head.getvalue()
    flat = bits.reshape(-1)
    for start in range(0, flat.size, piece):
        yield widen(dtype, flat[start:start + piece]).tobytes()
