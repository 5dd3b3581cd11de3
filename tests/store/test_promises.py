"""What the store promises of the databases and the disk, point by point."""

from __future__ import annotations

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text, update

from neuronscope.errors import InvalidInput, NewerDatabase, StorageError
from neuronscope.store.database import FILE_NAME, Database
from neuronscope.store.history import Filter, page
from neuronscope.store.store import Store
from neuronscope.store.tables import experiments, tags
from tests.store.test_capture_files import draft as capture_draft
from tests.store.test_capture_files import written
from tests.store.test_history import at_revision
from tests.store.test_store import cell, draft


def test_concurrent_changes_that_read_first_lose_nothing(store):
    key = store.experiments.add(draft())
    mine = experiments.c.id == key

    def add_one(_: int) -> None:
        with store.database.write() as connection:
            n = connection.execute(select(experiments.c.n_cells).where(mine)).scalar()
            connection.execute(update(experiments).where(mine).values(n_cells=(n or 0) + 1))

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(add_one, range(160)))
    with store.database.read() as connection:
        assert connection.execute(select(experiments.c.n_cells).where(mine)).scalar() == 160


def test_a_writer_has_its_lock_before_it_reads(on_sqlite, tmp_path):
    with on_sqlite.database.write(), closing(
            sqlite3.connect(tmp_path / "data" / FILE_NAME, timeout=0)) as other:
        other.execute("PRAGMA busy_timeout=0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


def test_writers_of_two_processes_wait_for_each_other_on_postgresql(empty, tmp_path):
    with closing(Store(tmp_path / "a", empty)) as one, closing(Store(tmp_path / "b", empty)) as two:
        with one.database.write(), two.database.read() as connection:
            free = connection.execute(text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")).scalar()
            assert free == 1
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: (one, two)[n % 2].experiments.add(draft(f"p{n}")),
                             range(64)))
        assert len(page(one.database, Filter(), limit=200)[0]) == 64


def test_commits_wait_for_the_disk_on_postgresql_whatever_its_default(empty, tmp_path):
    name = empty.split("/")[3].split("?")[0]
    with closing(Database(empty)) as database:
        with database.write() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
        database.close()
        with database.write() as connection:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
        with database.read() as connection:
            assert connection.execute(text("SHOW transaction_read_only")).scalar() == "on"


def test_a_reader_sees_one_state(store):
    store.experiments.add(draft())
    count = text("SELECT count(*) FROM experiments")
    with store.database.read() as connection:
        before = connection.execute(count).scalar()
        store.experiments.add(draft())
        assert connection.execute(count).scalar() == before
    with store.database.read() as connection:
        assert connection.execute(count).scalar() == before + 1


def test_columns_refuse_what_is_of_another_type(on_sqlite):
    with pytest.raises(StorageError), on_sqlite.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO spans VALUES (1, 2, x'00')")


def test_a_row_without_its_experiment_is_refused(store):
    with pytest.raises(StorageError), store.database.write() as connection:
        connection.execute(insert(tags).values(experiment=77, tag="t"))


def test_a_batch_of_cells_is_one_commit(store):
    key = store.experiments.add(draft(kind="sweep", state="running", n_cells=96))
    commits = []
    event.listen(store.database._writer, "commit", commits.append)
    for first in range(0, 96, 32):
        store.cells.add(key, [cell(index) for index in range(first, first + 32)])
    assert len(commits) == 3 and store.cells.count(key) == (96, 0)


def test_a_file_is_on_disk_before_its_row_and_its_folder_too(store, monkeypatch):
    """Written, synchronised, renamed, the folder synchronised; then the row is committed."""
    done: list[str] = []
    synchronise, rename = os.fsync, Path.replace

    def fsync(number: int) -> None:
        synchronise(number)
        done.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file")

    def replace(path: Path, target: Path) -> Path:
        done.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    event.listen(store.database._writer, "commit", lambda _: done.append("row"))
    store.captures.add(capture_draft(), written(store))
    before = done[:done.index("row")]
    assert before[:2] == ["folder", "file"] and before[-2:] == ["rename", "folder"]
    assert done.count("row") == 1


def test_an_older_database_is_brought_to_this_schema_on_postgresql(empty, tmp_path):
    database = Database(empty)
    at_revision(database, "0003")
    with database.write() as connection:
        for seq in (1, 2):
            connection.execute(text(
                "INSERT INTO experiments (id, kind, spec_hash, environment, created_at, model_id, "
                "model_digest, prompt, title, headline, state, body, starred) VALUES (:id, 'run', "
                "'h', 'e', '2026', 'm', 'd', 'The old tower', 't', 'h', 'complete', '{}', :star)"),
                {"id": f"k{seq}", "star": seq - 1})
            connection.execute(text("INSERT INTO tags VALUES (:seq, 't')"), {"seq": seq})
    database.close()
    with closing(Store(tmp_path, empty)) as store:
        for chosen in (Filter(q="OLD tower"), Filter(tag="t", model="m"), Filter(since="2025")):
            assert [line.id for line in page(store.database, chosen)[0]] == ["k2", "k1"]
        assert [line.id for line in page(store.database, Filter(starred=True))[0]] == ["k2"]
        with store.database.read() as connection:
            kinds = connection.execute(text(
                "SELECT indexdef FROM pg_indexes WHERE indexname = 'experiments_text_postgresql'"
                )).scalars().all()
    assert [each for each in kinds if "gin_trgm_ops" not in each] == []


def test_a_newer_schema_on_postgresql_is_refused(empty, tmp_path):
    with closing(Store(tmp_path, empty)) as store, store.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase):
        Store(tmp_path, empty)


def test_attributes_of_an_older_database_are_in_its_index(tmp_path):
    database = Database(f"sqlite:///{tmp_path / FILE_NAME}")
    at_revision(database, "0004")
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        for seq, kind in enumerate(("run", "sweep"), start=1):
            connection.execute(
                "INSERT INTO experiments (seq, id, kind, spec_hash, environment, created_at, "
                "model_id, model_digest, prompt, title, headline, state, body, starred) VALUES "
                "(?, ?, ?, 'h', 'e', ?, ?, 'd', 'a', 't', 'h', 'complete', '{}', ?)",
                (seq, kind, kind, f"202{seq}", f"m{seq}", seq - 1))
            connection.execute("INSERT INTO tags VALUES (?, ?)", (seq, f"t{seq}"))
            connection.execute("INSERT INTO uses VALUES ('site', 'z', ?)", (seq,))
    database.close()
    with closing(Store(tmp_path)) as store:
        for name, chosen in {
                "run": (Filter(kind="run"), Filter(model="m1"), Filter(tag="t1"),
                        Filter(starred=False), Filter(until="2022"), Filter(site="z", tag="t1")),
                "sweep": (Filter(kind="sweep"), Filter(model="m2"), Filter(tag="t2"),
                          Filter(starred=True), Filter(since="2022", site="z"))}.items():
            for each in chosen:
                assert [line.id for line in page(store.database, each)[0]] == [name], each


@pytest.mark.parametrize("url", ["mysql://me@here/x", "no address", "oracle+x://", "://"])
def test_an_address_of_another_kind_of_database_is_refused_in_words(tmp_path, url):
    with pytest.raises(InvalidInput, match="SQLite or PostgreSQL"):
        Store(tmp_path, url)
