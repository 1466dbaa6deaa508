"""How far threads were read for what is worth remembering."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Time, Uuid, metadata, same_workspace

# A workspace in which an agent extracts: its threads are looked at in the order in which they went quiet.
memory_extraction_progress = sa.Table(
    "memory_extraction_progress",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    # When the last message was said in the last thread that was looked at.
    sa.Column("looked_until", Time, nullable=False),
)

memory_extractions = sa.Table(
    "memory_extractions",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("thread_uuid", Uuid, primary_key=True),
    # The last message that was read; it may be gone by now.
    sa.Column("through_uuid", Uuid, nullable=False),
    same_workspace("thread_uuid", "threads", ondelete="CASCADE"),
)
