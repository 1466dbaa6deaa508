"""What programs that speak other protocols call threads.

Revision ID: 0044
Revises: 0039
Create Date: 2026-11-25
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0039"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("threads", sa.Column("external_id", sa.Text))
    op.create_index(
        "ix_threads_external_id",
        "threads",
        ["workspace_uuid", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
