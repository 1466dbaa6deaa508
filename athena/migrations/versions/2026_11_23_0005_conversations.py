"""Media, agents, threads, messages and attachments.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_counter, row_security

revision = "0005"
down_revision = "0004"

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


def creator() -> sa.Column[object]:
    return sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL"))


def same_workspace(column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_uuid", column], [f"{target}.workspace_uuid", f"{target}.uuid"], ondelete=ondelete
    )


def index(table: str, *columns: str) -> None:
    names = ["workspace_uuid", *columns]
    op.create_index(f"ix_{table}_{'_'.join(names)}", table, names)


def create_media_and_agents() -> None:
    resource(
        "media",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mime_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        creator(),
    )
    resource(
        "agents",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("avatar_uuid", sa.UUID),
        sa.Column("model", sa.Text),
        sa.Column("account_uuid", sa.UUID),
        sa.Column("system_prompt", sa.Text),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        creator(),
        same_workspace("account_uuid", "accounts", "SET NULL (account_uuid)"),
        same_workspace("avatar_uuid", "media", "SET NULL (avatar_uuid)"),
    )


def create_threads_and_messages() -> None:
    resource(
        "threads",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("agent_uuid", sa.UUID),
        sa.Column("metadata", JSON, nullable=False),
        creator(),
        sa.Column("last_message_at", TIME, nullable=False),
        same_workspace("agent_uuid", "agents", "SET NULL (agent_uuid)"),
    )
    resource(
        "messages",
        sa.Column("thread_uuid", sa.UUID, nullable=False),
        sa.Column("parent_uuid", sa.UUID),
        sa.Column("run_uuid", sa.UUID),
        sa.Column("agent_uuid", sa.UUID),
        creator(),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cost", sa.Numeric),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error", JSON),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("feedback", JSON),
        same_workspace("thread_uuid", "threads", "CASCADE"),
        same_workspace("parent_uuid", "messages", "SET NULL (parent_uuid)"),
        sa.CheckConstraint("role IN ('system', 'user', 'assistant', 'tool')", name="role"),
        sa.CheckConstraint("status IN ('pending', 'completed', 'failed', 'cancelled')", name="status"),
    )
    op.create_table(
        "attachments",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("message_uuid", sa.UUID, nullable=False),
        sa.Column("thread_uuid", sa.UUID, nullable=False),
        sa.Column("media_uuid", sa.UUID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        same_workspace("message_uuid", "messages", "CASCADE"),
        same_workspace("media_uuid", "media", "CASCADE"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_media_and_agents()
    create_threads_and_messages()
    index("media", "sha256")
    for columns in (("name", "uuid"), ("updated_at", "uuid"), ("account_uuid",)):
        index("agents", *columns)
    for column in ("last_message_at", "updated_at", "name", "agent_uuid", "creator_uuid"):
        index("threads", column, "uuid")
    for columns in (("thread_uuid", "uuid"), ("parent_uuid",)):
        index("messages", *columns)
    for columns in (("message_uuid", "position"), ("thread_uuid",), ("media_uuid",)):
        index("attachments", *columns)
    for table in ("media", "agents", "threads", "messages", "attachments"):
        for statement in row_security(table):
            op.execute(statement)
    for table in ("threads", "messages"):
        for statement in row_counter(table):
            op.execute(statement)
