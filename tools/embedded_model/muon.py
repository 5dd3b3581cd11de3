"""Muon for the matrices: momentum, made orthogonal by a Newton–Schulz iteration.

Source: K. Jordan et al., "Muon: an optimizer for hidden layers" (2024). All matrices of
one shape are orthogonalised in one batch, because the model is small.
"""

from __future__ import annotations

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(g: Tensor, steps: int = 5) -> Tensor:
    """Nearest semi-orthogonal matrix, roughly; g is [n, rows, columns] with rows <= columns."""
    a, b, c = COEFFICIENTS
    x = g.bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.float()


class Muon(torch.optim.Optimizer):
    """Parameters are [rows, columns] or stacks [n, rows, columns]."""

    def __init__(self, parameters, lr: float, momentum: float = 0.95, decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            by_shape: dict[tuple[int, int], list[tuple[Tensor, Tensor, bool]]] = {}
            for p in group["params"]:
                if p.grad is None:
                    continue
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                update = p.grad.lerp(buffer, group["momentum"])  # Nesterov
                stack = update.view(-1, *update.shape[-2:])
                tall = stack.shape[-2] > stack.shape[-1]
                stack = stack.mT if tall else stack
                by_shape.setdefault(tuple(stack.shape[-2:]), []).append((p, stack, tall))
            for entries in by_shape.values():
                _apply(entries, group["lr"], group["decay"])


def _apply(entries: list[tuple[Tensor, Tensor, bool]], lr: float, decay: float) -> None:
    flat = orthogonalise(torch.cat([stack for _, stack, _ in entries]))
    at = 0
    for p, stack, tall in entries:
        update = flat[at : at + len(stack)]
        at += len(stack)
        update = update.mT if tall else update
        scale = max(1.0, p.shape[-2] / p.shape[-1]) ** 0.5
        p.mul_(1 - lr * decay).add_(update.reshape(p.shape), alpha=-lr * scale)
