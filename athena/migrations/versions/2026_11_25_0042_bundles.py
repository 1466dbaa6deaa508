"""Bundles.

Revision ID: 0042
Revises: 0040
Create Date: 2026-11-25
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0042"
down_revision = "0040"

TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "bundles",
        *_resource(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("archive", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    )
    for column in ("creator_uuid", "expires_at"):
        op.create_index(f"ix_bundles_{column}", "bundles", [column])
    op.create_table(
        "bundle_resources",
        *_resource(),
        sa.Column("bundle", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("resource_uuid", sa.UUID, nullable=False),
        sa.Column("wanted", postgresql.JSONB, nullable=False),
        sa.Column("applied", postgresql.JSONB, nullable=False),
        sa.UniqueConstraint(
            "workspace_uuid", "bundle", "kind", "key", name="uq_bundle_resources_workspace_uuid_bundle"
        ),
    )
    for table in ("bundles", "bundle_resources"):
        for statement in row_security(table):
            op.execute(statement)


def _resource() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    ]
