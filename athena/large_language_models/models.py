"""The table of language models: the catalogue (rows without a workspace) and what each account was found to offer."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit.tables import Time, Uuid, metadata, resource_columns, same_workspace

large_language_models = sa.Table(
    "large_language_models",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE")),
    *resource_columns(),
    sa.Column("provider_uuid", Uuid, sa.ForeignKey("providers.uuid", ondelete="CASCADE"), nullable=False),
    sa.Column("account_uuid", Uuid),
    sa.Column("catalogue_uuid", Uuid),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("context_window", sa.BigInteger),
    sa.Column("max_output_tokens", sa.BigInteger),
    sa.Column("input_price", sa.Double),
    sa.Column("output_price", sa.Double),
    sa.Column("capabilities", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("deprecated_at", Time),
    same_workspace("account_uuid", "accounts", ondelete="CASCADE"),
    sa.CheckConstraint("(workspace_uuid IS NULL) = (account_uuid IS NULL)", name="owner"),
    sa.CheckConstraint("status IN ('active', 'deprecated')", name="status"),
    sa.Index("uq_large_language_models_account_uuid_name", "account_uuid", "name", unique=True),
    sa.Index("ix_large_language_models_workspace_uuid", "workspace_uuid", "account_uuid"),
    sa.Index("ix_large_language_models_provider_uuid", "provider_uuid"),
    sa.Index("ix_large_language_models_name", "name"),
)

catalogue_versions = sa.Table(
    "catalogue_versions",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
)
