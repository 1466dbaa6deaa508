"""The tables of messages and their attachments."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, metadata, same_workspace, tenant_table

messages = tenant_table(
    "messages",
    sa.Column("thread_uuid", Uuid, nullable=False),
    sa.Column("parent_uuid", Uuid),
    sa.Column("run_uuid", Uuid),
    sa.Column("agent_uuid", Uuid),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("content", Json, nullable=False),
    sa.Column("model", sa.Text),
    sa.Column("input_tokens", sa.BigInteger),
    sa.Column("output_tokens", sa.BigInteger),
    sa.Column("cost", sa.Numeric),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("error", Json),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("feedback", Json),
    same_workspace("thread_uuid", "threads", ondelete="CASCADE"),
    same_workspace("parent_uuid", "messages", ondelete="SET NULL (parent_uuid)"),
    sa.CheckConstraint("role IN ('system', 'user', 'assistant', 'tool')", name="role"),
    sa.CheckConstraint("status IN ('pending', 'completed', 'failed', 'cancelled')", name="status"),
    sa.Index(None, "workspace_uuid", "thread_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "parent_uuid"),
    *(sa.Index(None, "workspace_uuid", name, "uuid") for name in ("role", "status", "agent_uuid", "run_uuid")),
    sa.Index("ix_messages_rated", "workspace_uuid", "uuid", postgresql_where=sa.text("feedback IS NOT NULL")),
)
sa.Index(
    "ix_messages_text",
    messages.c.workspace_uuid,
    sa.func.athena_message_text(messages.c.content).label("text"),
    postgresql_using="gin",
    postgresql_ops={"text": "gin_trgm_ops"},
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("uuid", Uuid, primary_key=True),
    sa.Column("message_uuid", Uuid, nullable=False),
    sa.Column("thread_uuid", Uuid, nullable=False),
    sa.Column("media_uuid", Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    same_workspace("message_uuid", "messages", ondelete="CASCADE"),
    same_workspace("media_uuid", "media", ondelete="CASCADE"),
    sa.Index(None, "workspace_uuid", "message_uuid", "position"),
    sa.Index(None, "workspace_uuid", "thread_uuid"),
    sa.Index(None, "workspace_uuid", "media_uuid"),
)
