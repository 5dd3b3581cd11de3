"""Search by index: text, and the sites and operations of each experiment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXTS = "prompt, title, name, notes"
PER_READ = 1000


def upgrade() -> None:
    op.create_table(
        "uses",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("experiment", sa.Integer,
                  sa.ForeignKey("experiments.seq", ondelete="CASCADE"), primary_key=True),
        sa.CheckConstraint("kind IN ('site', 'op')", name="use_known"),
        sqlite_strict=True, sqlite_with_rowid=False,
    )
    op.create_index("uses_by_experiment", "uses", ["experiment"])
    op.create_index("experiments_by_time", "experiments", ["created_at"])
    starred = sa.text("starred = 1")
    op.create_index("experiments_starred", "experiments", ["seq"],
                    sqlite_where=starred, postgresql_where=starred)
    connection = op.get_bind()
    for batch in _stored(connection):
        rows = [{"experiment": seq, "kind": kind, "name": name}
                for seq, body in batch for kind, name in _uses(json.loads(body))]
        if rows:
            connection.execute(sa.text(
                "INSERT INTO uses (kind, name, experiment) VALUES (:kind, :name, :experiment)"),
                rows)
    if connection.dialect.name == "sqlite":
        _index_text(connection)


def _index_text(connection: sa.Connection) -> None:
    """Every three letters of the texts, kept current by triggers."""
    changed = (f"INSERT INTO experiments_text(experiments_text, rowid, {TEXTS}) "
               f"VALUES ('delete', old.seq, {_of('old')});")
    added = f"INSERT INTO experiments_text(rowid, {TEXTS}) VALUES (new.seq, {_of('new')});"
    for statement in (
        f"CREATE VIRTUAL TABLE experiments_text USING fts5({TEXTS}, content='experiments', "
        "content_rowid='seq', tokenize='trigram')",
        f"CREATE TRIGGER experiments_text_added AFTER INSERT ON experiments BEGIN {added} END",
        f"CREATE TRIGGER experiments_text_gone AFTER DELETE ON experiments BEGIN {changed} END",
        f"CREATE TRIGGER experiments_text_changed AFTER UPDATE OF {TEXTS} ON experiments "
        f"BEGIN {changed} {added} END",
        "INSERT INTO experiments_text(experiments_text) VALUES ('rebuild')",
    ):
        connection.exec_driver_sql(statement)


def _of(row: str) -> str:
    return ", ".join(f"{row}.{name}" for name in TEXTS.split(", "))


def _stored(connection: sa.Connection) -> Iterator[Iterable[Any]]:
    last = 0
    while True:
        batch = connection.execute(
            sa.text("SELECT seq, body FROM experiments WHERE seq > :last ORDER BY seq LIMIT :n"),
            {"last": last, "n": PER_READ}).all()
        if not batch:
            return
        yield batch
        last = batch[-1].seq


def _uses(body: dict[str, Any]) -> set[tuple[str, str]]:
    """The sites and operations of a stored run, or of the plan of a stored sweep."""
    spec = body.get("spec") or body.get("plan", {}).get("resolved", {})
    edits = [*spec.get("edits", ()), *spec.get("held", ())]
    found = {("site", each["target"]["site"]) for each in edits}
    found |= {("op", each["op"]["kind"]) for each in edits}
    found |= {("site", site) for site in spec.get("over", {}).get("sites", ())}
    return found | ({("op", spec["op"]["kind"])} if "op" in spec else set())
