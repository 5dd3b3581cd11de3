"""A capture with its arrays, wherever they are: in memory, in a file, or on a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from neuronscope.spec.captures import CaptureData
from neuronscope.spec.tensorfile import Bits, TensorFile, widen, write


class Source(Protocol):
    """Where the arrays of a capture are."""

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The arrays by entry name."""

    def save(self, path: Path) -> None:
        """Writes them as a safetensors file."""


class Captured:
    """`arrays["z.3"]` is a numpy array with the dimensions that its entry of `data` names.

    bfloat16 comes as float32 (the same values). Empty where only statistics were asked for.
    """

    def __init__(self, data: CaptureData, source: Source) -> None:
        self.data = data
        self._source = source

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The arrays by entry name, each made when it is asked for."""
        return self._source.arrays

    @property
    def capture_hash(self) -> str:
        """What identifies the question, as `spec_hash` does a run's."""
        return self.data.capture_hash

    def to_safetensors(self, path: str | Path) -> None:
        """Writes the tensors, in the model's own dtype, with `data` in the file's metadata.

        Raises: StorageError.
        """
        self._source.save(Path(path))


class InMemory(Mapping[str, np.ndarray]):
    """Arrays held as the model's bits, widened when they are asked for."""

    def __init__(self, data: CaptureData, bits: Mapping[str, Bits]) -> None:
        self._data, self._bits = data, bits

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        return self

    def save(self, path: Path) -> None:
        write(path, self._bits, file_metadata(self._data))

    def __getitem__(self, name: str) -> np.ndarray:
        return widen(*self._bits[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._bits)

    def __len__(self) -> int:
        return len(self._bits)


def file_metadata(data: CaptureData) -> dict[str, str]:
    """What a file of tensors says of itself."""
    return {"format": "np", "neuronscope.capture_hash": data.capture_hash,
            "neuronscope.capture": data.model_dump_json()}


class OnDisk:
    """Arrays in a safetensors file, read when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._file = TensorFile(path)

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        return self._file

    def save(self, path: Path) -> None:
        write(path, {name: self._file.bits(name) for name in self._file}, self._file.metadata)
