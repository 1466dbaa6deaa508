"""The sources that agents are trained with, and what of them a memory is.

Revision ID: 0029
Revises: 0028
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0029"
down_revision = "0028"

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.TIMESTAMP(timezone=True)
INDEXES = (
    ("workspace_uuid", "agent_uuid", "uuid"),
    ("workspace_uuid", "run_uuid"),
    ("workspace_uuid", "media_uuid"),
    ("workspace_uuid", "thread_uuid"),
    ("creator_uuid",),
)


def same_workspace(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_uuid", column], [f"{target}.workspace_uuid", f"{target}.uuid"], ondelete="CASCADE"
    )


def create_sources() -> None:
    op.create_table(
        "agent_sources",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("agent_uuid", sa.UUID, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("media_uuid", sa.UUID),
        sa.Column("thread_uuid", sa.UUID),
        sa.Column("content", JSON),
        sa.Column("options", JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error", JSON),
        sa.Column("run_uuid", sa.UUID, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("content_hash", sa.Text),
        sa.Column("trained_at", TIME),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        same_workspace("agent_uuid", "agents"),
        same_workspace("media_uuid", "media"),
        same_workspace("thread_uuid", "threads"),
        sa.UniqueConstraint(
            "workspace_uuid", "agent_uuid", "key", name=op.f("uq_agent_sources_workspace_uuid_agent_uuid_key")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_agent_sources_status"),
        ),
    )
    for columns in INDEXES:
        op.create_index(f"ix_agent_sources_{'_'.join(columns)}", "agent_sources", list(columns))
    for statement in row_security("agent_sources"):
        op.execute(statement)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_sources()
    for name, kind in (
        ("source_title", sa.Text),
        ("source_location", sa.Text),
        ("source_parent_uuid", sa.UUID),
        ("agent_source_uuid", sa.UUID),
        ("content_hash", sa.Text),
    ):
        op.add_column("memories", sa.Column(name, kind))
    for column, target in (("source_parent_uuid", "messages"), ("agent_source_uuid", "agent_sources")):
        op.create_foreign_key(
            f"fk_memories_workspace_uuid_{column}_{target}",
            "memories",
            target,
            ["workspace_uuid", column],
            ["workspace_uuid", "uuid"],
            ondelete="CASCADE",
        )
    op.create_index(
        "ix_memories_workspace_uuid_source_parent_uuid",
        "memories",
        ["workspace_uuid", "source_parent_uuid"],
        postgresql_where=sa.text("source_parent_uuid IS NOT NULL"),
    )
    op.create_index(
        "uq_memories_passage",
        "memories",
        ["workspace_uuid", "agent_source_uuid", "content_hash"],
        unique=True,
        postgresql_where=sa.text("agent_source_uuid IS NOT NULL"),
    )
