"""Memories and their vectors, and the messages that somebody rated.

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0013"
down_revision = "0012"

TIME = sa.TIMESTAMP(timezone=True)
INDEXES = (
    ("workspace_uuid", "updated_at", "uuid"),
    ("workspace_uuid", "used_count", "uuid"),
    ("workspace_uuid", "kind", "uuid"),
    ("workspace_uuid", "scope", "uuid"),
    ("workspace_uuid", "agent_uuid", "uuid"),
    ("workspace_uuid", "user_uuid", "uuid"),
    ("workspace_uuid", "thread_uuid", "uuid"),
    ("workspace_uuid", "source_uuid", "source_type"),
    ("workspace_uuid", "source_message_uuid"),
    ("workspace_uuid", "source_thread_uuid"),
    ("workspace_uuid", "source_media_uuid"),
    ("workspace_uuid", "supersedes_uuid"),
    ("user_uuid",),
    ("creator_uuid",),
    ("embedding_model",),
    ("expires_at",),
)


def source(kind: str) -> sa.Column[object]:
    computed = sa.Computed(f"CASE WHEN source_type = '{kind}' THEN source_uuid END", persisted=True)
    return sa.Column(f"source_{kind}_uuid", sa.UUID, computed)


def same_workspace(column: str, target: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_uuid", column], [f"{target}.workspace_uuid", f"{target}.uuid"], ondelete=ondelete
    )


def constraints() -> list[sa.schema.SchemaItem]:
    return [
        same_workspace("agent_uuid", "agents"),
        same_workspace("thread_uuid", "threads"),
        same_workspace("source_message_uuid", "messages"),
        same_workspace("source_thread_uuid", "threads"),
        same_workspace("source_media_uuid", "media"),
        same_workspace("supersedes_uuid", "memories", "SET NULL (supersedes_uuid)"),
        sa.CheckConstraint("kind IN ('fact', 'preference', 'episode', 'knowledge')", name="kind"),
        sa.CheckConstraint("scope IN ('workspace', 'user', 'agent', 'thread')", name="scope"),
        sa.CheckConstraint(
            "(agent_uuid IS NOT NULL) = (scope = 'agent') AND (user_uuid IS NOT NULL) = (scope = 'user') "
            "AND (thread_uuid IS NOT NULL) = (scope = 'thread')",
            name="place",
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "memories",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("agent_uuid", sa.UUID),
        sa.Column("user_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE")),
        sa.Column("thread_uuid", sa.UUID),
        sa.Column("source_type", sa.Text),
        sa.Column("source_uuid", sa.UUID),
        sa.Column("source_url", sa.Text),
        sa.Column("source_position", sa.Integer),
        *(source(kind) for kind in ("message", "thread", "media")),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("supersedes_uuid", sa.UUID),
        sa.Column("used_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_used_at", TIME),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        sa.Column("embedding_model", sa.Text, nullable=False, server_default=""),
        sa.Column("embedding", HALFVEC(384)),
        sa.Column(
            "words",
            postgresql.TSVECTOR,
            sa.Computed("to_tsvector('simple'::regconfig, \"left\"(content, 50000))", persisted=True),
            nullable=False,
        ),
        *constraints(),
    )
    # Out of the row, each would be one more page to read for a search.
    op.execute("ALTER TABLE memories ALTER COLUMN embedding SET STORAGE PLAIN")
    for columns in INDEXES:
        op.create_index(f"ix_memories_{'_'.join(columns)}", "memories", list(columns))
    for statement in row_security("memories"):
        op.execute(statement)
    rated = sa.text("feedback IS NOT NULL")
    op.create_index("ix_messages_rated", "messages", ["workspace_uuid", "uuid"], postgresql_where=rated)
