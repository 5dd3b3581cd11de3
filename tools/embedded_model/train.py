"""Trains the network; a run is resumable from its last checkpoint."""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer

from . import measure, schedule
from .corpus import Batch, Corpus
from .muon import Muon
from .network import Network, Shape, rope_tables
from .seeding import seed_copying
from .tokenizer import BOS_ID

CHECKPOINT = "checkpoint.pt"
CHECK_EVERY = 150
SAVE_EVERY_S = 180.0
PREFETCH = 6


def _produce(tokenizer_file: str, seed: int, first: int, last: int, queue) -> None:
    torch.set_num_threads(1)
    corpus = Corpus(Tokenizer.from_file(tokenizer_file), seed)
    for step in range(first, last):
        queue.put(corpus.batch(step))


def batches(tokenizer_file: Path, first: int, last: int):
    """Batches first..last−1, made in a process of their own."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(PREFETCH)
    args = (str(tokenizer_file), schedule.SEED, first, last, queue)
    worker = context.Process(target=_produce, args=args, daemon=True)
    worker.start()
    for _ in range(first, last):
        yield queue.get()
    worker.join()


class Trainer:
    """Network, optimisers and the step that has been reached."""

    def __init__(self, tokenizer: Tokenizer, folder: Path, steps: int) -> None:
        torch.manual_seed(schedule.SEED)
        self.tokenizer, self.folder, self.steps = tokenizer, folder, steps
        self.network = Network(Shape(tokenizer.get_vocab_size()))
        seed_copying(self.network, self.network.shared)
        matrices = [p for n, p in self.network.named_parameters() if p.ndim > 1 and n != "embed"]
        norms = [p for p in self.network.parameters() if p.ndim == 1]
        rates = ((self.network.embed, schedule.EMBED_LR), *((p, schedule.NORM_LR) for p in norms))
        self.adam = torch.optim.AdamW(
            [{"params": [p], "lr": rate, "peak": rate} for p, rate in rates],
            betas=(0.9, 0.98), weight_decay=0.0, fused=True,
        )  # fmt: skip
        self.muon = Muon(matrices, schedule.MUON_LR, decay=schedule.MUON_DECAY)
        for group in self.muon.param_groups:
            group["peak"] = schedule.MUON_LR
        self.step = 0
        self.tokens = 0
        self.compiled = torch.compile(self.network, dynamic=False)
        self._rope = {n: rope_tables(n, self.network.shape.d_head) for n in schedule.LENGTHS}

    def train_step(self, batch: Batch) -> float:
        factor = schedule.learning_rate(self.step, self.steps)
        for group in (*self.muon.param_groups, *self.adam.param_groups):
            group["lr"] = group["peak"] * factor
        cos, sin = (t.bfloat16() for t in self._rope[batch.ids.shape[1]])
        arrays = (batch.ids, batch.documents, batch.places, batch.targets, batch.weights)
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.compiled(*map(torch.from_numpy, arrays), cos, sin)
        loss.backward()
        for optimiser in (self.muon, self.adam):
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.tokens += batch.ids.size
        return loss.item()

    def check(self) -> dict[str, float]:
        encode = self._encode
        vocab = self.tokenizer.get_vocab_size()
        return measure.quick(self.network.logits, encode, vocab)

    def _encode(self, text: str) -> list[int]:
        return [BOS_ID, *self.tokenizer.encode(text, add_special_tokens=False).ids]

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "step": self.step,
            "tokens": self.tokens,
        }
        part = self.folder / (CHECKPOINT + ".part")
        torch.save(state, part)
        part.replace(self.folder / CHECKPOINT)

    def load(self) -> None:
        state = torch.load(self.folder / CHECKPOINT, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step, self.tokens = state["step"], state["tokens"]


def train(folder: Path, steps: int = schedule.STEPS, stop: int | None = None) -> None:
    """Trains to step `stop` (default: the end) of a schedule of `steps` steps."""
    tokenizer_file = folder / "tokenizer" / "tokenizer.json"
    trainer = Trainer(Tokenizer.from_file(str(tokenizer_file)), folder, steps)
    if (folder / CHECKPOINT).exists():
        trainer.load()
    last = min(steps, stop or steps)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    started, first, saved = time.monotonic(), trainer.step, time.monotonic()
    loss = 0.0
    for batch in batches(tokenizer_file, trainer.step, last):
        value = trainer.train_step(batch)
        loss = value if not loss else 0.95 * loss + 0.05 * value
        if trainer.step % 25 == 0:
            rate = (trainer.step - first) * schedule.TOKENS_PER_STEP / (time.monotonic() - started)
            print(f"step {trainer.step} loss {loss:.3f} {rate:.0f} tok/s", flush=True)
        if trainer.step % CHECK_EVERY == 0 or trainer.step == last:
            scores = {k: round(v, 3) for k, v in trainer.check().items()}
            scores = {"step": trainer.step, "tokens": trainer.tokens, **scores}
            print(json.dumps(scores), flush=True)
        if stopped or time.monotonic() - saved > SAVE_EVERY_S or trainer.step == last:
            trainer.save()
            saved = time.monotonic()
        if stopped:
            print(f"stopped at step {trainer.step}; the same command goes on", flush=True)
            return
