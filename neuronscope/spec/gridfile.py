"""A grid as one binary file, which is read without a parser of numbers: a safetensors file.

The file is: the length of the header (8 bytes, little-endian), the header (JSON), the arrays. The
header names each array with `dtype`, `shape` and `data_offsets` (from the header's end), and
under `__metadata__` three texts that are JSON themselves:

    grid        the `GridData` without `values`, `status`, `spread` and `top`
    statuses    the names of the status codes, in order: `["ok", "undefined", …]`
    texts       the texts of the tokens that are best somewhere

The arrays, in the grid's shape (row-major in `dims`), for every metric:

    values.KEY  F64, or F32 where that was asked for; NaN wherever the status is not `ok`
    status.KEY  U8, a place in `statuses`
    spread.KEY  as values, where there are several draws
    top.id, top.logit, top.prob, top.text
                of the edited run's best token; `id` is I32 and -1 where there is none, `text`
                is I32, a place in `texts`, and the others are as values

As F64 every value is exactly the one of the JSON form; F32 is rounded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from neuronscope.spec.results import GridData, TokenScore
from neuronscope.spec.status import Status

MEDIA_TYPE = "application/x-safetensors"
STATUSES: tuple[str, ...] = get_args(Status)
KINDS = {"<f8": "F64", "<f4": "F32", "<i4": "I32", "|u1": "U8"}
NUMPY = {kind: dtype for dtype, kind in KINDS.items()}

Width = Literal["float64", "float32"]


def packed(data: GridData, dtype: Width = "float64") -> bytes:
    """The grid as a file. dtype: of its values."""
    shape = tuple(len(data.coords[dim]) for dim in data.dims)
    code = {name: place for place, name in enumerate(STATUSES)}
    texts = list(dict.fromkeys(each.token for each in data.top if each is not None))
    place = {text: number for number, text in enumerate(texts)}
    number = "<f8" if dtype == "float64" else "<f4"
    arrays: dict[str, Any] = {f"values.{key}": (number, column)
                              for key, column in data.values.items()}
    arrays |= {f"spread.{key}": (number, column) for key, column in data.spread.items()}
    arrays |= {f"top.{name}": (number, [getattr(each, name, None) for each in data.top])
               for name in ("logit", "prob")}
    arrays["top.id"] = "<i4", [-1 if each is None else each.id for each in data.top]
    arrays["top.text"] = "<i4", [-1 if each is None else place[each.token] for each in data.top]
    arrays |= {f"status.{key}": ("|u1", [code[each] for each in column])
               for key, column in data.status.items()}
    head = data.model_copy(update={"values": {}, "status": {}, "spread": {}, "top": []})
    return _file({name: _array(*given).reshape(shape) for name, given in arrays.items()}, {
        "grid": head.model_dump_json(), "statuses": json.dumps(STATUSES),
        "texts": json.dumps(texts)})


def unpacked(content: bytes) -> GridData:
    """The grid of a file that `packed` made; of float64, exactly the one that was packed."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    told = header.pop("__metadata__")
    texts, statuses = json.loads(told["texts"]), json.loads(told["statuses"])
    columns: dict[str, list[Any]] = {}
    for name, entry in header.items():
        start, _ = entry["data_offsets"]
        array = np.frombuffer(content, NUMPY[entry["dtype"]], math.prod(entry["shape"]),
                              8 + length + start)
        columns[name] = [None if math.isnan(each) else each for each in array.tolist()]

    def of(part: str) -> dict[str, list[Any]]:
        return {name.removeprefix(part): column for name, column in columns.items()
                if name.startswith(part)}

    rows = zip(*(columns[f"top.{name}"] for name in ("id", "text", "logit", "prob")), strict=True)
    top = [None if token < 0 else TokenScore(id=token, token=texts[text], logit=logit, prob=prob)
           for token, text, logit, prob in rows]
    return GridData.model_validate_json(told["grid"]).model_copy(update={
        "values": of("values."), "spread": of("spread."), "top": top,
        "status": {key: [statuses[code] for code in column]
                   for key, column in of("status.").items()}})


def _array(dtype: str, column: list[Any]) -> np.ndarray:
    with np.errstate(over="ignore"):  # beyond float32's range: infinite
        return np.array(column, np.float64 if dtype[1] == "f" else dtype).astype(dtype)


def _file(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    widest_first = sorted(arrays.items(), key=lambda item: -item[1].itemsize)  # aligns each
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, array in widest_first:
        header[name] = {"dtype": KINDS[array.dtype.str], "shape": list(array.shape),
                        "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text,
                     *(array.tobytes() for _, array in widest_first)])
