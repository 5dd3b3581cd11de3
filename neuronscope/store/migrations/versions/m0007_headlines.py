"""Headlines in the index of words: what came out is searched like what was asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BREAK = "\uf8ff"
"""Between and behind texts; of private use, like the letters that stand for attributes."""
TEXTS = ("prompt", "title", "headline", "name", "notes")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _forget(connection)
        _index(connection)
    elif "experiments_text_postgresql" in {
            each["name"] for each in sa.inspect(connection).get_indexes("experiments")}:
        connection.exec_driver_sql("DROP INDEX experiments_text_postgresql")
        joined = " || E'\\n' || ".join(TEXTS)
        connection.exec_driver_sql("CREATE INDEX experiments_text_postgresql ON experiments "
                                   f"USING gin (({joined}) gin_trgm_ops)")


def _forget(connection: sa.Connection) -> None:
    for name in ("added", "gone", "changed"):
        connection.exec_driver_sql(f"DROP TRIGGER experiments_text_{name}")
    connection.exec_driver_sql("DROP TABLE experiments_text_terms")
    connection.exec_driver_sql("DROP TABLE experiments_text")
    connection.exec_driver_sql("DROP VIEW experiments_text_rows")


def _index(connection: sa.Connection) -> None:
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


def _words(row: str) -> str:
    return " || ".join(f"{row}{name} || '{2 * BREAK}'" for name in TEXTS)
