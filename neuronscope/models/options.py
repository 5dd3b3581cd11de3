"""How a model folder is to be loaded: plain values, checked when they are made."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from neuronscope.errors import InvalidInput

SPREAD = ("auto", "balanced", "balanced_low_0", "sequential")
"""Names of accelerate's ways to choose a device map."""
QUANTIZATIONS = ("8bit", "4bit")
UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
         "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}

Places = Mapping[str, "int | str"]


@dataclass(frozen=True)
class LoadOptions:
    """Where, in which numbers, and how much of a model goes where.

    device: `auto` (cuda, then mps, then cpu) or a torch device. dtype: `auto` (the
    checkpoint's on an accelerator, float32 on a CPU), float32, bfloat16 or float16.
    device_map: None keeps the model on the one device; a name of SPREAD lets accelerate
    spread it over all devices, the CPU and the disk; a mapping of module names to devices,
    `cpu` or `disk` says it. max_memory: with a map that is chosen, the most bytes of each
    device (a number, or text such as 20GiB); devices that it does not name are not used.
    offload_folder: for weights on the disk that are not as the model's files hold them; None
    is a temporary folder. quantization: None, `8bit` or `4bit`, made of wider weights on loading.
    Raises: InvalidInput.
    """

    device: str = "auto"
    dtype: str = "auto"
    device_map: str | Places | None = None
    max_memory: str | Places | None = None
    offload_folder: str | Path | None = None
    quantization: str | None = None

    def __post_init__(self) -> None:
        _check_kinds(self)
        if self.device_map == {}:
            raise InvalidInput("The device map names no module.",
                               hint=f"Use {', '.join(SPREAD)}, or map the module '' to a device.")
        if isinstance(self.device_map, str) and self.device_map not in SPREAD:
            raise InvalidInput(f"{self.device_map[:40]!r} is no device map.",
                               hint=f"Use {', '.join(SPREAD)}, or a mapping in Python.")
        if self.device_map is not None and self.device != "auto":
            raise InvalidInput("A device and a device map were both given.",
                               hint="Leave one of them out.")
        if self.max_memory is not None and not isinstance(self.device_map, str):
            raise InvalidInput("max_memory bounds a device map that is chosen, and none is.",
                               hint="Give the device map auto, too.")
        if self.quantization is not None and self.quantization not in QUANTIZATIONS:
            raise InvalidInput(f"{self.quantization[:40]!r} is no quantization here.",
                               hint=f"Use {' or '.join(QUANTIZATIONS)}.")
        self.memory()
        if self.offload_folder is not None:
            check_folder("offload_folder", self.offload_folder)

    def memory(self) -> dict[int | str, int] | None:
        """max_memory in bytes, with CUDA devices by number, as accelerate takes it.

        Raises: InvalidInput.
        """
        given = self.max_memory
        if given is None:
            return None
        if isinstance(given, str):
            given = dict(_pair(part) for part in given.split(","))
        return {_device(name): _bytes(size) for name, size in given.items()}


def check_folder(name: str, value: Any) -> None:
    """Whether an argument names a folder, or one that can be made.

    Raises: InvalidInput.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise _wrong_kind(name, "the path of a folder", value)
    path = Path(value).absolute()
    there = next(each for each in (path, *path.parents) if _is_there(name, each))
    if not there.is_dir():
        raise InvalidInput(f"{name} leads to a file, not to a folder.",
                           hint="Name a folder; it is made where it does not exist.")


def _is_there(name: str, path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        raise InvalidInput(f"{name} is no path that can be read here.") from None
    return True


def _check_kinds(options: LoadOptions) -> None:
    """Raises: InvalidInput for a value of a type that its option does not take."""
    for name in ("device", "dtype"):
        value = getattr(options, name)
        if not isinstance(value, str) and type(value).__module__ != "torch":
            raise _wrong_kind(name, f"text such as 'auto', or a torch.{name}", value)
    for name, mapped in (("device_map", "modules to devices"),
                         ("max_memory", "devices to bytes")):
        value = getattr(options, name)
        if not isinstance(value, (str, Mapping, NoneType)):
            raise _wrong_kind(name, f"text, or a mapping of {mapped}", value)
    if isinstance(options.device_map, Mapping):
        for module in options.device_map:
            if not isinstance(module, str):
                raise _wrong_kind("A module of the device map", "named by text", module)
    if not isinstance(options.quantization, (str, NoneType)):
        raise _wrong_kind("quantization", " or ".join(map(repr, QUANTIZATIONS)),
                          options.quantization)


def _wrong_kind(name: str, allowed: str, value: Any) -> InvalidInput:
    return InvalidInput(f"{name} must be {allowed}; this is {article(type(value).__name__)}.")


def article(noun: str) -> str:
    """`an int`, `a list`."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _pair(text: str) -> tuple[str, str]:
    name, equals, size = text.partition("=")
    if not equals:
        raise _wrong(text)
    return name.strip(), size.strip()


def _device(name: int | str) -> int | str:
    number = re.fullmatch(r"(?:cuda:)?(\d+)", str(name))
    if number:
        return int(number[1])
    if name not in ("cpu", "disk", "mps"):
        raise _wrong(str(name))
    return name


def _bytes(size: int | str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(size))
    if found is None or found[2].upper() not in UNITS:
        raise _wrong(str(size))
    return int(float(found[1]) * UNITS[found[2].upper()])


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(f"{text[:40]!r} is no part of a memory bound.",
                        hint="Write it like cuda:0=20GiB,cpu=64GiB.")
