"""The model card: written from the measured scores, never by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path

from . import names_task, schedule
from .tables import lexicon, table

NOT_MEASURED = "Not measured yet: `python -m tools.embedded_model mechanisms`."
HERE = Path(__file__).parent


def put_section(card: Path, name: str, text: str) -> None:
    """Replaces what stands between the card's markers for `name`."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    old = card.read_text(encoding="utf-8")
    new, count = pattern.subn(lambda m: f"{m[1]}{text}\n{m[2]}", old)
    if count != 1:
        raise SystemExit(f"{card} has {count} sections named {name!r}, expected 1")
    card.write_text(new, encoding="utf-8")


def section(card: Path, name: str) -> str | None:
    """What stands between the markers, or None."""
    if not card.exists():
        return None
    pattern = re.compile(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", re.DOTALL)
    found = pattern.search(card.read_text(encoding="utf-8"))
    return found[1] if found else None


def _rows(scores: dict[str, dict[str, float]]) -> str:
    lines = ["| | items | top-1 | probability of the answer |", "| --- | --- | --- | --- |"]
    for name, s in scores.items():
        lines.append(f"| {name} | {s['n']} | {s['top1']:.1%} | {s['prob']:.2f} |")
    return "\n".join(lines)


def _ioi_rows(scores: dict[str, dict[str, float]]) -> str:
    lines = ["| | items | right name first | right name above the other |", "| --- " * 4 + "|"]
    for name, s in scores.items():
        lines.append(f"| {name} | {s['n']} | {s['top1']:.1%} | {s['preferred']:.1%} |")
    return "\n".join(lines)


def _plain_rows(scores: dict[str, float]) -> str:
    return "\n".join(
        ["| | |", "| --- | --- |", *(f"| {name} | {value:.1%} |" for name, value in scores.items())]
    )


def _relation_rows(scores: dict[str, dict]) -> str:
    held = scores["held-out wordings by relation"]
    never = scores["never-seen wordings by relation"]
    lines = ["| relation | held-out wordings | wordings never seen |", "| --- | --- | --- |"]
    for name in held:
        both = (held[name], never.get(name))
        cells = [f"{s['top1']:.0%} of {s['n']}" if s else "–" for s in both]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def _counts() -> dict[str, int]:
    tables = ("landmarks", "countries", "cities", "people", "works", "companies", "animals")
    words = {w for row in lexicon().values() for w in row}
    return {t: len(table(t)) for t in tables} | {"words": len(words)}


def write_card(folder: Path, build: Path) -> None:
    scores = json.loads((build / "scores.json").read_text(encoding="utf-8"))
    log = json.loads((build / "run.json").read_text(encoding="utf-8"))
    shape = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    digest = (folder / "checksums.txt").read_text(encoding="utf-8").split()[0]
    prompt, paris = next(iter(scores["prompt"].items()))
    template = (HERE / "data" / "card.md").read_text(encoding="utf-8")
    values = {
        **_counts(),
        "layers": shape["num_hidden_layers"],
        "heads": shape["num_attention_heads"],
        "d_model": shape["hidden_size"],
        "d_mlp": shape["intermediate_size"],
        "vocab": shape["vocab_size"],
        "context": shape["max_position_embeddings"],
        "parameters": f"{log['parameters'] / 1e6:.1f}",
        "megabytes": f"{sum(f.stat().st_size for f in folder.iterdir()) / 1e6:.1f}",
        "tokens": f"{log['tokens'] / 1e6:.0f}",
        "steps": log["step"],
        "seed": schedule.SEED,
        "names": len(names_task.train_names()),
        "held_names": len(names_task.held_out_names()),
        "prompt": prompt,
        "paris": f"{paris['prob']:.2f}",
        "facts": _rows(scores["landmarks"] | scores["facts"]),
        "relations": _relation_rows(scores),
        "ioi": _ioi_rows(scores["indirect object"]),
        "induction": _plain_rows(scores["induction"]),
        "skills": _plain_rows(scores["skills"]),
        "digest": digest,
        "mechanisms": section(folder / "README.md", "mechanisms") or NOT_MEASURED,
    }
    text = re.sub(r"\{\{(\w+)\}\}", lambda m: str(values[m[1]]), template)
    (folder / "README.md").write_text(text, encoding="utf-8")
    print(f"wrote {folder / 'README.md'}")
