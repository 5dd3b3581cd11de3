"""Where a row comes from, how far a sweep was told of, and what a file of tensors must be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("experiments", "captures"):
        op.add_column(table, sa.Column("imported", sa.Integer, nullable=False, server_default="0"))
    op.add_column("experiments", sa.Column("told", sa.Integer, nullable=False,
                                           server_default="0"))
    op.add_column("captures", sa.Column("sha256", sa.Text))
