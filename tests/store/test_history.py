"""The history: pages, filters and searches give what a look at every row would give."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from alembic import command
from sqlalchemy import text

from neuronscope.errors import InvalidField
from neuronscope.store.database import FILE_NAME, Database, database_url
from neuronscope.store.experiments import stamp
from neuronscope.store.history import Filter, keys, page
from neuronscope.store.letters import folded
from neuronscope.store.migrate import FOLDER, _config
from neuronscope.store.store import Store
from tests.store.test_store import draft

SITE_NAMES, OP_NAMES = ("z", "mlp_out", "resid_pre"), ("zero", "patch")
WORDS = ("Paris", "paris", "ROME", "tower", "is", "in", "Köln", "100%", "a_b", '"so"', "x")


@pytest.fixture
def filled(store, monkeypatch):
    """A hundred experiments of all kinds, with what a filter may ask of each, newest first."""
    draw, rows = random.Random(1), []
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for n in range(100):
        site, op = draw.choice(SITE_NAMES), draw.choice(OP_NAMES)
        prompt = " ".join(draw.choices(WORDS, k=3))
        kind, model = draw.choice(("run", "sweep")), draw.choice("ab")
        time = stamp(start + timedelta(hours=n))
        monkeypatch.setattr("neuronscope.store.experiments.now", lambda time=time: time)
        key = store.experiments.add(draft(
            prompt, kind=kind, model_id=model, title=f"{op} {site}", headline=f"says {n}",
            uses=frozenset({("site", site), ("op", op)})))
        labels, starred = draw.sample(["t", "u"], draw.randrange(3)), draw.random() < 0.2
        name, notes = draw.choice(["", "nightly"]), draw.choice(["", "see Rome"])
        store.experiments.annotate(key, name=name, notes=notes, labels=labels, starred=starred)
        words = "\n".join((prompt, f"{op} {site}", f"says {n}", name, notes))
        rows.append({"id": key, "text": words, "kind": kind, "model": model, "site": site,
                     "op": op, "tags": labels, "starred": starred, "time": time})
    return store, rows[::-1]


def fits(row: dict, chosen: Filter) -> bool:
    return (all(word.casefold() in row["text"].casefold() for word in chosen.q.split())
            and all(getattr(chosen, name) in (None, row[name])
                    for name in ("kind", "model", "site", "op", "starred"))
            and (chosen.tag is None or chosen.tag in row["tags"])
            and (chosen.since is None or row["time"] >= chosen.since)
            and (chosen.until is None or row["time"] < chosen.until))


def everything(store, chosen: Filter, limit: int) -> list[str]:
    found, cursor = [], None
    while True:
        items, cursor = page(store.database, chosen, cursor=cursor, limit=limit)
        assert len(items) == limit or cursor is None
        found += [item.id for item in items]
        if cursor is None:
            return found


def test_combinations_of_filters_equals_a_look_at_every_row(filled):
    store, rows = filled
    options = {"q": ["", "paris", "Tower ome", "is", "in 100%", "köln", '"so"', "says 7",
                     "nothing"],
               "site": [None, "z"], "op": [None, "patch"], "tag": [None, "t"],
               "kind": [None, "sweep"], "model": [None, "a"], "starred": [None, True, False]}
    hits = 0
    combinations = list(itertools.product(*options.values()))
    for values in random.Random(2).sample(combinations, 150):
        chosen = Filter(**dict(zip(options, values, strict=True)))
        expected = [row["id"] for row in rows if fits(row, chosen)]
        assert everything(store, chosen, 50) == expected, chosen
        hits += len(expected)
    assert hits > 300


LETTERS = ("Über", "über", "Москве", "москве", "в", "É", "é", "ς", "Σ", "µ", "μ", "ß", "ẞ", "ss",
           "İ", "ı", "I", "i", "s", "k", "日本", "😀", "\ue123", "%", "_", "'", '"', "AND")


def test_letters_of_any_script_are_found_in_any_case(on_sqlite):
    draw, rows = random.Random(3), []
    for _ in range(120):
        prompt = draw.choice(("", " ")).join(draw.choices(LETTERS, k=3))
        key = on_sqlite.experiments.add(draft(prompt, title=draw.choice(LETTERS), headline=""))
        rows.insert(0, (key, folded(f"{prompt}\n{on_sqlite.experiments.get(key).summary.title}")))
    pairs = [" ".join(draw.sample(LETTERS, 2)) for _ in range(60)]
    for q in (*LETTERS, *pairs):
        chosen = Filter(q=q)
        expected = [key for key, found in rows if all(folded(word) in found for word in q.split())]
        assert everything(on_sqlite, chosen, 3) == expected, q
        assert keys(on_sqlite.database, chosen) == expected, q
    assert folded("ÜBER ß ẞ Σς İ") == "über ß ß σσ İ"


@pytest.mark.parametrize("limit", [1, 7])
def test_pages_of_a_search_show_everything_once(filled, limit):
    store, rows = filled
    for chosen in (Filter(q="Rome"), Filter(site="z", op="zero"), Filter(tag="u", q="tower"),
                   Filter(starred=True), Filter(since=rows[40]["time"], until=rows[10]["time"])):
        expected = [row["id"] for row in rows if fits(row, chosen)]
        assert everything(store, chosen, limit) == expected and expected


def test_what_is_renamed_or_deleted_is_found_by_its_new_words_alone(store):
    key = store.experiments.add(draft("prompt"))
    store.experiments.annotate(key, name="gamma ray")
    store.experiments.annotate(key, name="delta wave")
    assert page(store.database, Filter(q="gamma"))[0] == []
    assert [line.id for line in page(store.database, Filter(q="delta wave"))[0]] == [key]
    store.experiments.delete(key)
    assert page(store.database, Filter(q="delta"))[0] == []


def test_the_index_of_texts_agrees_with_the_rows(on_sqlite):
    keys = [on_sqlite.experiments.add(draft(f"prompt {n}")) for n in range(9)]
    on_sqlite.experiments.annotate(keys[0], name="a", notes="b", labels=["t"], starred=True)
    on_sqlite.experiments.annotate(keys[1], labels=["t", "u"])
    on_sqlite.experiments.annotate(keys[1], labels=["u"], starred=False)
    on_sqlite.experiments.delete(keys[2])
    with on_sqlite.database.write() as connection:
        connection.execute(text(
            "INSERT INTO experiments_text(experiments_text, rank) VALUES ('integrity-check', 1)"))


OLD_ROW = """INSERT INTO experiments (seq, id, kind, spec_hash, environment, created_at, model_id,
model_digest, prompt, title, headline, state, body, starred)
VALUES (?, ?, ?, 'h', 'e', '2026', 'm', 'd', 'The old tower', 't', 'kl 1 nats', 'complete', ?, ?)"""


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_a_database_of_an_older_version_is_searched_by_index(revision, tmp_path):
    folder = tmp_path / "data"
    database = Database(database_url("", folder))
    bodies = {
        "run": {"spec": {"edits": [{"target": {"site": "z"}, "op": {"kind": "zero"}}],
                         "held": [{"target": {"site": "q"}, "op": {"kind": "scale"}}]}},
        "sweep": {"plan": {"resolved": {"over": {"sites": ["mlp_out", "z"]}, "held": [],
                                        "op": {"kind": "patch"}}}}}
    uses = [("site", "z", 1), ("op", "zero", 1), ("site", "q", 1), ("op", "scale", 1),
            ("site", "z", 2), ("site", "mlp_out", 2), ("op", "patch", 2)]
    at_revision(database, revision)
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection, connection:
        for seq, (kind, body) in enumerate(bodies.items(), start=1):
            connection.execute(OLD_ROW, (seq, kind, kind, json.dumps(body), seq - 1))
        connection.execute("INSERT INTO tags (experiment, tag) VALUES (1, 'kept')")
        if revision >= "0003":  # that version noted them with each experiment
            connection.executemany("INSERT INTO uses VALUES (?, ?, ?)", uses)
    database.close()
    with closing(Store(folder)) as store:
        found = {name: [line.id for line in page(store.database, chosen)[0]] for name, chosen in {
            "text": Filter(q="old tower"), "headline": Filter(q="nats"),
            "z": Filter(site="z"), "q": Filter(site="q"), "mlp_out": Filter(site="mlp_out"),
            "zero": Filter(op="zero"), "patch": Filter(op="patch"), "add": Filter(op="add"),
            "kept": Filter(tag="kept"), "starred": Filter(starred=True), "model": Filter(model="m"),
            "since": Filter(since="2026")}.items()}
    both = ["sweep", "run"]
    assert found == {"text": both, "headline": both, "z": both, "q": ["run"],
                     "mlp_out": ["sweep"], "zero": ["run"], "patch": ["sweep"], "add": [],
                     "kept": ["run"], "starred": ["sweep"], "model": both, "since": both}
    assert (folder / f"{FILE_NAME}.before-{revision}.backup").is_file()


def test_headlines_of_an_older_version_are_found_and_follow_what_changes(tmp_path):
    folder = tmp_path / "data"
    database = Database(database_url("", folder))
    at_revision(database, "0006")
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection, connection:
        connection.execute(OLD_ROW, (1, "run", "run", "{}", 0))
    database.close()
    with closing(Store(folder)) as store:
        assert [line.id for line in page(store.database, Filter(q="nats tower"))[0]] == ["run"]
        store.experiments.finish("run", state="complete", headline="says Rome", body="{}")
        assert page(store.database, Filter(q="nats"))[0] == []
        assert [line.id for line in page(store.database, Filter(q="rome"))[0]] == ["run"]


def at_revision(database: Database, revision: str) -> None:
    """Migrates up to a revision and no further."""
    config = _config(FOLDER)
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_paging_shows_everything_once_while_results_arrive(store):
    keys = [store.experiments.add(draft(f"p{n}")) for n in range(7)]
    seen, cursor = [], None
    while True:
        items, cursor = page(store.database, Filter(), cursor=cursor, limit=3)
        seen += [item.id for item in items]
        store.experiments.add(draft("new"))
        if cursor is None:
            break
    assert seen == keys[::-1]


@pytest.mark.parametrize("cursor", ["x", "-1", "1e3", "", "9" * 30, "½"])
def test_a_cursor_that_no_page_gave_is_refused(store, cursor):
    with pytest.raises(InvalidField):
        page(store.database, Filter(), cursor=cursor)


def test_search_takes_words_literally_in_any_case(store):
    named = store.experiments.add(draft("100% of _it_"))
    store.experiments.annotate(named, name="Circuit", notes="head 3")
    store.experiments.add(draft("nothing of it"))
    for q in ("100%", "_it_", "circuit", "HEAD of", "100% circuit"):
        assert [line.id for line in page(store.database, Filter(q=q))[0]] == [named], q
    assert page(store.database, Filter(q="0% x"))[0] == []


def test_filters_narrow_the_history(store):
    run = store.experiments.add(draft(model_id="a"))
    sweep = store.experiments.add(draft(kind="sweep", n_cells=1, model_id="b"))
    store.experiments.annotate(sweep, labels=["t"], starred=True)
    found = {name: [line.id for line in page(store.database, chosen)[0]] for name, chosen in {
        "kind": Filter(kind="run"), "tag": Filter(tag="t"), "model": Filter(model="a"),
        "star": Filter(starred=True), "none": Filter(starred=False, tag="t")}.items()}
    assert found == {"kind": [run], "tag": [sweep], "model": [run], "star": [sweep], "none": []}
