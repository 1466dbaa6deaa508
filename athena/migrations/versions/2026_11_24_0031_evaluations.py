"""Datasets and evaluations.

Revision ID: 0031
Revises: 0030
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0031"
down_revision = "0030"

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
    for statement in row_security(table):
        op.execute(statement)


def belongs_to(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_uuid", column], [f"{table}.workspace_uuid", f"{table}.uuid"], ondelete="CASCADE"
    )


def creator() -> sa.Column[object]:
    return sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL"))


def indexed(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_workspace_uuid_{column}_uuid", table, ["workspace_uuid", column, "uuid"])


def create_datasets() -> None:
    resource(
        "datasets",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        creator(),
    )
    indexed("datasets", "name", "updated_at")
    resource(
        "dataset_items",
        sa.Column("dataset_uuid", sa.UUID, nullable=False),
        sa.Column("messages", JSON, nullable=False),
        sa.Column("expectations", JSON, nullable=False),
        belongs_to("dataset_uuid", "datasets"),
    )
    indexed("dataset_items", "dataset_uuid")


def create_evaluations() -> None:
    resource(
        "evaluations",
        sa.Column("dataset_uuid", sa.UUID, nullable=False),
        sa.Column("agent_uuid", sa.UUID, nullable=False),
        sa.Column("agent_version", sa.Integer, nullable=False),
        sa.Column("concurrency", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error", JSON),
        sa.Column("summary", JSON),
        sa.Column("finished_at", TIME),
        creator(),
        belongs_to("dataset_uuid", "datasets"),
        belongs_to("agent_uuid", "agents"),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_evaluations_status")
        ),
    )
    indexed("evaluations", "agent_uuid", "dataset_uuid", "status")
    resource(
        "evaluation_results",
        sa.Column("evaluation_uuid", sa.UUID, nullable=False),
        sa.Column("item_uuid", sa.UUID, nullable=False),
        sa.Column("messages", JSON, nullable=False),
        sa.Column("expectations", JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default="pending"),
        sa.Column("output", sa.Text),
        sa.Column("score", sa.Double),
        sa.Column("reasons", JSON, nullable=False, server_default="[]"),
        sa.Column("error", JSON),
        sa.Column("run_uuid", sa.UUID),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cost", sa.Double),
        sa.Column("judge_cost", sa.Double),
        sa.Column("duration_ms", sa.BigInteger),
        belongs_to("evaluation_uuid", "evaluations"),
        sa.CheckConstraint(
            "status IN ('pending', 'passed', 'failed', 'error', 'cancelled')",
            name=op.f("ck_evaluation_results_status"),
        ),
        sa.UniqueConstraint(
            "workspace_uuid",
            "evaluation_uuid",
            "item_uuid",
            name="uq_evaluation_results_workspace_uuid_evaluation_uuid_item_uuid",
        ),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_datasets()
    create_evaluations()
