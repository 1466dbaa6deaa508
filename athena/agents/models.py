"""The tables of agents, their versions, and the channels that lead to those."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, Uuids, same_workspace, slug, tenant_table
from athena.kit.versions import channel_table


def _versioned() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("model", sa.Text),
        sa.Column("account_uuid", Uuid),
        sa.Column("system_prompt", sa.Text),
        sa.Column("metadata", Json, nullable=False),
        # What it may use; what is deleted falls out of these by triggers.
        sa.Column("tool_uuids", Uuids, nullable=False, server_default="{}"),
        sa.Column("guardrail_uuids", Uuids, nullable=False, server_default="{}"),
        sa.Column("team_uuids", Uuids, nullable=False, server_default="{}"),
        sa.Column("output_schema", Json),
        sa.Column("fallback_models", Json, nullable=False, server_default="[]"),
        # What is set of these; the rest is as `schemas` has it.
        sa.Column("memory", Json, nullable=False, server_default="{}"),
        sa.Column("limits", Json, nullable=False, server_default="{}"),
        sa.Column("reflection", Json),
        sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        same_workspace("account_uuid", "accounts", ondelete="SET NULL (account_uuid)"),
        sa.Index(None, "workspace_uuid", "account_uuid"),
    ]


agents = tenant_table(
    "agents",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("avatar_uuid", Uuid),
    sa.Column("tags", Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("visibility", sa.Text, nullable=False, server_default="workspace"),
    slug(),
    *_versioned(),
    sa.CheckConstraint("visibility IN ('workspace', 'private')", name="visibility"),
    same_workspace("avatar_uuid", "media", ondelete="SET NULL (avatar_uuid)"),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "slug", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "visibility", "uuid"),
    sa.Index(None, "workspace_uuid", "creator_uuid", "uuid"),
    sa.Index("ix_agents_extracting", "workspace_uuid", postgresql_where=sa.text("memory ->> 'extract' = 'true'")),
)

agent_versions = tenant_table(
    "agent_versions",
    sa.Column("agent_uuid", Uuid, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    *_versioned(),
    same_workspace("agent_uuid", "agents", ondelete="CASCADE"),
    sa.UniqueConstraint("workspace_uuid", "agent_uuid", "number"),
)

agent_channels = channel_table("agent")
