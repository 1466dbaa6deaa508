"""The table of providers. Rows without a workspace are the built-in ones: every tenant reads them, none writes them."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, metadata, resource_columns

providers = sa.Table(
    "providers",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE")),
    *resource_columns(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text),
    sa.Column("authentication_config", Json, nullable=False),
    sa.Column("logo", sa.Text),
    sa.Column("is_builtin", sa.Boolean, nullable=False),
    sa.Column("settings", Json, nullable=False),
    sa.CheckConstraint("is_builtin = (workspace_uuid IS NULL)", name="builtin"),
    sa.CheckConstraint("kind IN ('llm', 'embedding', 'mcp', 'http')", name="kind"),
    sa.Index("uq_providers_workspace_uuid_slug", "workspace_uuid", "slug", unique=True),
    sa.Index("uq_providers_slug_builtin", "slug", unique=True, postgresql_where=sa.text("workspace_uuid IS NULL")),
)
