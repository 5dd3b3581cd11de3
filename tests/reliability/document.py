"""The tables of docs/reliability.md, from the figures that the soak has measured.

    python -m tests.reliability.document      writes the page anew from reliability.json
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.machine import ROOT, described
from benchmarks.report import END, START

PAGE = ROOT / "docs" / "reliability.md"
FIGURES = PAGE.with_suffix(".json")

Figures = dict[str, Any]
"""What was measured, in words, and the value with its unit."""


def measured() -> dict[str, Figures]:
    """What each soak test measured last, by its name."""
    return json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}


def note(name: str, title: str, values: Figures) -> None:
    """Keeps what a soak test has measured, and writes the page."""
    where = described(threads=1)
    machine = {part: where[part] for part in ("date", "version", "commit", "processor", "python")}
    kept = measured() | {name: {"title": title, "values": values, "machine": machine}}
    FIGURES.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", encoding="utf-8")
    write()


def tables(kept: dict[str, Figures]) -> str:
    """One table for each test."""
    return "\n".join(_table(each) for each in kept.values())


def page(text: str, kept: dict[str, Figures]) -> str:
    """The page with these tables between its marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{tables(kept)}\n{END}{after}"


def write() -> None:
    """Puts the figures into the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), measured()), encoding="utf-8")


def _table(each: Figures) -> str:
    rows = "\n".join(f"| {what} | {value} |" for what, value in each["values"].items())
    where = each["machine"]
    told = (f"{where['date']}, NeuronScope {where['version']} at commit {where['commit']}, "
            f"{where['processor']}, Python {where['python']}.")
    return f"### {each['title']}\n\n{told}\n\n| What | Measured |\n| --- | --- |\n{rows}\n"


if __name__ == "__main__":
    write()
