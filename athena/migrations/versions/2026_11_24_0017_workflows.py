"""Workflows and their versions, and what executions are listed by.

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0017"
down_revision = "0016"

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.TIMESTAMP(timezone=True)

COLUMNS = {
    "trigger": "text GENERATED ALWAYS AS (labels ->> 'trigger') STORED",
    "error_code": "text GENERATED ALWAYS AS (error ->> 'code') STORED",
    "error_fingerprint": "text GENERATED ALWAYS AS (labels ->> 'error_fingerprint') STORED",
    # Numbers of another type would be compared behind row-level security alone, whatever indexes there are.
    "cost": "double precision GENERATED ALWAYS AS (athena_number(labels -> 'cost')::double precision) STORED",
    # `greatest` of 0 and nothing would be 0.
    "duration_ms": (
        "bigint GENERATED ALWAYS AS (CASE WHEN finished_at IS NOT NULL AND started_at IS NOT NULL THEN "
        "greatest(0, floor(extract(epoch FROM finished_at - started_at) * 1000))::bigint END) STORED"
    ),
}


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
        sa.Column("nodes", JSON, nullable=False),
        sa.Column("edges", JSON, nullable=False),
        sa.Column("variables", JSON, nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    ]


def create_tables() -> None:
    resource(
        "workflows",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *versioned(),
        sa.Column("problems", JSON, nullable=False),
        sa.Column("webhook_token", sa.Text, nullable=False),
        sa.CheckConstraint("status IN ('draft', 'active', 'inactive')", name="ck_workflows_status"),
        sa.UniqueConstraint("webhook_token", name="uq_workflows_webhook_token"),
    )
    for column in ("name", "updated_at", "status", "creator_uuid"):
        op.create_index(f"ix_workflows_workspace_uuid_{column}_uuid", "workflows", ["workspace_uuid", column, "uuid"])
    op.create_index(
        "ix_workflows_tags", "workflows", ["tags"], postgresql_using="gin", postgresql_ops={"tags": "jsonb_path_ops"}
    )
    resource(
        "workflow_versions",
        sa.Column("workflow_uuid", sa.UUID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        *versioned(),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "workflow_uuid"], ["workflows.workspace_uuid", "workflows.uuid"], ondelete="CASCADE"
        ),
        sa.UniqueConstraint(
            "workspace_uuid",
            "workflow_uuid",
            "number",
            name="uq_workflow_versions_workspace_uuid_workflow_uuid_number",
        ),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_tables()
    for table in ("workflows", "workflow_versions"):
        for statement in row_security(table):
            op.execute(statement)
    op.execute("ALTER TABLE runs " + ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in COLUMNS.items()))
    op.execute("ALTER TABLE runs ADD COLUMN queue_limit integer NOT NULL DEFAULT 1")
    executions = "workflow_uuid IS NOT NULL"
    op.execute(f"CREATE INDEX ix_runs_executions ON runs (workspace_uuid, uuid) WHERE {executions}")
    for name in ("status", "trigger", "duration_ms", "cost", "error_code", "error_fingerprint"):
        op.execute(
            f"CREATE INDEX ix_runs_executions_{name} ON runs (workspace_uuid, {name}, uuid) "
            f"WHERE {executions} AND {name} IS NOT NULL"
        )
