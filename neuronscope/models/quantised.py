"""Quantised models: what they need to run here, known before they are loaded."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from neuronscope.errors import InvalidInput, ModelRefused

NEEDS: dict[str, tuple[str, str, bool]] = {
    "aqlm": ("aqlm", "aqlm[gpu,cpu]", False),
    "auto-round": ("auto_round", "auto-round", False),
    "awq": ("gptqmodel", "gptqmodel", False),
    "bitsandbytes": ("bitsandbytes", "bitsandbytes", False),
    "compressed-tensors": ("compressed_tensors", "compressed-tensors", False),
    "eetq": ("kernels", "kernels", True),
    "fbgemm_fp8": ("fbgemm_gpu", "fbgemm-gpu", True),
    "fp_quant": ("fp_quant", "fp_quant", True),
    "gptq": ("gptqmodel", "optimum gptqmodel", False),
    "higgs": ("flute", "flute-kernel fast_hadamard_transform", True),
    "hqq": ("hqq", "hqq", False),
    "nvfp4": ("kernels", "kernels", True),
    "quanto": ("optimum", "optimum-quanto", False),
    "quark": ("quark", "amd-quark", False),
    "sinq": ("sinq", "sinq", False),
    "spqr": ("spqr_quant", "spqr_quant[gpu]", True),
    "torchao": ("torchao", "torchao", False),
    "vptq": ("vptq", "vptq", True),
}
"""By method: the module that transformers imports, what to install, whether it wants a GPU.

Methods that are not here (fp8, mxfp4, bitnet) need no library of their own: without a GPU
that has them, transformers widens the weights. Source: transformers.quantizers, 5.23.
"""
REFUSALS = (ImportError, RuntimeError, ValueError, TypeError, KeyError, AttributeError,
            NotImplementedError)


def quantised_by(config: dict[str, Any]) -> dict[str, Any] | None:
    """The quantisation that config.json tells of, its own or its language model's."""
    text = config.get("text_config")
    for each in (config, text if isinstance(text, dict) else {}):
        if isinstance(each.get("quantization_config"), dict):
            return each["quantization_config"]
    return None


def asked_for(kind: str, dtype: torch.dtype) -> Any:
    """The configuration that quantises to `8bit` or `4bit` (NF4) on loading; needs bitsandbytes.

    Without columns of outliers in 8 bits: which those are would depend on a batch's other rows.
    """
    from transformers import BitsAndBytesConfig

    if kind == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=0.0)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4",
                              bnb_4bit_compute_dtype=dtype)


def check_numbers(name: str, config: dict[str, Any], quantization: str | None) -> None:
    """Whether the numbers of a model, as they are or as they are asked for, can be run here.

    quantization: what is asked for; see LoadOptions.
    Raises: ModelRefused, with what to install; InvalidInput for a second quantisation.
    """
    present = quantised_by(config)
    if present is not None and quantization is not None:
        raise InvalidInput(f"{name!r} is quantised already.", hint="Load it as it is.")
    if quantization is not None:
        present = {"quant_method": "bitsandbytes", f"load_in_{quantization}": True}
    if present is not None:
        told = repr(name) + (" is" if quantization is None else " is to be")
        _check_quantised(name, told, present)


def is_quantised(model: nn.Module) -> bool:
    """Whether a loaded model's weights are packed numbers."""
    return getattr(model, "quantization_method", None) is not None


def count_parameters(model: nn.Module) -> int:
    """How many weights a model has; of packed 4-bit matrices, each of those in a byte."""
    if is_quantised(model):
        return int(model.num_parameters())
    tied = getattr(model, "all_tied_weights_keys", {})  # on the disk, each stands by itself
    return sum(parameter.numel() for name, parameter in model.named_parameters()
               if not (parameter.is_meta and name in tied))


def _check_quantised(name: str, told: str, quantisation: dict[str, Any]) -> None:
    """told: the subject of what is said, with its verb."""
    _check_library(told, method := _method(name, quantisation))
    from transformers.quantizers.auto import AutoHfQuantizer

    try:
        quantizer = AutoHfQuantizer.from_config(dict(quantisation), pre_quantized=True)
        quantizer.validate_environment(device_map=None)
    except REFUSALS as error:
        raise ModelRefused(
            f"{told} quantised with {method}, which transformers cannot run here "
            f"({type(error).__name__}).", hint=_hint(method)) from error


def _check_library(told: str, method: str) -> None:
    """Raises: ModelRefused when a method's library, or the GPU that it wants, is not there."""
    module, _, wants_gpu = NEEDS.get(method, ("", "", False))
    if wants_gpu and not torch.cuda.is_available():
        raise ModelRefused(f"{told} quantised with {method}, which needs a CUDA GPU.",
                           hint="Use a model that is not quantised, or quantised otherwise.")
    if module and find_spec(module) is None:
        raise ModelRefused(f"{told} quantised with {method}, whose library is not installed.",
                           hint=_hint(method))


def _method(name: str, quantisation: dict[str, Any]) -> str:
    """The method's name. Raises: ModelRefused for one that transformers does not have."""
    from transformers.quantizers.auto import AUTO_QUANTIZATION_CONFIG_MAPPING

    method = quantisation.get("quant_method")
    if method is None and (quantisation.get("load_in_8bit") or quantisation.get("load_in_4bit")):
        return "bitsandbytes"
    if isinstance(method, str) and (
            method == "bitsandbytes" or method in AUTO_QUANTIZATION_CONFIG_MAPPING):
        return str(method)
    raise ModelRefused(f"{name!r} is quantised in a way that transformers does not know.",
                       hint="Upgrade transformers, or use a model that is not quantised.")


def _hint(method: str) -> str:
    _, install, _ = NEEDS.get(method, ("", "", False))
    return (f"Run: pip install -U {install}" if install
            else "Use a model that is not quantised, or quantised otherwise.")
