from __future__ import annotations

import hashlib
import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from neuronscope.errors import Gone, NewerDatabase, NotFound, StorageError
from neuronscope.spec.results import Cell
from neuronscope.store.database import FILE_NAME
from neuronscope.store.experiments import Draft
from neuronscope.store.history import Filter, page
from neuronscope.store.migrate import FOLDER, migrate
from neuronscope.store.store import Store
from neuronscope.store.tables import TEXT_INDEX, metadata


def draft(prompt="The Eiffel Tower is in", kind="run", state="complete", **given) -> Draft:
    values = {"spec_hash": "a" * 64, "environment": "e", "model_id": "m", "model_digest": "d",
              "title": "zero mlp_out.0", "headline": "kl: 1 nats", "body": "{}", **given}
    return Draft(kind=kind, prompt=prompt, state=state, **values)


def cell(index, value=1.0, error=None) -> Cell:
    status = "failed" if error else "ok" if value is not None else "non_finite"
    return Cell(index=index, values={"kl": value}, status={"kl": status}, error=error)


def test_what_is_acknowledged_is_on_disk(on_sqlite):
    with on_sqlite.database.write() as connection:
        pragma = {name: connection.execute(text(f"PRAGMA {name}")).scalar()
                  for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1,
                      "busy_timeout": 10_000}


def test_readers_cannot_write(store):
    with pytest.raises(StorageError), store.database.read() as connection:
        connection.execute(text("DELETE FROM experiments"))


def test_only_the_owner_can_read_the_file(on_sqlite, tmp_path):
    assert stat.S_IMODE((tmp_path / "data" / FILE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def differences(connection) -> list:
    """Of the database from the tables that the code names; the index of texts has no model."""
    dialect = connection.dialect.name

    def compared(item, name, _kind, *_):
        return (not (name or "").startswith(TEXT_INDEX)
                and item.info.get("dialect", dialect) == dialect)

    context = MigrationContext.configure(connection, opts={"include_object": compared})
    found = compare_metadata(context, metadata)  # comments are for readers of the code
    return [each for each in found
            if not (isinstance(each, list) and each[0][0] == "modify_comment")]


def test_migrations_make_exactly_the_tables_that_the_code_uses(store):
    with store.database.read() as connection:
        assert differences(connection) == []


def test_every_table_is_strict(on_sqlite):
    with on_sqlite.database.read() as connection:
        rows = connection.execute(
            text("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'"))
        strict = {row.name: row.strict for row in rows}
    assert all(strict[table.name] for table in metadata.sorted_tables)


def test_concurrent_writers_lose_nothing(store):
    with ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(lambda n: store.experiments.add(draft(f"p{n}")), range(96)))
    assert len(set(ids)) == 96
    assert len(page(store.database, Filter(), limit=200)[0]) == 96


def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    store = Store(tmp_path)
    store.experiments.add(draft())
    with store.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    before = hashlib.sha256((tmp_path / FILE_NAME).read_bytes()).hexdigest()
    with pytest.raises(NewerDatabase):
        Store(tmp_path)
    assert hashlib.sha256((tmp_path / FILE_NAME).read_bytes()).hexdigest() == before


LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "later", "{head}", None, None


def upgrade():
    op.add_column("experiments", sa.Column("later", sa.Text))
    {more}
"""


def head() -> str:
    """The newest revision of this version."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return ScriptDirectory.from_config(config).get_current_head()


@pytest.fixture
def later(tmp_path):
    """The migrations of a later version."""
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_an_older_database_is_backed_up_and_migrated(on_sqlite, later, tmp_path):
    key = on_sqlite.experiments.add(draft())
    (later / "versions" / "later.py").write_text(LATER.format(head=head(), more=""))
    migrate(on_sqlite.database, later)
    with on_sqlite.database.read() as connection:
        assert connection.execute(text("SELECT later FROM experiments")).all() == [(None,)]
    backup = tmp_path / "data" / f"{FILE_NAME}.before-{head()}.backup"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT id FROM experiments").fetchall() == [(key,)]


def test_a_backup_that_does_not_fit_is_told_and_leaves_nothing(on_sqlite, later, tmp_path):
    resource = pytest.importorskip("resource")
    on_sqlite.experiments.add(draft(body="x" * 500_000))
    (later / "versions" / "later.py").write_text(LATER.format(head=head(), more=""))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StorageError, match="could not be copied"):
            migrate(on_sqlite.database, later)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [file for file in (tmp_path / "data").iterdir() if "backup" in file.name]
    migrate(on_sqlite.database, later)


def test_a_migration_that_fails_leaves_the_database_as_it_was(store, later):
    key = store.experiments.add(draft())
    (later / "versions" / "later.py").write_text(LATER.format(
        head=head(), more='op.execute("SELECT * FROM nowhere")'))
    with pytest.raises(StorageError):
        migrate(store.database, later)
    assert store.experiments.get(key).summary.id == key
    migrate(store.database)  # still this version's schema, without the new column
    with store.database.read() as connection:
        assert differences(connection) == []


def test_a_full_disk_is_a_storage_error_and_reading_goes_on(on_sqlite):
    key = on_sqlite.experiments.add(draft())
    with on_sqlite.database.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageError):
        on_sqlite.experiments.add(draft(body="x" * 1_000_000))
    assert on_sqlite.experiments.get(key).summary.id == key
    with on_sqlite.database.write() as connection:
        connection.execute(text("PRAGMA max_page_count = 1000000"))
    on_sqlite.experiments.add(draft())


def test_opening_again_changes_nothing(tmp_path):
    first = Store(tmp_path)
    key = first.experiments.add(draft())
    first.close()
    with closing(Store(tmp_path)) as second:
        assert second.experiments.get(key).summary.prompt == "The Eiffel Tower is in"
    assert not list(tmp_path.glob("*.backup"))


def test_found_by_hash_only_in_the_same_environment_and_only_when_complete(store):
    store.experiments.add(draft(state="running", kind="sweep", n_cells=4))
    assert store.experiments.find("a" * 64, "e") is None
    old, new = store.experiments.add(draft()), store.experiments.add(draft())
    assert store.experiments.find("a" * 64, "e") == new != old
    assert store.experiments.find("a" * 64, "other") is None
    assert store.experiments.get("a" * 64).summary.id == new


def test_unknown_is_not_found_and_deleted_is_gone(store):
    key = store.experiments.add(draft(kind="sweep", n_cells=1))
    store.cells.add(key, [cell(0)])
    store.experiments.annotate(key, labels=["x"])
    store.experiments.delete(key)
    with pytest.raises(Gone):
        store.experiments.get(key)
    with pytest.raises(Gone):
        store.experiments.delete(key)
    with pytest.raises(NotFound):
        store.experiments.get("0123456789abcdef")
    with store.database.read() as connection:
        left = [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
                for table in ("experiments", "tags", "cells")]
    assert left == [0, 0, 0]


def test_annotations_replace_only_what_is_given(store):
    key = store.experiments.add(draft())
    store.experiments.annotate(key, name="one", labels=["b", "a", "b"], starred=True)
    store.experiments.annotate(key, notes="seen")
    line = store.experiments.get(key).summary
    assert (line.name, line.notes, line.tags, line.starred) == ("one", "seen", ("a", "b"), True)
    store.experiments.annotate(key, labels=[], starred=False)
    line = store.experiments.get(key).summary
    assert (line.tags, line.starred) == ((), False)


def test_a_nul_in_a_prompt_is_stored_and_the_rest_found(store):
    key = store.experiments.add(draft("before\0after"))
    assert store.experiments.get(key).summary.prompt == "before␀after"
    assert page(store.database, Filter(q="after"))[0]


def test_cells_come_back_as_stored_and_in_the_order_of_storing(store):
    key = store.experiments.add(draft(kind="sweep", state="running", n_cells=4))
    store.cells.add(key, [cell(2, 0.1 + 0.2), cell(0, None)])
    store.cells.add(key, [cell(1, error="out of memory")])
    assert [each.index for each in store.cells.of(key).values()] == [0, 1, 2]
    assert store.cells.of(key)[2].values["kl"] == 0.1 + 0.2
    assert store.cells.of(key)[0].status["kl"] == "non_finite"
    first, seen = store.cells.after(key, 0, limit=2)
    assert ([each.index for each in first], seen) == ([2, 0], 2)
    rest, seen = store.cells.after(key, seen)
    assert ([each.index for each in rest], seen) == ([1], 3)
    assert store.cells.after(key, 3) == ([], 3)
    assert store.cells.count(key) == (3, 1)


def test_a_batch_is_stored_whole_or_not_at_all(store):
    key = store.experiments.add(draft(kind="sweep", state="running", n_cells=4))
    store.cells.add(key, [cell(0)])
    with pytest.raises(StorageError):
        store.cells.add(key, [cell(1), cell(0)])
    assert store.cells.count(key) == (1, 0)


def test_cells_of_a_deleted_sweep_are_dropped(store):
    key = store.experiments.add(draft(kind="sweep", state="running", n_cells=4))
    store.experiments.delete(key)
    store.cells.add(key, [cell(0)])
    store.experiments.finish(key, state="complete", headline="", body="{}")
    assert store.cells.count(key) == (0, 0)


def test_sweeps_that_a_former_process_left_running_are_marked(store):
    key = store.experiments.add(draft(kind="sweep", state="running", n_cells=4))
    assert store.experiments.interrupted() == 1
    assert store.experiments.get(key).summary.state == "failed"


def test_a_file_that_is_no_database_is_a_storage_error(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all, just text" * 100)
    with pytest.raises(StorageError):
        Store(tmp_path)


def test_the_database_can_be_copied_while_open(on_sqlite, tmp_path):
    on_sqlite.experiments.add(draft())
    with closing(sqlite3.connect(tmp_path / "data" / FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_no_number_of_a_cell_is_given_twice(store):
    """So that a reader who comes back sees the failed cells that were run again meanwhile."""
    key = store.experiments.add(draft(kind="sweep", state="running", n_cells=3))
    store.cells.add(key, [cell(0), cell(1, None, "out of memory"), cell(2, None, "out of memory")])
    _, seen = store.cells.after(key, 0)
    for again in ([cell(1), cell(2, None, "out of memory")], [cell(2)]):
        store.cells.forget_failed(key)
        store.cells.forget_failed(key)  # a resume that was refused, and one that was not
        store.cells.add(key, again)
        found, last = store.cells.after(key, seen)
        assert found == again and last == seen + len(again)
        seen = last
    assert store.cells.after(key, 10**20 - 1) == ([], 10**20 - 1)
