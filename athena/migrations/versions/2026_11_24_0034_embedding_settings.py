"""Which model tells what the memories of a workspace mean.

Revision ID: 0034
Revises: 0033
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "embedding_settings",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("account_uuid", sa.UUID),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("dimensions", sa.Integer),
        sa.Column("searched", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("switched_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "account_uuid"],
            ["accounts.workspace_uuid", "accounts.uuid"],
            ondelete="SET NULL (account_uuid)",
        ),
    )
    for statement in row_security("embedding_settings"):
        op.execute(statement)
    for table, column in (("embedding_settings", "account_uuid"), ("memories", "embedding_model")):
        op.create_index(f"ix_{table}_workspace_uuid_{column}", table, ["workspace_uuid", column])
