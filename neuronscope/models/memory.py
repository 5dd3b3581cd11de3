"""What a model will take, from its files' headers, against what there is: before loading it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

from neuronscope.errors import OutOfMemory
from neuronscope.models.certify import EFFECT_ROWS
from neuronscope.models.fingerprint import read_header
from neuronscope.models.placement import Placement
from neuronscope.models.quantised import quantised_by

FLOATS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""Dtypes of safetensors that are loaded in the dtype that is asked for."""
BYTES = {"8bit": 1.0, "4bit": 0.5}
"""Bytes per weight of a matrix that is quantised on loading."""
GIB = 2**30


def weight_bytes(
    files: Iterable[Path], dtype: torch.dtype | str, quantization: str | None = None,
    under: str = "",
) -> int:
    """Bytes of the weights once they are loaded: of a quantised model, at least.

    dtype: `auto` for the files' own. under: of the tensors with this prefix alone.
    Raises: ModelRefused for a damaged file.
    """
    total = 0.0
    for file in files:
        for name, entry in read_header(file)[0].items():
            if name == under or not under or name.startswith(f"{under}."):
                total += _loaded(entry, dtype, quantization)
    return math.ceil(total)


def _loaded(entry: dict[str, Any], dtype: torch.dtype | str, quantization: str | None) -> float:
    begin, end = entry["data_offsets"]
    if entry["dtype"] not in FLOATS:
        return end - begin
    if quantization is not None and len(entry["shape"]) > 1:
        return math.prod(entry["shape"]) * BYTES[quantization]
    return (end - begin if isinstance(dtype, str)
            else math.prod(entry["shape"]) * dtype.itemsize)


def working_bytes(config: dict[str, Any]) -> int:
    """What the forwards of certification take beside the weights: mostly their logits.

    0 where config.json does not tell the vocabulary's size.
    """
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
    vocab = text.get("vocab_size")
    return EFFECT_ROWS * vocab * (4 + 8) if isinstance(vocab, int) and vocab > 0 else 0


def free_bytes(device: torch.device) -> int | None:
    """Bytes that can be had on a device now; None where that cannot be known."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    bounds = [each for each in (_available(), *_groups()) if each is not None]
    return min(bounds, default=None)


def check_room(
    name: str, files: list[Path], config: dict[str, Any], placement: Placement
) -> None:
    """Raises: OutOfMemory, with what is needed and what is free, for a model that cannot fit."""
    if placement.device is not None:
        _check_one(name, files, config, placement)
    places = placement.places()
    for device in dict.fromkeys(places.values()):
        share = sum(weight_bytes(files, placement.dtype, placement.quantization, module)
                    for module, there in places.items() if there == device)
        free = free_bytes(device)
        if free is not None and share > free:
            raise OutOfMemory(f"The device map puts {_told(share)} of {name!r} on {device}, where "
                              f"{_told(free)} is free.", hint="Put more on other devices, or disk.")


def _check_one(
    name: str, files: list[Path], config: dict[str, Any], placement: Placement
) -> None:
    weights = weight_bytes(files, placement.dtype, placement.quantization)
    work = working_bytes(config)
    free = free_bytes(placement.device)
    if free is None or weights + work <= free:
        return
    half = weight_bytes(files, torch.bfloat16)
    helps = ["the device map auto, which spreads it over devices, CPU and disk"]
    if placement.quantization is None and half < weights:
        helps.insert(0, f"the dtype bfloat16 ({_told(half + work)})")
    if placement.quantization is None and quantised_by(config) is None:
        helps.append(f"the quantization 4bit ({_told(weight_bytes(files, 'auto', '4bit') + work)})")
    raise OutOfMemory(
        f"{name!r} needs at least {_told(weights + work)} on {placement.device}: {_told(weights)} "
        f"of weights and {_told(work)} to run. {_told(free)} is free.",
        hint=f"What helps: {', '.join(helps)}.")


def _told(size: int) -> str:
    return f"{size / GIB:.2f} GiB" if size >= GIB else f"{size / 2**20:.2f} MiB"


def _available() -> int | None:
    """Linux's own estimate of what can be had without swapping."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _groups(
    root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> Iterator[int]:
    """What the control groups of this process, and those around them, leave of their limits.

    Pages of files that the system can drop count as free.
    """
    try:
        rows = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for row in rows:
        _, controllers, path = row.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "memory" if controllers else root
        names = (("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                 if controllers else ("memory.max", "memory.current", "inactive_file"))
        here = base / path.lstrip("/")
        for folder in (here, *here.parents):
            left = _left(folder, *names)
            if left is not None:
                yield left
            if folder == base:
                break


def _left(folder: Path, limit: str, used: str, droppable: str) -> int | None:
    """What one group leaves; None where it has no limit, or does not tell."""
    try:
        most, now = (int((folder / each).read_text(encoding="ascii")) for each in (limit, used))
        rows = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    stat = dict(row.split() for row in rows)
    return most - now + int(stat.get(droppable, 0))
