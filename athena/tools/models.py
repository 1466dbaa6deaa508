"""The table of tools."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, same_workspace, tenant_table

tools = tenant_table(
    "tools",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("config", Json, nullable=False),
    sa.Column("parameters", Json),
    # As they were found when the tool was last saved or refreshed.
    sa.Column("functions", Json, nullable=False),
    sa.Column("account_uuid", Uuid),
    sa.Column("requires_approval", sa.Boolean, nullable=False),
    sa.Column("approval_condition", sa.Text),
    sa.Column("seconds", sa.Float),
    sa.Column("max_result_bytes", sa.Integer, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("refreshed_at", Time, nullable=False),
    # Until then nobody finds them anew by themselves.
    sa.Column("refresh_after", Time),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    same_workspace("account_uuid", "accounts", ondelete="SET NULL (account_uuid)"),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "account_uuid"),
    sa.Index(None, "creator_uuid"),
)
