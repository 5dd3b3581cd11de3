"""Content digests of weights and tokenizers, and of the environment a result came from."""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import platform
import re
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neuronscope.errors import ModelRefused
from neuronscope.models.placement import kept_tensors
from neuronscope.models.stopping import stop_if_asked
from neuronscope.spec.hashing import content_hash
from neuronscope.version import __version__

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
EXTRAS = ("accelerate", "bitsandbytes", "kernels")
"""Packages that some models are run by."""
COMPUTING = ("engine", "hooks", "models", "spec")
"""The parts of this package from which results follow."""
DRIVER_FILE = Path("/proc/driver/nvidia/version")
FILE_DTYPES = {
    "bfloat16": "BF16", "bool": "BOOL", "float16": "F16", "float32": "F32", "float64": "F64",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "int16": "I16", "int32": "I32",
    "int64": "I64", "int8": "I8", "uint8": "U8",
}
"""What safetensors calls torch's dtypes."""


def weights_digest(files: list[Path]) -> str:
    """SHA-256 over the canonical map {tensor name: [dtype, shape, sha256 of bytes]}.

    Independent of how tensors are spread over files and of file metadata.
    Raises: ModelRefused when a file is not valid safetensors; Cancelled.
    """
    tensors: dict[str, list[Any]] = {}
    for file in sorted(files):
        header, start = read_header(file)
        with file.open("rb") as handle, mmap.mmap(
            handle.fileno(), 0, access=mmap.ACCESS_READ
        ) as data:
            for name, entry in header.items():
                stop_if_asked()
                begin, end = entry["data_offsets"]
                digest = hashlib.sha256(memoryview(data)[start + begin:start + end]).hexdigest()
                tensors[name] = [entry["dtype"], entry["shape"], digest]
    return content_hash(tensors)


def read_header(file: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """The tensors of a safetensors file, and where their data begins.

    Raises: ModelRefused when the header is damaged or points outside the file.
    """
    size = file.stat().st_size
    try:
        with file.open("rb") as handle:
            length = int.from_bytes(handle.read(8), "little")
            if length > min(size, 100_000_000):
                raise ValueError("header longer than the file")
            header = json.loads(handle.read(length), object_pairs_hook=_once)
        header.pop("__metadata__", None)
        ends = [_end_of(entry) for entry in header.values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelRefused(f"{file.name} is not a valid safetensors file.",
                           hint="Copy the file again; it may be cut off.") from error
    if 8 + length + max(ends, default=0) != size:
        raise ModelRefused(
            f"{file.name} has {size} bytes, its header tells {8 + length + max(ends, default=0)}.",
            hint="Copy the file again; it may be cut off.")
    return header, 8 + length


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises: ValueError for a name that is there twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _end_of(entry: dict[str, Any]) -> int:
    """Where a tensor's data end. Raises: ValueError, KeyError, TypeError for what is no entry."""
    begin, end = entry["data_offsets"]
    numbers = [begin, end, *entry["shape"]]
    if not isinstance(entry["dtype"], str) or not all(type(each) is int for each in numbers) or (
            min(numbers) < 0 or begin > end or math.prod(entry["shape"]) > 16 * (end - begin)):
        raise ValueError("not an entry of a safetensors header")
    return end


def module_digest(model: nn.Module, *, as_saved: bool = False) -> str:
    """The same kind of digest for a model in memory; tied tensors count under each name.

    as_saved: once, and with dtypes named as in a file. That gives a folder's digest where
    its files hold the tensors as the model does.
    """
    twice = _twice(model) if as_saved else set()
    tensors = {}
    for name, tensor in kept_tensors(model):
        if name in twice:
            continue
        raw = tensor.detach().contiguous().cpu().reshape(-1).view(torch.uint8).numpy().tobytes()
        dtype = str(tensor.dtype).removeprefix("torch.")
        tensors[name] = [FILE_DTYPES.get(dtype, dtype) if as_saved else dtype,
                         list(tensor.shape), hashlib.sha256(raw).hexdigest()]
    return content_hash(tensors)


def _twice(model: nn.Module) -> set[str]:
    """Names under which a file leaves a tied tensor out: it has it under another."""
    state = model.state_dict()
    return {name for name, other in getattr(model, "all_tied_weights_keys", {}).items()
            if name in state and other in state and not state[name].is_meta
            and state[name].data_ptr() == state[other].data_ptr()}


def config_digest(config: Any) -> str:
    """SHA-256 over what a configuration computes with: not names, versions, dtype or paths.

    Two models with the same weights differ by it: another rotary base, window or norm epsilon.
    """
    return content_hash(_no_floats(_computing(config.to_dict())))


NOT_COMPUTED_WITH = {
    "_name_or_path", "name_or_path", "transformers_version", "dtype", "torch_dtype",
    "architectures", "attn_implementation", "_attn_implementation", "_commit_hash",
    "use_cache", "id2label", "label2id", "output_attentions", "output_hidden_states",
    "return_dict", "problem_type",
}


def _computing(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _computing(value) for key, value in data.items()
                if key not in NOT_COMPUTED_WITH}
    return [_computing(item) for item in data] if isinstance(data, list | tuple) else data


def tokenizer_digest(hf: Any) -> str:
    """SHA-256 over what a tokenizer does: its pipeline, vocabulary and special tokens.

    Not over padding and truncation: the last call leaves those behind, and no prompt here
    is padded or cut.
    """
    backend = getattr(hf, "backend_tokenizer", None)
    pipeline = (json.loads(backend.to_str()) | {"padding": None, "truncation": None}
                if backend is not None else sorted(hf.get_vocab().items()))
    specials = {key: str(value) for key, value in hf.special_tokens_map.items()}
    return content_hash(_no_floats([type(hf).__name__ if backend is None else "fast",
                                    pipeline, specials]))


def _no_floats(data: Any) -> Any:
    """Floats as text: vocabularies with scores hold more digits than JSON promises."""
    if isinstance(data, float):
        return repr(data)
    if isinstance(data, dict):
        return {key: _no_floats(value) for key, value in data.items()}
    return [_no_floats(item) for item in data] if isinstance(data, list | tuple) else data


def environment(device: torch.device) -> dict[str, Any]:
    """What a result may depend on beside its spec: versions, code, processor, threads, flags."""
    return {
        "neuronscope": __version__,
        "code": code(),
        "python": platform.python_version(),
        **versions(),
        "machine": platform.machine(),
        "cpu_isa": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": _device_name(device),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "matmul_precision": torch.get_float32_matmul_precision(),
        **(_on_cuda() if device.type == "cuda" else {}),
    }


@cache
def versions() -> dict[str, str]:
    """The versions of the packages that results depend on, optional ones where installed."""
    return {package: version(package) for package in (*PACKAGES, *EXTRAS)
            if package in PACKAGES or find_spec(package) is not None}


@cache
def code() -> str:
    """Digest of NeuronScope's own code that finds sites, edits and measures."""
    package = Path(__file__).resolve().parent.parent
    files = sorted(file for part in COMPUTING for file in package.glob(f"{part}/*.py"))
    return content_hash([[file.relative_to(package).as_posix(),
                          hashlib.sha256(file.read_bytes()).hexdigest()] for file in files])


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}"
    return device.type


def _on_cuda() -> dict[str, Any]:
    """What a GPU's results depend on beside the device's name."""
    return {"driver": driver_version(DRIVER_FILE), "cudnn": torch.backends.cudnn.version(),
            "cudnn_deterministic": torch.backends.cudnn.deterministic,
            "cudnn_benchmark": torch.backends.cudnn.benchmark}


def driver_version(file: Path) -> str:
    """The NVIDIA driver's version as the kernel module tells it; "unknown" where it does not."""
    try:
        found = re.search(r"Kernel Module.*?\s(\d+\.\d[\d.]*)\s", file.read_text(encoding="utf-8"))
    except OSError:
        return "unknown"
    return found[1] if found else "unknown"
