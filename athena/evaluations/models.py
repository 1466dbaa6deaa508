"""The tables of datasets with their items, and of evaluations with their results."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, same_workspace, tenant_table

datasets = tenant_table(
    "datasets",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
)

dataset_items = tenant_table(
    "dataset_items",
    sa.Column("dataset_uuid", Uuid, nullable=False),
    sa.Column("messages", Json, nullable=False),
    sa.Column("expectations", Json, nullable=False),
    same_workspace("dataset_uuid", "datasets", ondelete="CASCADE"),
    sa.Index(None, "workspace_uuid", "dataset_uuid", "uuid"),
)

# An evaluation's uuid is that of its run.
evaluations = tenant_table(
    "evaluations",
    sa.Column("dataset_uuid", Uuid, nullable=False),
    sa.Column("agent_uuid", Uuid, nullable=False),
    sa.Column("agent_version", sa.Integer, nullable=False),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("error", Json),
    # What the results come to, once no more are added.
    sa.Column("summary", Json),
    sa.Column("finished_at", Time),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    same_workspace("dataset_uuid", "datasets", ondelete="CASCADE"),
    same_workspace("agent_uuid", "agents", ondelete="CASCADE"),
    sa.CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
    sa.Index(None, "workspace_uuid", "agent_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "dataset_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "status", "uuid"),
)

# With what the item said when the evaluation began: the dataset may change meanwhile.
evaluation_results = tenant_table(
    "evaluation_results",
    sa.Column("evaluation_uuid", Uuid, nullable=False),
    sa.Column("item_uuid", Uuid, nullable=False),
    sa.Column("messages", Json, nullable=False),
    sa.Column("expectations", Json, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    sa.Column("output", sa.Text),
    sa.Column("score", sa.Double),
    sa.Column("reasons", Json, nullable=False, server_default="[]"),
    sa.Column("error", Json),
    sa.Column("run_uuid", Uuid),
    sa.Column("input_tokens", sa.BigInteger),
    sa.Column("output_tokens", sa.BigInteger),
    sa.Column("cost", sa.Double),
    sa.Column("judge_cost", sa.Double),
    sa.Column("duration_ms", sa.BigInteger),
    same_workspace("evaluation_uuid", "evaluations", ondelete="CASCADE"),
    sa.CheckConstraint("status IN ('pending', 'passed', 'failed', 'error', 'cancelled')", name="status"),
    sa.UniqueConstraint("workspace_uuid", "evaluation_uuid", "item_uuid"),
)
