"""Prompts and their versions.

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0010"
down_revision = "0009"

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.TIMESTAMP(timezone=True)


def resource(table: str, *items: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        *items,
    )


def versioned() -> list[sa.Column[object]]:
    return [
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("variables", JSON, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    resource(
        "prompts",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *versioned(),
    )
    resource(
        "prompt_versions",
        sa.Column("prompt_uuid", sa.UUID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        *versioned(),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "prompt_uuid"], ["prompts.workspace_uuid", "prompts.uuid"], ondelete="CASCADE"
        ),
        sa.UniqueConstraint(
            "workspace_uuid", "prompt_uuid", "number", name="uq_prompt_versions_workspace_uuid_prompt_uuid_number"
        ),
    )
    for column in ("name", "updated_at", "model", "creator_uuid"):
        op.create_index(f"ix_prompts_workspace_uuid_{column}_uuid", "prompts", ["workspace_uuid", column, "uuid"])
    op.create_index(
        "ix_prompts_tags", "prompts", ["tags"], postgresql_using="gin", postgresql_ops={"tags": "jsonb_path_ops"}
    )
    for table in ("prompts", "prompt_versions"):
        for statement in row_security(table):
            op.execute(statement)
