"""A history of a million runs: every page by an index, every answer that of a look at every row."""

from __future__ import annotations

import re
import time

import pytest
from sqlalchemy import event, text

from benchmarks.history import fill, measure, questions, rows, size_of
from neuronscope.store.history import page
from neuronscope.store.store import Store

FEW, MANY, LIMIT = 5_000, 1_000_000, 50


@pytest.fixture(scope="module")
def count(amount) -> int:
    return amount(FEW, MANY)


@pytest.fixture(scope="module")
def history(tmp_path_factory, count):
    """A store of that many generated runs, and the seconds that making it took."""
    store = Store(tmp_path_factory.mktemp("history"))
    begun = time.perf_counter()
    fill(store, count)
    yield store, time.perf_counter() - begun
    store.close()


def fits(row: dict, chosen) -> bool:
    texts = (row["prompt"], row["title"])
    return (all(any(word.casefold() in each.casefold() for each in texts)
                for word in chosen.q.split())
            and chosen.kind in (None, row["kind"]) and chosen.model in (None, row["model_id"])
            and chosen.starred in (None, bool(row["starred"]))
            and all(name is None or (kind, name) in row["uses"]
                    for kind, name in (("site", chosen.site), ("op", chosen.op)))
            and (chosen.tag is None or chosen.tag in row["tags"])
            and (chosen.since is None or row["created_at"] >= chosen.since)
            and (chosen.until is None or row["created_at"] < chosen.until))


def test_every_page_is_what_a_look_at_every_row_gives(history, count):
    store, _ = history
    asked = questions(count)
    expected = {name: [] for name in asked}
    for row in rows(count):
        for name, (chosen, before) in asked.items():
            if (before is None or row["seq"] < before) and fits(row, chosen):
                expected[name].append(row["id"])
    for name, (chosen, before) in asked.items():
        cursor, found = None if before is None else str(before), []
        for _ in range(3):
            items, cursor = page(store.database, chosen, cursor=cursor, limit=LIMIT)
            found += [item.id for item in items]
            if cursor is None:
                break
        assert found == expected[name][:-3 * LIMIT - 1:-1], name
    assert sum(map(bool, expected.values())) >= 27


def test_no_page_reads_every_row_sorts_or_reads_a_result(history, count):
    store, _ = history
    said: list[tuple[str, object]] = []
    reader = store.database._reader

    def note(_connection, _cursor, statement, parameters, *_):
        said.append((statement, parameters))

    for name, (chosen, before) in questions(count).items():
        said.clear()
        event.listen(reader, "before_cursor_execute", note)
        page(store.database, chosen, cursor=None if before is None else str(before))
        event.remove(reader, "before_cursor_execute", note)
        selects = [each for each in said if each[0].startswith("SELECT")]
        indexed = any(value is not None for value in (
            chosen.kind, chosen.tag, chosen.model, chosen.starred, chosen.site, chosen.op))
        if indexed or any(len(word) > 2 for word in chosen.q.split()):
            assert any("experiments_text MATCH" in statement for statement, _ in selects), name
        for statement, parameters in selects:
            assert "body" not in statement
            with store.database.read() as connection:
                plan = [row[-1] for row in connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {statement}", parameters)]
            told = f"{name}: {plan}"
            assert not any(re.match(r"SCAN (experiments|uses|tags)\b", line) for line in plan), told
            assert not any("TEMP B-TREE FOR ORDER BY" in line for line in plan
                           if "experiments" in statement), told


@pytest.mark.parametrize("wide", [False, True])
def test_old_runs_that_were_imported_late_are_found_by_their_time(tmp_path, wide):
    """Between new ones, in more stretches than are asked for one by one."""
    made = list(rows(FEW))
    with_late = [row | {"created_at": "2020-01-01"} if place % (130 if wide else 2_000) == 0
                 else row for place, row in enumerate(made)]
    store = Store(tmp_path)
    fill(store, FEW, with_late)
    for until in ("2020-01-02", made[FEW // 2]["created_at"]):
        chosen = next(each for each, _ in questions(FEW).values() if each.until)
        chosen = type(chosen)(until=until)
        expected = [row["id"] for row in with_late if row["created_at"] < until][::-1]
        found, cursor = [], None
        while True:
            items, cursor = page(store.database, chosen, cursor=cursor, limit=200)
            found += [item.id for item in items]
            if cursor is None:
                break
        assert found == expected and found
    store.close()


def test_how_long_each_page_takes(history, count, amount, figures):
    """No time is asserted: a soak writes down what this machine took."""
    store, seconds = history
    with store.database.read() as connection:
        stored = connection.execute(text("SELECT count(*) FROM experiments")).scalar_one()
    assert stored == count
    times = measure(store, count, amount(1, 25))
    told = {f"{name}, median (largest)": f"{median:.1f} ms ({most:.1f} ms)"
            for name, (median, most) in times.items()}
    figures("history", "History of 1,000,000 runs on SQLite, a page of 50 of each question",
            {"stored runs": f"{stored:,}", "database": f"{size_of(store) / 1e9:.2f} GB",
             "making it": f"{seconds:.0f} s"} | told)
