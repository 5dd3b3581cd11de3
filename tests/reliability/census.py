"""Everything that a job may leave behind on a model, on transformers or on torch."""

from __future__ import annotations

import gc
import hashlib
import random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _len_torch_dispatch_stack
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks",
         "_state_dict_hooks", "_load_state_dict_pre_hooks")
GLOBAL_HOOKS = ("_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks",
                "_global_backward_pre_hooks")
FUNCTIONS = [(torch, "matmul"), (torch, "bmm"), (torch, "baddbmm"), (torch, "einsum"),
             (torch, "softmax"), (torch, "linspace"), (nn.functional, "softmax"),
             (nn.functional, "scaled_dot_product_attention"), (nn.functional, "linear"),
             (nn.Module, "__call__"), (nn.Module, "register_parameter"),
             (nn.Module, "register_buffer"), (nn.Linear, "forward"), (Tensor, "softmax"),
             (Tensor, "__matmul__")]
IDS = torch.tensor([[1, 3, 14, 15, 9, 26]])


def of_model(model: nn.Module) -> dict[str, Any]:
    """By what it is: hooks, forwards, attributes, modes, configurations, and the numbers."""
    found: dict[str, Any] = {}
    for name, module in model.named_modules():
        found[f"{name} hooks"] = [len(getattr(module, each)) for each in HOOKS]
        found[f"{name} own"] = sorted(vars(module)), type(module), module.training
        if hasattr(module, "config"):
            config = module.config
            found[f"{name} config"] = (config.to_dict(), config._attn_implementation)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        found[name] = (hashlib.sha256(tensor.detach().numpy().tobytes()).hexdigest(),
                       tensor.requires_grad, tensor.grad is None, tensor.data_ptr())
    return found


def of_process() -> dict[str, Any]:
    """What torch, transformers and this thread have set."""
    return {
        "attention": {name: id(each) for name, each in ALL_ATTENTION_FUNCTIONS.items()},
        "functions": [id(getattr(place, name)) for place, name in FUNCTIONS],
        "hooks": [len(getattr(nn.modules.module, each)) for each in GLOBAL_HOOKS],
        "modes": (torch.overrides._len_torch_function_stack(), _len_torch_dispatch_stack()),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(),
                      torch.is_autocast_enabled()),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "deterministic": (torch.are_deterministic_algorithms_enabled(),
                          torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark),
        "precision": (torch.get_default_dtype(), torch.get_float32_matmul_precision(),
                      torch.get_default_device()),
        "chance": (_short(torch.get_rng_state().numpy()), _short(np.random.get_state()[1]),
                   hash(random.getstate())),
        "collector": gc.isenabled(),
    }


def canary(model: nn.Module) -> bytes:
    """The bits of one plain forward."""
    with torch.no_grad():
        return model(input_ids=IDS, use_cache=False).logits.numpy().tobytes()


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is not as it was."""
    return [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]


def _short(values: np.ndarray) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()
