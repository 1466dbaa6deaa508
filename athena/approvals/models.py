"""The tables of approvals and their answers."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.guesses import guess_columns
from athena.kit.tables import Json, Time, Uuid, same_workspace, tenant_table

approvals = tenant_table(
    "approvals",
    sa.Column("kind", sa.Text, nullable=False),
    # A trigger closes those that are open when their run ends: `cancelled`, or `expired`.
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    sa.Column("run_uuid", Uuid, nullable=False),
    sa.Column("workflow_uuid", Uuid),
    sa.Column("node_id", sa.Text, nullable=False),
    # What the run waits for.
    sa.Column("signal", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("payload", Json),
    sa.Column("editable", sa.Boolean, nullable=False),
    sa.Column("fields", Json, nullable=False),
    sa.Column("answers_needed", sa.Integer, nullable=False),
    # Who may answer; both empty: whoever has the permission.
    sa.Column("roles", Json, nullable=False),
    sa.Column("user_uuids", Json, nullable=False),
    sa.Column("link", sa.Boolean, nullable=False),
    sa.Column("token_hash", sa.LargeBinary),
    *guess_columns(),
    sa.Column("expires_at", Time),
    same_workspace("run_uuid", "runs", ondelete="CASCADE"),
    sa.CheckConstraint("kind IN ('approval', 'form')", name="kind"),
    sa.CheckConstraint("status IN ('open', 'approved', 'refused', 'answered', 'expired', 'cancelled')", name="status"),
    sa.UniqueConstraint("workspace_uuid", "run_uuid", "signal"),
    sa.UniqueConstraint("token_hash"),
    sa.Index(None, "workspace_uuid", "status", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "workflow_uuid", "uuid"),
)

approval_answers = tenant_table(
    "approval_answers",
    sa.Column("approval_uuid", Uuid, nullable=False),
    # Nobody known, when it came by the link; and no longer known, when the user is gone.
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.Column("by_link", sa.Boolean, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    # What was filled in, or the payload as it was edited.
    sa.Column("content", Json),
    same_workspace("approval_uuid", "approvals", ondelete="CASCADE"),
    sa.CheckConstraint("decision IN ('approved', 'refused', 'answered')", name="decision"),
    sa.Index(None, "workspace_uuid", "approval_uuid", "uuid"),
    sa.Index(None, "user_uuid"),
)
