"""The table of what agents are trained with."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, same_workspace, tenant_table

agent_sources = tenant_table(
    "agent_sources",
    sa.Column("agent_uuid", Uuid, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    # By which the same source is known again.
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("url", sa.Text),
    sa.Column("media_uuid", Uuid),
    sa.Column("thread_uuid", Uuid),
    # What came with the request: a text, or pairs.
    sa.Column("content", Json),
    sa.Column("options", Json, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("error", Json),
    # The latest run that is to train it, or has; it alone may write here.
    sa.Column("run_uuid", Uuid, nullable=False),
    sa.Column("counts", Json, nullable=False),
    sa.Column("content_hash", sa.Text),
    sa.Column("trained_at", Time),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    same_workspace("agent_uuid", "agents", ondelete="CASCADE"),
    same_workspace("media_uuid", "media", ondelete="CASCADE"),
    same_workspace("thread_uuid", "threads", ondelete="CASCADE"),
    sa.UniqueConstraint("workspace_uuid", "agent_uuid", "key", name="uq_agent_sources_workspace_uuid_agent_uuid_key"),
    sa.CheckConstraint("status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')", name="status"),
    sa.Index(None, "workspace_uuid", "agent_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "run_uuid"),
    sa.Index(None, "workspace_uuid", "media_uuid"),
    sa.Index(None, "workspace_uuid", "thread_uuid"),
    sa.Index(None, "creator_uuid"),
)
