"""The tables of prompts, their versions, and the channels that lead to those."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, same_workspace, tenant_table
from athena.kit.versions import channel_table


def _versioned() -> list[sa.Column[object]]:
    return [
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("variables", Json, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    ]


prompts = tenant_table(
    "prompts",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    *_versioned(),
    sa.Index(None, "workspace_uuid", "name", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "model", "uuid"),
    sa.Index(None, "workspace_uuid", "creator_uuid", "uuid"),
)
sa.Index("ix_prompts_tags", prompts.c.tags, postgresql_using="gin", postgresql_ops={"tags": "jsonb_path_ops"})

prompt_versions = tenant_table(
    "prompt_versions",
    sa.Column("prompt_uuid", Uuid, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    *_versioned(),
    same_workspace("prompt_uuid", "prompts", ondelete="CASCADE"),
    sa.UniqueConstraint("workspace_uuid", "prompt_uuid", "number"),
)

prompt_channels = channel_table("prompt")
