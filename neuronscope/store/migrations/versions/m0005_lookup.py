"""Attributes in the index of words, and the times of each stretch of the history."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SPAN, PER_READ = 512, 1000
FIRST_LETTERS, LETTERS = (0xE000, 0xE800, 0xF000), 2000
BREAK = "\uf8ff"
"""Between and behind texts; of private use, like the letters that stand for attributes."""
TEXTS = ("prompt", "title", "name", "notes")


def upgrade() -> None:
    connection = op.get_bind()
    op.add_column("experiments", sa.Column("facets", sa.Text, nullable=False, server_default=""))
    op.drop_index("experiments_by_time", "experiments")
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        _forget_old_index(connection)
    _set_facets(connection)
    if sqlite:
        _index(connection)
    else:
        _index_by_extension(connection)
    _make_spans()


def _make_spans() -> None:
    op.create_table(
        "spans",
        sa.Column("block", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("oldest", sa.Text, nullable=False),
        sa.Column("newest", sa.Text, nullable=False),
        sqlite_strict=True)
    op.execute(f"INSERT INTO spans (block, oldest, newest) SELECT seq / {SPAN}, min(created_at), "
               f"max(created_at) FROM experiments GROUP BY seq / {SPAN}")


def _forget_old_index(connection: sa.Connection) -> None:
    for name in ("added", "gone", "changed"):
        connection.exec_driver_sql(f"DROP TRIGGER experiments_text_{name}")
    connection.exec_driver_sql("DROP TABLE experiments_text")
    for name in ("experiments_by_kind", "experiments_by_model", "experiments_starred"):
        op.drop_index(name, "experiments")


def _index(connection: sa.Connection) -> None:
    """Every three letters of the texts and attributes, kept current by triggers."""
    gone = ("INSERT INTO experiments_text(experiments_text, rowid, words, facets) "
            f"VALUES ('delete', old.seq, {_words('old.')}, old.facets);")
    added = ("INSERT INTO experiments_text(rowid, words, facets) "
             f"VALUES (new.seq, {_words('new.')}, new.facets);")
    for statement in (
        f"CREATE VIEW experiments_text_rows AS SELECT seq, {_words('')} AS words, facets "
        "FROM experiments",
        "CREATE VIRTUAL TABLE experiments_text USING fts5(words, facets, "
        "content='experiments_text_rows', content_rowid='seq', tokenize='trigram')",
        "CREATE VIRTUAL TABLE experiments_text_terms USING fts5vocab('experiments_text', 'row')",
        f"CREATE TRIGGER experiments_text_added AFTER INSERT ON experiments BEGIN {added} END",
        f"CREATE TRIGGER experiments_text_gone AFTER DELETE ON experiments BEGIN {gone} END",
        f"CREATE TRIGGER experiments_text_changed AFTER UPDATE OF {', '.join(TEXTS)}, facets "
        f"ON experiments BEGIN {gone} {added} END",
        "INSERT INTO experiments_text(experiments_text) VALUES ('rebuild')",
    ):
        connection.exec_driver_sql(statement)


def _index_by_extension(connection: sa.Connection) -> None:
    """On PostgreSQL, where its extension for texts is installed and may be used."""
    may = connection.execute(sa.text(
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")).scalar()
    if not may:
        return
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.ProgrammingError:  # no permission: searches read every row
        return
    joined = " || E'\\n' || ".join(TEXTS)
    connection.exec_driver_sql("CREATE INDEX experiments_text_postgresql ON experiments "
                               f"USING gin (({joined}) gin_trgm_ops)")


def _words(row: str) -> str:
    return " || ".join(f"{row}{name} || '{2 * BREAK}'" for name in TEXTS)


def _set_facets(connection: sa.Connection) -> None:
    last = 0
    while True:
        batch = connection.execute(sa.text(
            "SELECT seq, kind, model_id, starred FROM experiments WHERE seq > :last ORDER BY seq "
            "LIMIT :n"), {"last": last, "n": PER_READ}).all()
        if not batch:
            return
        uses, tags = defaultdict(list), defaultdict(list)
        within = {"first": batch[0].seq, "last": batch[-1].seq}
        for seq, kind, name in connection.execute(sa.text(
                "SELECT experiment, kind, name FROM uses WHERE experiment BETWEEN :first AND :last"
                ), within):
            uses[seq].append((kind, name))
        for seq, tag in connection.execute(sa.text(
                "SELECT experiment, tag FROM tags WHERE experiment BETWEEN :first AND :last"),
                within):
            tags[seq].append(("tag", tag))
        connection.execute(
            sa.text("UPDATE experiments SET facets = :facets WHERE seq = :seq"),
            [{"seq": seq, "facets": "".join(_facet(*each) for each in (
                ("kind", kind), ("model", model), ("starred", str(starred)),
                *sorted(uses[seq]), *sorted(tags[seq])))}
             for seq, kind, model, starred in batch])
        last = batch[-1].seq


def _facet(kind: str, name: str) -> str:
    number = int.from_bytes(hashlib.sha256(f"{kind}={name}".encode()).digest()[:8], "big")
    letters = []
    for first in FIRST_LETTERS:
        number, place = divmod(number, LETTERS)
        letters.append(chr(first + place))
    return "".join(letters)
