"""Budgets, what was spent of them, and what is set aside.

Revision ID: 0028
Revises: 0027
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0028"
down_revision = "0027"

TIME = sa.TIMESTAMP(timezone=True)
SCOPE = (
    "(user_uuid IS NOT NULL) = (scope_type = 'user') AND (token_uuid IS NOT NULL) = (scope_type = 'token') "
    "AND (agent_uuid IS NOT NULL) = (scope_type = 'agent') AND (workflow_uuid IS NOT NULL) = (scope_type = 'workflow')"
)
# By the names that they have where they are named for what they hold.
CHECKS = {
    "scope": SCOPE,
    "scope_type": "scope_type IN ('workspace', 'user', 'token', 'agent', 'workflow')",
    "period": "period IN ('day', 'month', 'total')",
    "on_soft": "on_soft IN ('warn', 'use_model')",
    "limit": "num_nonnulls(limit_cost, limit_tokens) > 0",
}
INDEXES = (
    ("user_uuid",),
    ("token_uuid",),
    ("workspace_uuid", "agent_uuid"),
    ("workspace_uuid", "workflow_uuid"),
    ("workspace_uuid", "account_uuid"),
    ("creator_uuid",),
)


def workspace() -> sa.Column[object]:
    return sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True)


def in_workspace(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_uuid", column],
        [f"{target}.workspace_uuid", f"{target}.uuid"],
        name=op.f(f"fk_{table}_workspace_uuid_{column}"),
        ondelete=ondelete,
    )


def create_budgets() -> None:
    op.create_table(
        "budgets",
        workspace(),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scope_type", sa.Text, nullable=False),
        sa.Column("user_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE")),
        sa.Column("token_uuid", sa.UUID, sa.ForeignKey("tokens.uuid", ondelete="CASCADE")),
        sa.Column("agent_uuid", sa.UUID),
        sa.Column("workflow_uuid", sa.UUID),
        sa.Column(
            "scope_uuid",
            sa.UUID,
            sa.Computed("COALESCE(user_uuid, token_uuid, agent_uuid, workflow_uuid, workspace_uuid)", persisted=True),
            nullable=False,
        ),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("limit_cost", sa.Numeric),
        sa.Column("limit_tokens", sa.BigInteger),
        sa.Column("soft_limit", sa.Double),
        sa.Column("on_soft", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("account_uuid", sa.UUID),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        in_workspace("budgets", "agent_uuid", "agents", "CASCADE"),
        in_workspace("budgets", "workflow_uuid", "workflows", "CASCADE"),
        in_workspace("budgets", "account_uuid", "accounts", "SET NULL (account_uuid)"),
        *(sa.CheckConstraint(text, name=op.f(f"ck_budgets_{name}")) for name, text in CHECKS.items()),
    )
    for columns in INDEXES:
        op.create_index(f"ix_budgets_{'_'.join(columns)}", "budgets", list(columns))


def create_spending() -> None:
    op.create_table(
        "budget_periods",
        workspace(),
        sa.Column("budget_uuid", sa.UUID, primary_key=True),
        sa.Column("starts_at", TIME, primary_key=True),
        sa.Column("used_cost", sa.Numeric, nullable=False, server_default="0"),
        sa.Column("used_tokens", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("reserved_cost", sa.Numeric, nullable=False, server_default="0"),
        sa.Column("reserved_tokens", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("warned_at", TIME),
        sa.Column("exhausted_at", TIME),
        in_workspace("budget_periods", "budget_uuid", "budgets", "CASCADE"),
        # Rows that every call changes: room for their new versions on the same page keeps the index out of it.
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "budget_reservations",
        workspace(),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("run_uuid", sa.UUID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("budget_uuids", postgresql.ARRAY(sa.UUID), nullable=False),
        sa.Column("starts_at", postgresql.ARRAY(TIME), nullable=False),
        sa.Column("cost", sa.Numeric, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.UniqueConstraint(
            "workspace_uuid", "run_uuid", "key", name=op.f("uq_budget_reservations_workspace_uuid_run_uuid_key")
        ),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_budgets()
    create_spending()
    for table in ("budgets", "budget_periods", "budget_reservations"):
        for statement in row_security(table):
            op.execute(statement)
