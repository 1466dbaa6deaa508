"""Approvals and their answers.

Revision ID: 0019
Revises: 0018
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0019"
down_revision = "0018"

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.TIMESTAMP(timezone=True)

# A run that has ended asks nobody any more, however it ended.
RUN_ENDED = """
CREATE FUNCTION athena_close_approvals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE approvals SET status = CASE WHEN expires_at <= NEW.finished_at THEN 'expired' ELSE 'cancelled' END,
        updated_at = NEW.finished_at, revision = revision + 1
    WHERE workspace_uuid = NEW.workspace_uuid AND run_uuid = NEW.uuid AND status = 'open';
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER close_approvals AFTER UPDATE ON runs FOR EACH ROW
WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL) EXECUTE FUNCTION athena_close_approvals()
"""


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


def create_approvals() -> None:
    resource(
        "approvals",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default="open"),
        sa.Column("run_uuid", sa.UUID, nullable=False),
        sa.Column("workflow_uuid", sa.UUID),
        sa.Column("node_id", sa.Text, nullable=False),
        sa.Column("signal", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("payload", JSON),
        sa.Column("editable", sa.Boolean, nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("answers_needed", sa.Integer, nullable=False),
        sa.Column("roles", JSON, nullable=False),
        sa.Column("user_uuids", JSON, nullable=False),
        sa.Column("link", sa.Boolean, nullable=False),
        sa.Column("token_hash", sa.LargeBinary),
        sa.Column("password_hash", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failed_at", TIME),
        sa.Column("blocked_until", TIME),
        sa.Column("expires_at", TIME),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "run_uuid"], ["runs.workspace_uuid", "runs.uuid"], ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('approval', 'form')", name=op.f("ck_approvals_kind")),
        sa.CheckConstraint(
            "status IN ('open', 'approved', 'refused', 'answered', 'expired', 'cancelled')",
            name=op.f("ck_approvals_status"),
        ),
        sa.UniqueConstraint("workspace_uuid", "run_uuid", "signal", name="uq_approvals_workspace_uuid_run_uuid_signal"),
        sa.UniqueConstraint("token_hash", name="uq_approvals_token_hash"),
    )
    for column in ("status", "updated_at", "workflow_uuid"):
        op.create_index(f"ix_approvals_workspace_uuid_{column}_uuid", "approvals", ["workspace_uuid", column, "uuid"])


def create_answers() -> None:
    resource(
        "approval_answers",
        sa.Column("approval_uuid", sa.UUID, nullable=False),
        sa.Column("user_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        sa.Column("by_link", sa.Boolean, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("content", JSON),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "approval_uuid"], ["approvals.workspace_uuid", "approvals.uuid"], ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "decision IN ('approved', 'refused', 'answered')", name=op.f("ck_approval_answers_decision")
        ),
    )
    op.create_index(
        "ix_approval_answers_workspace_uuid_approval_uuid_uuid",
        "approval_answers",
        ["workspace_uuid", "approval_uuid", "uuid"],
    )
    op.create_index("ix_approval_answers_user_uuid", "approval_answers", ["user_uuid"])


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_approvals()
    create_answers()
    for table in ("approvals", "approval_answers"):
        for statement in row_security(table):
            op.execute(statement)
    op.execute(RUN_ENDED)
    op.execute(TRIGGER)
