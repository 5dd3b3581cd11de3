"""The tables, as the newest migration leaves them.

Searched and filtered values are columns; a result itself is one JSON text. SQLite turns
NaN into NULL without a word, so no float is a column: results and cells are JSON whose
non-finite numbers carry a status.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

PLANNED = {"dialect": "postgresql"}
"""Of an index that SQLite does not have: there the index of texts knows these attributes too."""

experiments = Table(
    "experiments",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("spec_hash", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("model_digest", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("headline", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("n_cells", Integer),
    Column("name", Text, nullable=False, server_default=""),
    Column("notes", Text, nullable=False, server_default=""),
    Column("starred", Integer, nullable=False, server_default="0"),
    Column("body", Text, nullable=False),
    Column("facets", Text, nullable=False, server_default="",
           comment="its attributes as store/lookup.py writes them"),
    Column("imported", Integer, nullable=False, server_default="0",
           comment="1: taken from a bundle, not made here"),
    Column("told", Integer, nullable=False, server_default="0",
           comment="the last arrival of cells that were removed since"),
    CheckConstraint("kind IN ('run', 'sweep')", name="kind_known"),
    CheckConstraint(
        "state IN ('running', 'complete', 'cancelled', 'failed', 'completed_with_errors')",
        name="state_known",
    ),
    Index("experiments_by_hash", "spec_hash", "environment"),
    Index("experiments_by_kind", "kind", "seq", info=PLANNED),
    Index("experiments_by_model", "model_id", "seq", info=PLANNED),
    Index("experiments_starred", "seq", postgresql_where=text("starred = 1"), info=PLANNED),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

uses = Table(
    "uses",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True, comment="of a site or an operation"),
    Column("experiment", ForeignKey("experiments.seq", ondelete="CASCADE"), primary_key=True),
    CheckConstraint("kind IN ('site', 'op')", name="use_known"),
    Index("uses_by_experiment", "experiment"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

TEXT_INDEX, TEXT_TERMS = "experiments_text", "experiments_text_terms"
"""On SQLite: every three letters of prompt, title, headline, name, notes and facets, kept by
triggers (see the last migration that makes it; a row has the number of its experiment); and the
list of them."""

SPAN = 512
spans = Table(
    "spans",
    metadata,
    Column("block", Integer, primary_key=True, autoincrement=False,
           comment=f"of {SPAN} experiments with consecutive numbers"),
    Column("oldest", Text, nullable=False, comment="no experiment of it was stored before"),
    Column("newest", Text, nullable=False, comment="none after"),
    sqlite_strict=True,
)

tags = Table(
    "tags",
    metadata,
    Column("experiment", ForeignKey("experiments.seq", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("tags_by_tag", "tag", "experiment"),
    sqlite_strict=True,
)

cells = Table(
    "cells",
    metadata,
    Column("experiment", ForeignKey("experiments.seq", ondelete="CASCADE"), primary_key=True),
    Column("cell", Integer, primary_key=True, comment="row-major index in the grid"),
    Column("arrival", Integer, nullable=False, comment="1, 2, … in the order of storing"),
    Column("failed", Integer, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("experiment", "arrival", name="cells_by_arrival"),
    sqlite_strict=True,
)

deleted = Table(
    "deleted",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deleted_at", Text, nullable=False),
    sqlite_strict=True,
)

captures = Table(
    "captures",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("capture_hash", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("model_digest", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("n_entries", Integer, nullable=False),
    Column("n_bytes", Integer().with_variant(BigInteger, "postgresql"), nullable=False,
           comment="of its file of tensors; 0: it has none"),
    Column("body", Text, nullable=False),
    Column("imported", Integer, nullable=False, server_default="0",
           comment="1: taken from a bundle, not made here"),
    Column("sha256", Text, comment="of its file; null in rows of older versions"),
    Index("captures_by_hash", "capture_hash", "environment"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("ended", Integer, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
