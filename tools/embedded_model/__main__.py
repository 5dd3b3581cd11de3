"""The steps, in their order: tokenizer, train, export, evaluate, card, mechanisms."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import schedule

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build" / "embedded"
MODEL = ROOT / "LLM" / "atlas"


def _tokenizer(args: argparse.Namespace) -> None:
    from .corpus import VOCABULARY_KINDS, sample_texts
    from .tokenizer import build, save

    tokenizer = build(sample_texts(schedule.SEED, 60_000, VOCABULARY_KINDS))
    save(tokenizer, args.build / "tokenizer", schedule.CONTEXT)
    print(f"{tokenizer.get_vocab_size()} tokens")


def _train(args: argparse.Namespace) -> None:
    from .train import train

    train(args.build, args.steps, args.stop)


def _export(args: argparse.Namespace) -> None:
    from .export import export

    export(args.build, args.model)


def _evaluate(args: argparse.Namespace) -> None:
    from .evaluate import evaluate

    evaluate(args.model, args.build / "scores.json")


def _card(args: argparse.Namespace) -> None:
    from .card import write_card

    write_card(args.model, args.build)


def _mechanisms(args: argparse.Namespace) -> None:
    from .mechanisms import measure_mechanisms

    measure_mechanisms(args.model)


STEPS = {
    "tokenizer": _tokenizer,
    "train": _train,
    "export": _export,
    "evaluate": _evaluate,
    "card": _card,
    "mechanisms": _mechanisms,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.embedded_model", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--build", type=Path, default=BUILD, help="checkpoint and log folder")
    parser.add_argument("--model", type=Path, default=MODEL, help="HuggingFace folder")
    parser.add_argument("--steps", type=int, default=schedule.STEPS, help="length of the schedule")
    parser.add_argument("--stop", type=int, help="train up to this step only")
    args = parser.parse_args()
    STEPS[args.step](args)


if __name__ == "__main__":
    main()
