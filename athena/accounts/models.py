"""The table of accounts."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, sealed_column, tenant_table

# A row can name a provider of this workspace or a built-in one alone: row-level security checks it on each write.
accounts = tenant_table(
    "accounts",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("provider_uuid", Uuid, sa.ForeignKey("providers.uuid"), nullable=False),
    sealed_column("sealed_credentials"),
    # What is known of the authorization server, where access is granted there: its client, and how to renew it.
    sealed_column("sealed_grant", nullable=True),
    sa.Column("refreshing_until", Time),
    sa.Column("credentials", Json, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("profile", Json, nullable=False),
    sa.Column("verification", Json),
    sa.Column("last_used_at", Time),
    sa.Column("expires_at", Time),
    sa.CheckConstraint("status IN ('active', 'expired', 'invalid', 'unverified')", name="status"),
    sa.Index("ix_accounts_workspace_uuid_name", "workspace_uuid", "name", "uuid"),
    sa.Index("ix_accounts_provider_uuid", "provider_uuid"),
)
