"""Variables and secrets.

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0016"
down_revision = "0015"

TABLE = "variables"
TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        TABLE,
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", postgresql.JSONB(none_as_null=True)),
        sa.Column("sealed_value", sa.LargeBinary),
        sa.Column("hint", sa.Text),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        sa.UniqueConstraint("workspace_uuid", "name", name=op.f("uq_variables_workspace_uuid_name")),
        sa.CheckConstraint(
            "CASE kind WHEN 'variable' THEN sealed_value IS NULL AND hint IS NULL "
            "WHEN 'secret' THEN value IS NULL AND sealed_value IS NOT NULL AND hint IS NOT NULL ELSE false END",
            name=op.f("ck_variables_kind"),
        ),
    )
    op.create_index("ix_variables_creator_uuid", TABLE, ["creator_uuid"])
    for statement in row_security(TABLE):
        op.execute(statement)
