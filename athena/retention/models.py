"""The list of what deletions still have to reach. Triggers fill it, so that no way of deleting is forgotten."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Time, Uuid, metadata

leftovers = sa.Table(
    "leftovers",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("workspace_uuid", Uuid),
    # A file's hash, a run's or an export's id; empty for a workspace.
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("due_at", Time, nullable=False, server_default=sa.func.now()),
    sa.CheckConstraint("kind IN ('media', 'export', 'run', 'workspace')", name="kind"),
    sa.Index(None, "due_at"),
)
