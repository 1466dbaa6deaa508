"""The numbers of executions, and what is still to be folded into them. The executions themselves are runs."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Uuid, metadata

KEY = ("workflow_uuid", "workflow_version", "trigger")


def _key() -> list[sa.Column[object]]:
    return [
        sa.Column("workflow_uuid", sa.Text, nullable=False),
        sa.Column("workflow_version", sa.Integer, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
    ]


execution_counts = sa.Table(
    "execution_counts",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), nullable=False),
    *_key(),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_uuid", *KEY, "status"),
)

execution_count_deltas = sa.Table(
    "execution_count_deltas",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("workspace_uuid", Uuid, nullable=False),
    *_key(),
    # From one status to another; of a new execution there is none before, and of a deleted one none after.
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Index(None, "workspace_uuid"),
)
