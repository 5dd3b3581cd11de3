"""How long the history takes with a million stored runs: `python -m benchmarks.history`.

Makes a database of generated runs in a folder that is removed again, asks for pages, filtered
pages and searches, and prints the median of each in milliseconds. The hard ones are among them:
what only the oldest rows fit, a word of 300,000 rows, words and filters that no row has both of.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from neuronscope.store.experiments import stamp
from neuronscope.store.history import Filter, page
from neuronscope.store.lookup import facets
from neuronscope.store.store import Store
from neuronscope.store.tables import SPAN, experiments, tags, uses

PLACES = ("The Eiffel Tower", "The Colosseum", "The Colosseum", "The Colosseum", "Mount Fuji",
          "The Alhambra", "Big Ben", "Machu Picchu", "The Louvre", "Petra")
SITES = ("resid_pre", "attn_out", "mlp_out", "z", "mlp_act")
OPS = ("zero", "mean", "patch", "add")
START = datetime(2025, 1, 1, tzinfo=timezone.utc)
SECONDS_BETWEEN = 30
BATCH = 20_000
BODY = "x" * 2_000
"""A generated result, about as long as that of a run with one metric."""

Row = dict[str, Any]


def rows(count: int) -> Iterator[Row]:
    """Generated runs, with the sites, operations and tags of each under `uses` and `tags`.

    Three in ten are of the Colosseum, and none of those is at `z`; of the first hundredth all
    are of the model `retired`, and some at `z`; one in ten thousand is `by night`.
    """
    draw = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw.choices(letters, k=draw.randint(3, 9))) for _ in range(5_000)]
    for seq in range(1, count + 1):
        place, site, op = draw.choice(PLACES), draw.choice(SITES), draw.choice(OPS)
        if "Colosseum" in place and site == "z":
            site = "mlp_out"
        old = seq <= count // 100
        prompt = f"{place}{' by night' if seq % 10_000 == 77 else ''} {draw.choice(words)} is in"
        own = {"kind": "sweep" if seq % 100 == 0 else "run",
               "model": "retired" if old else "other" if seq % 50 == 0 else "atlas",
               "starred": seq % 5_000 == 0, "uses": {("site", site), ("op", op)},
               "tags": (["paper"] if seq % 2_000 == 0 else []) + (["first"] if seq < 100 else [])}
        yield {"seq": seq, "id": f"{seq:016x}", "kind": own["kind"], "spec_hash": f"{seq:064x}",
               "environment": "e", "model_id": own["model"], "model_digest": "d",
               "created_at": stamp(START + timedelta(seconds=SECONDS_BETWEEN * seq)),
               "prompt": prompt + ("" if seq != 33 else " œuvre"), "headline": "kl: 1 nats",
               "title": f"{op} {site}.{seq % 12}", "state": "complete", "body": BODY,
               "starred": int(own["starred"]), "facets": facets(**own),
               "uses": own["uses"], "tags": own["tags"]}


def fill(store: Store, count: int, given: Iterable[Row] = ()) -> None:
    """Stores `count` generated runs, or those that are given; a batch in a transaction."""
    made = iter(given or rows(count))
    while batch := list(itertools.islice(made, BATCH)):
        with store.database.write() as connection:
            connection.execute(insert(experiments), [
                {name: value for name, value in row.items() if name not in ("uses", "tags")}
                for row in batch])
            connection.execute(insert(uses), [
                {"kind": kind, "name": name, "experiment": row["seq"]}
                for row in batch for kind, name in row["uses"]])
            if tagged := [{"experiment": row["seq"], "tag": tag} for row in batch
                          for tag in row["tags"]]:
                connection.execute(insert(tags), tagged)
    with store.database.write() as connection:
        connection.execute(text(
            f"INSERT INTO spans (block, oldest, newest) SELECT seq / {SPAN}, min(created_at), "
            f"max(created_at) FROM experiments GROUP BY seq / {SPAN}"))


Question = tuple[Filter, int | None]
"""A filter, and the number below which the page begins; None for the first page."""


def questions(count: int) -> dict[str, Question]:
    """What is asked of a history of so many runs."""
    deep, night = count // 3, START + timedelta(seconds=SECONDS_BETWEEN * (count // 2))

    def at(days: float) -> str:
        return stamp(night + timedelta(days=days))

    return {
        "first page": (Filter(), None),
        "deep page": (Filter(), deep),
        "model": (Filter(model="other"), None),
        "model of the oldest rows only": (Filter(model="retired"), None),
        "kind, deep": (Filter(kind="sweep"), deep),
        "operation, deep": (Filter(op="add"), deep),
        "site": (Filter(site="mlp_act"), None),
        "star": (Filter(starred=True), None),
        "tag of the oldest rows only": (Filter(tag="first"), None),
        "one day, half way": (Filter(since=at(0), until=at(1)), None),
        "until half way": (Filter(until=at(0)), None),
        "the first tenth of a day": (Filter(until=stamp(START + timedelta(days=0.1))), None),
        "site and model of the oldest": (Filter(site="z", model="retired"), None),
        "site, op, kind, model, star": (Filter(site="mlp_act", op="add", kind="sweep",
                                               model="other", starred=True), None),
        "site, op and a day half way": (Filter(site="z", op="add", since=at(0), until=at(1)),
                                        None),
        "two filters that no row fits": (Filter(site="z", tag="none"), None),
        "star and model that no row fits": (Filter(starred=True, model="retired",
                                                   kind="run"), None),
        "word in every row": (Filter(q="is in"), None),
        "word of 3 in 10 rows": (Filter(q="Colosseum"), None),
        "word of 3 in 10 rows, deep": (Filter(q="colosseum"), deep),
        "word of 1 in 10,000 rows": (Filter(q="night"), None),
        "both words": (Filter(q="Colosseum night"), None),
        "word of the oldest row only": (Filter(q="œuvre"), None),
        "word that no row has": (Filter(q="Parthenon"), None),
        "two common words that no row has both": (Filter(q="Colosseum Alhambra"), None),
        "common word and site": (Filter(q="Alhambra", site="z"), None),
        "common word and site that no row has both": (Filter(q="Colosseum", site="z"), None),
        "common word, model of the oldest": (Filter(q="Colosseum", model="retired"), None),
        "common word, tag of the oldest": (Filter(q="Colosseum", tag="first"), None),
        "common word, star": (Filter(q="Colosseum", starred=True), None),
        "common word and a day half way": (Filter(q="Colosseum", since=at(0), until=at(1)), None),
        "common word, all filters": (Filter(q="Alhambra", site="z", op="add", kind="run",
                                            model="atlas", starred=False, until=at(0)), None),
        "two letters that are common": (Filter(q="is"), None),
        "two letters of the oldest row only": (Filter(q="œu"), None),
        "one letter of the oldest row only": (Filter(q="œ"), None),
    }


def measure(store: Store, count: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Median and largest milliseconds of each question, after one that is not counted."""
    found = {}
    for name, (chosen, before) in questions(count).items():
        times = []
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            page(store.database, chosen, cursor=None if before is None else str(before))
            times.append(1000 * (time.perf_counter() - begun))
        found[name] = statistics.median(times[1:]), max(times[1:])
    return found


def size_of(store: Store) -> int:
    """Bytes of an SQLite database."""
    with store.database.read() as connection:
        return (connection.execute(text("PRAGMA page_count")).scalar_one()
                * connection.execute(text("PRAGMA page_size")).scalar_one())


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
        print(f"{given.runs:,} runs in {time.perf_counter() - begun:.0f} s, "
              f"{size_of(store) / 1e9:.2f} GB")
        for name, (median, most) in measure(store, given.runs, given.rounds).items():
            print(f"{name:<44}{median:8.2f} ms, at most {most:8.2f}")
        store.close()


if __name__ == "__main__":
    main()
