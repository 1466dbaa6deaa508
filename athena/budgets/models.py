"""The tables of budgets: what they allow, what was spent in each period, and what is set aside for calls under way."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit.tables import Time, Uuid, Uuids, metadata, same_workspace, tenant_table

budgets = tenant_table(
    "budgets",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scope_type", sa.Text, nullable=False),
    # One of them, or none for the whole workspace; the budget goes with what it is for.
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE")),
    sa.Column("token_uuid", Uuid, sa.ForeignKey("tokens.uuid", ondelete="CASCADE")),
    sa.Column("agent_uuid", Uuid),
    sa.Column("workflow_uuid", Uuid),
    # Whichever it is; of the whole workspace's, the workspace.
    sa.Column(
        "scope_uuid",
        Uuid,
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
    sa.Column("account_uuid", Uuid),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    same_workspace("agent_uuid", "agents", ondelete="CASCADE"),
    same_workspace("workflow_uuid", "workflows", ondelete="CASCADE"),
    same_workspace("account_uuid", "accounts", ondelete="SET NULL (account_uuid)"),
    sa.CheckConstraint(
        "(user_uuid IS NOT NULL) = (scope_type = 'user') AND (token_uuid IS NOT NULL) = (scope_type = 'token') "
        "AND (agent_uuid IS NOT NULL) = (scope_type = 'agent') "
        "AND (workflow_uuid IS NOT NULL) = (scope_type = 'workflow')",
        name="scope",
    ),
    sa.CheckConstraint("scope_type IN ('workspace', 'user', 'token', 'agent', 'workflow')", name="scope_type"),
    sa.CheckConstraint("period IN ('day', 'month', 'total')", name="period"),
    sa.CheckConstraint("on_soft IN ('warn', 'use_model')", name="on_soft"),
    sa.CheckConstraint("num_nonnulls(limit_cost, limit_tokens) > 0", name="limit"),
    sa.Index(None, "user_uuid"),
    sa.Index(None, "token_uuid"),
    sa.Index(None, "workspace_uuid", "agent_uuid"),
    sa.Index(None, "workspace_uuid", "workflow_uuid"),
    sa.Index(None, "workspace_uuid", "account_uuid"),
    sa.Index(None, "creator_uuid"),
)

budget_periods = sa.Table(
    "budget_periods",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("budget_uuid", Uuid, primary_key=True),
    sa.Column("starts_at", Time, primary_key=True),
    sa.Column("used_cost", sa.Numeric, nullable=False, server_default="0"),
    sa.Column("used_tokens", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("reserved_cost", sa.Numeric, nullable=False, server_default="0"),
    sa.Column("reserved_tokens", sa.BigInteger, nullable=False, server_default="0"),
    # When it was told that the soft limit, and the budget's end, were reached.
    sa.Column("warned_at", Time),
    sa.Column("exhausted_at", Time),
    same_workspace("budget_uuid", "budgets", ondelete="CASCADE"),
)

budget_reservations = sa.Table(
    "budget_reservations",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("uuid", Uuid, primary_key=True),
    sa.Column("created_at", Time, nullable=False),
    # Of a call outside of any run an id of its own.
    sa.Column("run_uuid", Uuid, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    # The periods that it is set aside in, by budget.
    sa.Column("budget_uuids", Uuids, nullable=False),
    sa.Column("starts_at", postgresql.ARRAY(Time), nullable=False),
    sa.Column("cost", sa.Numeric, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("workspace_uuid", "run_uuid", "key"),
)
