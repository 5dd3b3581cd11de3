"""Reads the fact tables and word lists in data/."""

from __future__ import annotations

from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
ABSENT = "-"


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """Rows of data/<name>.tsv; the first line, after '# ', names the columns.

    A cell that holds '-' means that the table makes no claim; it is left out of the row.
    """
    lines = (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    columns = [c.split()[0] for c in lines[0].lstrip("# ").split("\t")]
    rows = (dict(zip(columns, line.split("\t"), strict=True)) for line in lines[1:] if line)
    return tuple({k: v for k, v in row.items() if v != ABSENT} for row in rows)


@cache
def lexicon() -> dict[str, tuple[str, ...]]:
    """Word lists by category, from data/lexicon.txt."""
    out = {}
    for line in (DATA / "lexicon.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            category, words = line.split(":", 1)
            out[category] = tuple(dict.fromkeys(words.split()))
    return out


@cache
def names() -> tuple[str, ...]:
    """First names, each once."""
    return tuple(dict.fromkeys((DATA / "names.txt").read_text(encoding="utf-8").split()))


def with_cut(landmark: str) -> str:
    """The landmark's name as it is written, without the cut mark."""
    return landmark.replace("|", "")


@cache
def cut_words() -> tuple[tuple[str, str], ...]:
    """(first piece, second piece) of each single word that the tokenizer cuts in two."""
    cut = (word for row in table("landmarks") for word in row["landmark"].split() if "|" in word)
    return tuple(tuple(word.split("|")) for word in cut)
