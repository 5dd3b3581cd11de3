"""The network as it is trained: the same function as LlamaForCausalLM, with fused matrices.

Training keeps its own copy of the architecture because documents packed into one row must
not see each other, and because stacked matrices make Muon cheap. `export` proves that the
exported model computes the same logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROPE_THETA = 10_000.0
NORM_EPS = 1e-5
EMBED_STD = 0.4
"""Large beside what an untrained block adds, so that blocks can read which token it is."""
FINAL_NORM = 0.1
"""Start of the last norm's weight: keeps the first logits small under large embeddings."""


@dataclass(frozen=True)
class Shape:
    vocab: int
    d_model: int = 192
    n_layers: int = 6
    n_heads: int = 6
    d_mlp: int = 384

    @property
    def d_head(self) -> int:
        return self.d_model // self.n_heads


class Layer(nn.Module):
    """One block; `qkv` is [3, out, in], `gate_up` is [2, out, in]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        d, m = shape.d_model, shape.d_mlp
        self.shape = shape
        self.norm_attn = nn.Parameter(torch.ones(d))
        self.norm_mlp = nn.Parameter(torch.ones(d))
        self.qkv = nn.Parameter(torch.randn(3, d, d) * d**-0.5)
        self.o = nn.Parameter(torch.zeros(d, d))
        self.gate_up = nn.Parameter(torch.randn(2, m, d) * d**-0.5)
        self.down = nn.Parameter(torch.zeros(d, m))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        rows, length, d = x.shape
        h = F.rms_norm(x, (d,), self.norm_attn, NORM_EPS)
        qkv = F.linear(h, self.qkv.flatten(0, 1))
        qkv = qkv.view(rows, length, 3, self.shape.n_heads, self.shape.d_head)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        # Written out: on a CPU, the backward pass of the fused kernel is several times slower.
        scores = rotate(q, cos, sin) @ rotate(k, cos, sin).mT * self.shape.d_head**-0.5
        z = torch.softmax(scores + mask, -1).to(v.dtype) @ v
        x = x + F.linear(z.transpose(1, 2).reshape(rows, length, d), self.o)
        h = F.rms_norm(x, (d,), self.norm_mlp, NORM_EPS)
        gate, up = F.linear(h, self.gate_up.flatten(0, 1)).chunk(2, -1)
        return x + F.linear(F.silu(gate) * up, self.down)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


def rope_tables(length: int, d_head: int) -> tuple[Tensor, Tensor]:
    """cos, sin: [length, d_head]."""
    frequency = ROPE_THETA ** (-torch.arange(0, d_head, 2, dtype=torch.float32) / d_head)
    angle = torch.arange(length, dtype=torch.float32)[:, None] * frequency
    angle = torch.cat((angle, angle), -1)
    return angle.cos(), angle.sin()


class Network(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        # One vector is added to all tokens. The output does not notice (every logit moves
        # alike), but queries and keys get a part that depends on position alone.
        self.shared = torch.randn(shape.d_model)
        tokens = torch.randn(shape.vocab, shape.d_model) + self.shared
        self.embed = nn.Parameter(tokens * EMBED_STD)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.n_layers))
        self.norm = nn.Parameter(torch.full((shape.d_model,), FINAL_NORM))

    def hidden(self, ids: Tensor, documents: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Final normalised residual, [rows, length, d_model]."""
        length = ids.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
        allowed = (documents[:, None, :, None] == documents[:, None, None, :]) & causal
        x = F.embedding(ids, self.embed)
        mask = torch.zeros(allowed.shape, dtype=cos.dtype).masked_fill(~allowed, -1e9)
        for layer in self.layers:
            x = layer(x, cos, sin, mask)
        return F.rms_norm(x, (x.shape[-1],), self.norm, NORM_EPS)

    def forward(self, ids, documents, places, targets, weights, cos, sin) -> Tensor:
        """Weighted mean cross-entropy at the scored places of the flat batch, nats."""
        h = self.hidden(ids, documents, cos, sin)
        logits = F.linear(h.flatten(0, 1)[places], self.embed).float()
        loss = F.cross_entropy(logits, targets, reduction="none")
        return (loss * weights).sum() / weights.sum()

    @torch.no_grad()
    def logits(self, ids: Tensor) -> Tensor:
        """Logits of right-padded rows without document borders, float32."""
        cos, sin = rope_tables(ids.shape[1], self.shape.d_head)
        h = self.hidden(ids, torch.zeros_like(ids), cos, sin)
        return F.linear(h, self.embed)
