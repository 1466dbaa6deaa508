"""The tables of workflows and their versions."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, same_workspace, tenant_table


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
    *_versioned(),
    # What keeps the present version from being active.
    sa.Column("problems", Json, nullable=False),
    # The unguessable part of its webhooks' addresses.
    sa.Column("webhook_token", sa.Text, nullable=False),
    sa.CheckConstraint("status IN ('draft', 'active', 'inactive')", name="status"),
    sa.UniqueConstraint("webhook_token"),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
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
