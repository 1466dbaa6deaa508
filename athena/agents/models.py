"""The table of agents."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, Uuids, same_workspace, tenant_table

agents = tenant_table(
    "agents",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("avatar_uuid", Uuid),
    sa.Column("model", sa.Text),
    sa.Column("account_uuid", Uuid),
    sa.Column("system_prompt", sa.Text),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
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
    same_workspace("avatar_uuid", "media", ondelete="SET NULL (avatar_uuid)"),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "account_uuid"),
)
