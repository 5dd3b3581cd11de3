"""Writes the HuggingFace folder from a checkpoint and proves that it computes the same."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from . import schedule
from .network import NORM_EPS, ROPE_THETA, Network, Shape
from .tokenizer import BOS_ID
from .train import CHECKPOINT

PAD_ID = 1
HASHED = ("model.safetensors", "config.json", "tokenizer.json")


def config(shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocab,
        "hidden_size": shape.d_model,
        "intermediate_size": shape.d_mlp,
        "num_hidden_layers": shape.n_layers,
        "num_attention_heads": shape.n_heads,
        "num_key_value_heads": shape.n_heads,
        "head_dim": shape.d_head,
        "hidden_act": "silu",
        "max_position_embeddings": schedule.CONTEXT,
        "rms_norm_eps": NORM_EPS,
        "rope_theta": ROPE_THETA,
        "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_THETA},
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "initializer_range": 0.02,
        "use_cache": True,
        "bos_token_id": BOS_ID,
        "eos_token_id": BOS_ID,
        "pad_token_id": PAD_ID,
        "dtype": "bfloat16",
    }


def weights(network: Network) -> dict[str, Tensor]:
    """HuggingFace names; stored as bfloat16."""
    out = {"model.embed_tokens.weight": network.embed, "model.norm.weight": network.norm}
    for i, layer in enumerate(network.layers):
        parts = {
            "input_layernorm": layer.norm_attn,
            "post_attention_layernorm": layer.norm_mlp,
            "self_attn.q_proj": layer.qkv[0],
            "self_attn.k_proj": layer.qkv[1],
            "self_attn.v_proj": layer.qkv[2],
            "self_attn.o_proj": layer.o,
            "mlp.gate_proj": layer.gate_up[0],
            "mlp.up_proj": layer.gate_up[1],
            "mlp.down_proj": layer.down,
        }
        out |= {f"model.layers.{i}.{name}.weight": t for name, t in parts.items()}
    return {k: t.detach().to(torch.bfloat16).clone().contiguous() for k, t in out.items()}


def checksums(folder: Path) -> str:
    """One line "<sha256>  <file>" for each file that decides what the model computes."""
    digests = ((hashlib.sha256((folder / n).read_bytes()).hexdigest(), n) for n in HASHED)
    return "".join(f"{digest}  {name}\n" for digest, name in digests)


def export(build: Path, folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(build / "tokenizer" / "tokenizer.json"))
    state = torch.load(build / CHECKPOINT, weights_only=True)
    network = Network(Shape(tokenizer.get_vocab_size()))
    network.load_state_dict(state["network"])
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(build / "tokenizer" / name, folder / name)
    _write(folder / "config.json", config(network.shape))
    ids = {"bos_token_id": BOS_ID, "eos_token_id": BOS_ID, "pad_token_id": PAD_ID}
    _write(folder / "generation_config.json", {**ids, "do_sample": False, "max_new_tokens": 32})
    save_file(weights(network), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    (folder / "checksums.txt").write_text(checksums(folder), encoding="utf-8")
    run = {k: state[k] for k in ("step", "tokens")}
    run["parameters"] = sum(p.numel() for p in network.parameters())
    _write(build / "run.json", run)
    difference = _difference(network, folder)
    if difference > 1e-3:
        raise SystemExit(f"the exported model's logits differ by {difference:.2e}, expected < 1e-3")
    print(f"step {state['step']}: exported to {folder}; largest logit difference {difference:.1e}")


def _write(path: Path, value: dict[str, object]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


@torch.no_grad()
def _difference(network: Network, folder: Path) -> float:
    """Largest logit difference to the stored model, both with the rounded weights in float32."""
    from transformers import AutoModelForCausalLM

    stored = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    for p in network.parameters():
        p.copy_(p.to(torch.bfloat16))
    ids = torch.randint(0, network.shape.vocab, (4, 48), generator=torch.Generator().manual_seed(0))
    return (network.logits(ids) - stored(ids).logits).abs().max().item()
