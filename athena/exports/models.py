"""The table of exports; the files lie in the data folder. One without a workspace is a user's own."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, metadata, resource_columns

exports = sa.Table(
    "exports",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    *resource_columns(),
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE")),
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("error", Json),
    sa.Column("size", sa.BigInteger),
    # Whoever writes it says until when; after that, another process begins anew.
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("leased_until", Time),
    sa.Column("finished_at", Time),
    sa.Column("expires_at", Time),
    sa.CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed')", name="status"),
    sa.Index(None, "workspace_uuid", "uuid"),
    sa.Index(None, "user_uuid", "uuid"),
    sa.Index(None, "expires_at"),
    sa.Index("ix_exports_unfinished", "uuid", postgresql_where=sa.text("finished_at IS NULL")),
)
