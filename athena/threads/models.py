"""The table of threads."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, same_workspace, tenant_table

threads = tenant_table(
    "threads",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("agent_uuid", Uuid),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.Column("last_message_at", Time, nullable=False),
    # What a program of somebody's calls it, which names its conversations itself.
    sa.Column("external_id", sa.Text),
    same_workspace("agent_uuid", "agents", ondelete="SET NULL (agent_uuid)"),
    sa.Index(None, "workspace_uuid", "last_message_at", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "agent_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "creator_uuid", "uuid"),
    sa.Index(
        "ix_threads_external_id",
        "workspace_uuid",
        "external_id",
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_threads_text", "workspace_uuid", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    ),
)
