"""The table of guardrails."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, tenant_table

guardrails = tenant_table(
    "guardrails",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("stages", Json, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("config", Json, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("shadow", sa.Boolean, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index("ix_guardrails_creator_uuid", "creator_uuid"),
)
