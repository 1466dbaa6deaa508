"""The tables of workspaces and their members."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, metadata, resource_columns

workspaces = sa.Table(
    "workspaces",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    *resource_columns(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("settings", Json, nullable=False),
    # By what (`executions_days`, …): after how many days it is deleted. What is not named is kept for ever.
    sa.Column("retention", Json, nullable=False, server_default="{}"),
    # The organization of the identity provider that this workspace stands for.
    sa.Column("oidc_issuer", sa.Text),
    sa.Column("oidc_organization", sa.Text),
    sa.UniqueConstraint("slug"),
    sa.UniqueConstraint("oidc_issuer", "oidc_organization"),
    sa.Index("ix_workspaces_concurrent_runs", "uuid", postgresql_where=sa.text("settings ? 'concurrent_runs'")),
)

workspace_members = sa.Table(
    "workspace_members",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE"), primary_key=True),
    *resource_columns(),
    sa.Column("role", sa.Text, nullable=False),
    # `oidc`: given by the identity provider, and taken back when it no longer says so.
    sa.Column("source", sa.Text, nullable=False, server_default="local"),
    sa.Column("invited_at", Time),
    sa.CheckConstraint("role IN ('owner', 'admin', 'builder', 'operator', 'viewer')", name="role"),
    sa.CheckConstraint("source IN ('local', 'oidc')", name="source"),
    sa.Index(None, "user_uuid"),
)
