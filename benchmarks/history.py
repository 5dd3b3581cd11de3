"""How long the history takes with a million stored runs: `python -m benchmarks.history`.

Makes a database of generated runs in a folder that is removed again, asks for the first page,
a page deep inside, filtered pages and searches, and prints the median of each in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from neuronscope.store.history import Filter, page
from neuronscope.store.store import Store
from neuronscope.store.tables import experiments, tags, uses

PLACES = ("The Eiffel Tower", "The Colosseum", "Mount Fuji", "The Alhambra", "Big Ben")
SITES = ("resid_pre", "attn_out", "mlp_out", "z", "mlp_act")
OPS = ("zero", "mean", "patch", "add")
BATCH = 20_000
BODY = 2_000
"""Characters of a generated result, about what a run with one metric has."""


def rows(first: int, count: int, draw: random.Random) -> Iterator[dict[str, Any]]:
    """Generated runs, the rarest words once in ten thousand."""
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    for seq in range(first, first + count):
        site, op = draw.choice(SITES), draw.choice(OPS)
        rare = " by night" if seq % 10_000 == 0 else ""
        yield {"seq": seq, "id": f"{seq:016x}", "kind": "run", "spec_hash": f"{seq:064x}",
               "environment": "e", "created_at": (start + timedelta(seconds=30 * seq)).isoformat(),
               "model_id": "atlas" if seq % 50 else "other", "model_digest": "d",
               "prompt": f"{draw.choice(PLACES)}{rare} is in", "title": f"{op} {site}.{seq % 12}",
               "headline": "kl: 1 nats", "state": "complete", "body": json.dumps("x" * BODY),
               "starred": int(seq % 5000 == 0)}


def fill(store: Store, count: int) -> None:
    """Stores `count` generated runs."""
    draw = random.Random(0)
    for first in range(1, count + 1, BATCH):
        batch = list(rows(first, min(BATCH, count + 1 - first), draw))
        with store.database.write() as connection:
            connection.execute(insert(experiments), batch)
            connection.execute(insert(uses), [
                {"kind": kind, "name": name, "experiment": row["seq"]} for row in batch
                for kind, name in zip(("op", "site"), row["title"].split(".")[0].split(" "),
                                      strict=True)])
            tagged = [{"experiment": row["seq"], "tag": "paper"} for row in batch
                      if row["seq"] % 2000 == 0]
            if tagged:
                connection.execute(insert(tags), tagged)


def measure(store: Store, count: int, rounds: int) -> dict[str, float]:
    """Median milliseconds by question."""
    questions: dict[str, tuple[Filter, int | None]] = {
        "first page": (Filter(), None),
        "deep page": (Filter(), count // 3),
        "model, rare": (Filter(model="other"), count // 2),
        "starred": (Filter(starred=True), None),
        "tag": (Filter(tag="paper"), None),
        "site": (Filter(site="mlp_act"), None),
        "site, op and kind, deep": (Filter(site="mlp_act", op="add", kind="run"), count // 3),
        "one day, long ago": (Filter(since="2025-02-01", until="2025-02-02"), None),
        "word in every row": (Filter(q="is in"), None),
        "common word": (Filter(q="Colosseum"), None),
        "rare word": (Filter(q="by night"), None),
        "two words, one rare": (Filter(q="Colosseum night"), None),
        "word that nothing has": (Filter(q="Parthenon"), None),
        "common word and site": (Filter(q="Alhambra", site="z"), None),
    }
    found = {}
    for name, (chosen, before) in questions.items():
        times = []
        for _ in range(rounds):
            begun = time.perf_counter()
            page(store.database, chosen, cursor=None if before is None else str(before))
            times.append(1000 * (time.perf_counter() - begun))
        found[name] = statistics.median(times)
    return found


def main() -> None:
    """Fills, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        begun = time.perf_counter()
        fill(store, given.runs)
        with store.database.write() as connection:
            size = (connection.execute(text("PRAGMA page_count")).scalar_one()
                    * connection.execute(text("PRAGMA page_size")).scalar_one())
        print(f"{given.runs:,} runs in {time.perf_counter() - begun:.0f} s, {size / 1e9:.2f} GB")
        for name, milliseconds in measure(store, given.runs, given.rounds).items():
            print(f"{name:<28}{milliseconds:8.2f} ms")
        store.close()


if __name__ == "__main__":
    main()
