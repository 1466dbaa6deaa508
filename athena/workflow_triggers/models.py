"""The tables of what has come in: deliveries to webhooks, and events that workflows await."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Time, Uuid, metadata, same_workspace

# By what a sender calls a delivery, the execution that it has started.
workflow_deliveries = sa.Table(
    "workflow_deliveries",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("workflow_uuid", Uuid, primary_key=True),
    sa.Column("delivery_id", sa.Text, primary_key=True),
    sa.Column("execution_uuid", Uuid, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    same_workspace("workflow_uuid", "workflows", ondelete="CASCADE"),
    sa.Index("ix_workflow_deliveries_created_at", "created_at"),
)

# Fed by the log of changes, in the transaction of the change; a row goes with the acceptance of its execution.
workflow_events = sa.Table(
    "workflow_events",
    metadata,
    sa.Column("workspace_uuid", Uuid, primary_key=True),
    sa.Column("uuid", Uuid, primary_key=True),
    sa.Column("trigger_uuid", Uuid, nullable=False),
    sa.Column("event_uuid", Uuid, nullable=False),
    same_workspace("trigger_uuid", "workflow_triggers", ondelete="CASCADE"),
)
