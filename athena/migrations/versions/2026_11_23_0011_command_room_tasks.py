"""Command room tasks.

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_counter, row_security

revision = "0011"
down_revision = "0010"

TABLE = "command_room_tasks"
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
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("app", sa.Text),
        sa.Column("action", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("metadata", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        sa.CheckConstraint("status IN ('open', 'done', 'dismissed')", name=op.f("ck_command_room_tasks_status")),
    )
    for columns in (
        ("occurred_at",),
        ("updated_at",),
        ("app", "action"),
        ("session_id",),
        ("status",),
        ("creator_uuid",),
    ):
        names = ["workspace_uuid", *columns, "uuid"]
        op.create_index(f"ix_{TABLE}_{'_'.join(names)}", TABLE, names)
    for statement in (*row_security(TABLE), *row_counter(TABLE)):
        op.execute(statement)
