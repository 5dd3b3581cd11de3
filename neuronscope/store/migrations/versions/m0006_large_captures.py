"""Files of captures above 2 GiB, which PostgreSQL's integers cannot count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("captures", "n_bytes", type_=sa.BigInteger, existing_nullable=False)
