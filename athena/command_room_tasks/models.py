"""The table of command room tasks."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, tenant_table

command_room_tasks = tenant_table(
    "command_room_tasks",
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("app", sa.Text),
    sa.Column("action", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("occurred_at", Time, nullable=False),
    sa.Column("session_id", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.CheckConstraint("status IN ('open', 'done', 'dismissed')", name="status"),
    sa.Index(None, "workspace_uuid", "occurred_at", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "app", "action", "uuid"),
    sa.Index(None, "workspace_uuid", "session_id", "uuid"),
    sa.Index(None, "workspace_uuid", "status", "uuid"),
    sa.Index(None, "workspace_uuid", "creator_uuid", "uuid"),
)
