"""The table of users. Not a tenant's: a person may be in several workspaces."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, metadata, resource_columns

users = sa.Table(
    "users",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    *resource_columns(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    # Whether somebody vouched for the address. One that only its bearer claims opens no door: nobody is invited by it.
    sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("password_hash", sa.Text),
    sa.Column("profile", Json, nullable=False),
    sa.Column("preferences", Json, nullable=False, server_default=sa.text("'{}'")),
    sa.Column("default_workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="SET NULL")),
    sa.Column("oidc_issuer", sa.Text),
    sa.Column("oidc_subject", sa.Text),
    # Of when the organizations are: a token that was issued before tells old news.
    sa.Column("oidc_synced_at", Time),
    sa.Index("uq_users_email", sa.text("lower(email)"), unique=True),
    sa.UniqueConstraint("oidc_issuer", "oidc_subject"),
    sa.Index(None, "default_workspace_uuid"),
)
