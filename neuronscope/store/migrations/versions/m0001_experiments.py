"""Experiments, their tags, the cells of sweeps, and ids that were deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KINDS = "kind IN ('run', 'sweep')"
STATES = "state IN ('running', 'complete', 'cancelled', 'failed', 'completed_with_errors')"


def upgrade() -> None:
    _create_experiments()
    op.create_table(
        "tags",
        _experiment_key(),
        sa.Column("tag", sa.Text, primary_key=True),
        sqlite_strict=True,
    )
    op.create_index("tags_by_tag", "tags", ["tag", "experiment"])
    op.create_table(
        "cells",
        _experiment_key(),
        sa.Column("cell", sa.Integer, primary_key=True),
        sa.Column("arrival", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("experiment", "arrival", name="cells_by_arrival"),
        sqlite_strict=True,
    )
    op.create_table(
        "deleted",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("deleted_at", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _experiment_key() -> sa.Column:
    owner = sa.ForeignKey("experiments.seq", ondelete="CASCADE")
    return sa.Column("experiment", sa.Integer, owner, primary_key=True)


def _create_experiments() -> None:
    required = ("spec_hash", "environment", "created_at", "model_id", "model_digest", "prompt",
                "title", "headline")
    op.create_table(
        "experiments",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in required),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("n_cells", sa.Integer),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        sa.Column("notes", sa.Text, nullable=False, server_default=""),
        sa.Column("starred", sa.Integer, nullable=False, server_default="0"),
        sa.Column("body", sa.Text, nullable=False),
        sa.CheckConstraint(KINDS, name="kind_known"),
        sa.CheckConstraint(STATES, name="state_known"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("experiments_by_hash", "experiments", ["spec_hash", "environment"])
    op.create_index("experiments_by_kind", "experiments", ["kind", "seq"])
    op.create_index("experiments_by_model", "experiments", ["model_id", "seq"])
