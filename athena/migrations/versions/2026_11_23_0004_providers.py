"""Providers, accounts and language models.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0004"
down_revision = "0003"

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.TIMESTAMP(timezone=True)
OWN = "workspace_uuid = (SELECT athena_workspace())"
SHARED = f"workspace_uuid IS NULL OR {OWN}"


def resource_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    ]


def workspace(*, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(
        "workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=primary_key
    )


def create_providers() -> None:
    op.create_table(
        "providers",
        sa.Column("uuid", sa.UUID, primary_key=True),
        workspace(),
        *resource_columns(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("base_url", sa.Text),
        sa.Column("authentication_config", JSON, nullable=False),
        sa.Column("logo", sa.Text),
        sa.Column("is_builtin", sa.Boolean, nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.CheckConstraint("is_builtin = (workspace_uuid IS NULL)", name="builtin"),
        sa.CheckConstraint("kind IN ('llm', 'embedding', 'mcp', 'http')", name="kind"),
    )
    op.create_index("uq_providers_workspace_uuid_slug", "providers", ["workspace_uuid", "slug"], unique=True)
    op.create_index(
        "uq_providers_slug_builtin", "providers", ["slug"], unique=True, postgresql_where="workspace_uuid IS NULL"
    )


def create_accounts() -> None:
    op.create_table(
        "accounts",
        workspace(primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        *resource_columns(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("provider_uuid", sa.UUID, sa.ForeignKey("providers.uuid"), nullable=False),
        sa.Column("sealed_credentials", sa.LargeBinary, nullable=False),
        sa.Column("credentials", JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("profile", JSON, nullable=False),
        sa.Column("verification", JSON),
        sa.Column("last_used_at", TIME),
        sa.Column("expires_at", TIME),
        sa.CheckConstraint("status IN ('active', 'expired', 'invalid', 'unverified')", name="status"),
    )
    op.create_index("ix_accounts_workspace_uuid_name", "accounts", ["workspace_uuid", "name", "uuid"])
    op.create_index("ix_accounts_provider_uuid", "accounts", ["provider_uuid"])


def create_models() -> None:
    op.create_table(
        "large_language_models",
        sa.Column("uuid", sa.UUID, primary_key=True),
        workspace(),
        *resource_columns(),
        sa.Column("provider_uuid", sa.UUID, sa.ForeignKey("providers.uuid", ondelete="CASCADE"), nullable=False),
        sa.Column("account_uuid", sa.UUID),
        sa.Column("catalogue_uuid", sa.UUID),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("context_window", sa.BigInteger),
        sa.Column("max_output_tokens", sa.BigInteger),
        sa.Column("input_price", sa.Double),
        sa.Column("output_price", sa.Double),
        sa.Column("capabilities", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("deprecated_at", TIME),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "account_uuid"], ["accounts.workspace_uuid", "accounts.uuid"], ondelete="CASCADE"
        ),
        sa.CheckConstraint("(workspace_uuid IS NULL) = (account_uuid IS NULL)", name="owner"),
        sa.CheckConstraint("status IN ('active', 'deprecated')", name="status"),
    )
    name = "large_language_models"
    op.create_index(f"uq_{name}_account_uuid_name", name, ["account_uuid", "name"], unique=True)
    op.create_index(f"ix_{name}_workspace_uuid", name, ["workspace_uuid", "account_uuid"])
    op.create_index(f"ix_{name}_provider_uuid", name, ["provider_uuid"])
    op.create_index(f"ix_{name}_name", name, ["name"])
    op.create_table(
        "catalogue_versions",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
    )


def secure() -> None:
    for table in ("providers", "large_language_models"):
        for statement in row_security(table, rows=OWN):
            op.execute(statement)
        # Reading reaches further than writing: a second policy, for SELECT alone, adds the shared rows.
        op.execute(f"CREATE POLICY shared ON {table} FOR SELECT TO athena_tenant USING ({SHARED})")
    for statement in row_security("accounts"):
        op.execute(statement)
    # The caller's own row-level security holds inside of this check, so that another tenant's provider is not found.
    visible = "EXISTS (SELECT FROM providers WHERE providers.uuid = provider_uuid)"
    op.execute(f"CREATE POLICY provider ON accounts AS RESTRICTIVE FOR INSERT TO athena_tenant WITH CHECK ({visible})")
    # Nobody moves an account to another provider, which would get to see the credentials.
    op.execute("REVOKE UPDATE ON accounts FROM athena_tenant")
    op.execute(
        "GRANT UPDATE (updated_at, revision, name, sealed_credentials, credentials, status, profile, verification, "
        "last_used_at, expires_at) ON accounts TO athena_tenant"
    )
    for statement in row_security("catalogue_versions", rows="false"):
        op.execute(statement)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_providers()
    create_accounts()
    create_models()
    secure()
