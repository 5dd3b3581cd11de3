"""The network's first state: random, with the beginnings of an induction circuit in it.

Induction needs two layers that are useless without each other (heads that bring the
previous token, heads above them that match it), so a random start waits on a plateau that
two CPU cores cannot afford. Six of the heads therefore start as rough versions of these
two kinds; everything is trained from there, and nothing holds them in place.

Source: the circuit is the one in N. Elhage et al., "A Mathematical Framework for
Transformer Circuits" (2021); starting from it follows "mimetic initialization"
(A. Trockman and J. Z. Kolter, 2023).
"""

from __future__ import annotations

import torch
from torch import Tensor

from .network import ROPE_THETA, Network

PREVIOUS_HEADS = ((0, 0), (0, 1))
MATCHING_HEADS = ((2, 0), (2, 1), (3, 0), (3, 1))
PREVIOUS_SHARPNESS = 28.0
MATCH_GAIN = 3.0
PREVIOUS_GAIN = 1.0
COPY_GAIN = 1.5
SHARP_PAIRS = 3
"""How many of the fastest rotary pairs mark the previous position."""
SLOW_FROM = 7
"""Rotary pairs from here on turn so slowly that content can be matched over 60 tokens."""


@torch.no_grad()
def seed_copying(network: Network, shared: Tensor) -> None:
    """Writes the circuit's first state; `shared` is the vector that all embeddings contain."""
    d, h = network.shape.d_model, network.shape.d_head
    common = shared / shared.norm()
    # Directions free of the shared vector: 2h that are read and 2h that are written.
    noise = torch.randn(d, 4 * h)
    basis = torch.linalg.qr(noise - common[:, None] * (common @ noise))[0]
    read, written = basis[:, : 2 * h].T, basis[:, 2 * h :]
    for number, (layer, head) in enumerate(PREVIOUS_HEADS):
        rows = slice(number * h, (number + 1) * h)
        _look_back(network, layer, head, shared)
        _move(network, layer, head, read[rows], written[:, rows] * PREVIOUS_GAIN)
    half = h // 2
    slow = torch.cat([torch.arange(SLOW_FROM, half), torch.arange(SLOW_FROM + half, h)])
    for number, (layer, head) in enumerate(MATCHING_HEADS):
        q, k, _ = network.layers[layer].qkv
        here = slice(head * h, (head + 1) * h)
        some = torch.arange(len(slow)) + (number * 15)
        q[here], k[here] = 0.0, 0.0
        q[head * h + slow] = read[some] * MATCH_GAIN
        k[head * h + slow] = written[:, some].T * MATCH_GAIN
        value = torch.randn(d, h)
        value = torch.linalg.qr(value - common[:, None] * (common @ value))[0]
        _move(network, layer, head, value.T, value * COPY_GAIN)


def _move(network: Network, layer: int, head: int, read: Tensor, write: Tensor) -> None:
    """The head's values are `read` [d_head, d_model] and leave by `write` [d_model, d_head]."""
    h = network.shape.d_head
    block = network.layers[layer]
    block.qkv[2][head * h : (head + 1) * h] = read
    block.o[:, head * h : (head + 1) * h] = write


def _look_back(network: Network, layer: int, head: int, shared: Tensor) -> None:
    """Queries and keys from the shared vector alone, a key turned by one position."""
    h = network.shape.d_head
    half = h // 2
    phase = torch.zeros(half)
    phase[:SHARP_PAIRS] = (PREVIOUS_SHARPNESS) ** 0.5
    frequency = ROPE_THETA ** (-torch.arange(0, h, 2, dtype=torch.float32) / h)
    query = torch.cat([phase, torch.zeros(half)])
    key = torch.cat([phase * frequency.cos(), phase * frequency.sin()])
    q, k, _ = network.layers[layer].qkv
    here = slice(head * h, (head + 1) * h)
    # A normalised embedding holds the shared vector with weight 1/sqrt(2).
    reader = 2**0.5 * shared / (shared @ shared)
    q[here] = query[:, None] * reader
    k[here] = key[:, None] * reader
