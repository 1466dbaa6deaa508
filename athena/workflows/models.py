"""The tables of workflows and their versions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit.tables import Json, Time, Uuid, same_workspace, slug, tenant_table


def _versioned() -> list[sa.Column[object]]:
    return [
        sa.Column("nodes", Json, nullable=False),
        sa.Column("edges", Json, nullable=False),
        sa.Column("variables", Json, nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    ]


workflows = tenant_table(
    "workflows",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    slug(),
    *_versioned(),
    # What keeps the present version from being active.
    sa.Column("problems", Json, nullable=False),
    # The unguessable part of its webhooks' addresses.
    sa.Column("webhook_token", sa.Text, nullable=False),
    # Until when one request to the test address starts the present version, and what the last such request started.
    sa.Column("listening_until", Time),
    sa.Column("test_execution_uuid", Uuid),
    sa.CheckConstraint("status IN ('draft', 'active', 'inactive')", name="status"),
    sa.UniqueConstraint("webhook_token"),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "slug", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "status", "uuid"),
    sa.Index(None, "workspace_uuid", "creator_uuid", "uuid"),
)
sa.Index("ix_workflows_tags", workflows.c.tags, postgresql_using="gin", postgresql_ops={"tags": "jsonb_path_ops"})

workflow_versions = tenant_table(
    "workflow_versions",
    sa.Column("workflow_uuid", Uuid, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    *_versioned(),
    same_workspace("workflow_uuid", "workflows", ondelete="CASCADE"),
    sa.UniqueConstraint("workspace_uuid", "workflow_uuid", "number"),
)

# What starts active workflows by itself, written anew with each change of them.
workflow_triggers = tenant_table(
    "workflow_triggers",
    sa.Column("workflow_uuid", Uuid, nullable=False),
    sa.Column("node_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("config", Json, nullable=False),
    # Of a schedule: since when it counts, the last time that was dealt with, and when to look next.
    sa.Column("anchor_at", Time),
    sa.Column("last_at", Time),
    sa.Column("next_at", Time),
    # Of an event.
    sa.Column("event_types", postgresql.ARRAY(sa.Text)),
    same_workspace("workflow_uuid", "workflows", ondelete="CASCADE"),
    sa.UniqueConstraint("workspace_uuid", "workflow_uuid", "node_id"),
    sa.CheckConstraint("kind IN ('schedule', 'event')", name="kind"),
    sa.Index("ix_workflow_triggers_next_at", "next_at", postgresql_where=sa.text("next_at IS NOT NULL")),
    sa.Index("ix_workflow_triggers_events", "workspace_uuid", postgresql_where=sa.text("kind = 'event'")),
)
