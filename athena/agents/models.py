"""The table of agents."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, same_workspace, tenant_table

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
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    same_workspace("account_uuid", "accounts", ondelete="SET NULL (account_uuid)"),
    same_workspace("avatar_uuid", "media", ondelete="SET NULL (avatar_uuid)"),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "account_uuid"),
)
