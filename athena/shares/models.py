"""The table of shares."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.guesses import guess_columns
from athena.kit.tables import Time, Uuid, same_workspace, tenant_table

shares = tenant_table(
    "shares",
    sa.Column("shareable_type", sa.Text, nullable=False),
    sa.Column("shareable_uuid", Uuid, nullable=False),
    # The same once more, one column for each type, so that a share goes with what it gives.
    sa.Column("agent_uuid", Uuid),
    sa.Column("prompt_uuid", Uuid),
    sa.Column("thread_uuid", Uuid),
    sa.Column("workflow_uuid", Uuid),
    sa.Column("grantee", sa.Text, nullable=False),
    # No foreign keys: whether such a user or workspace exists is nothing that who shares may learn.
    sa.Column("user_email", sa.Text),
    sa.Column("user_uuid", Uuid),
    sa.Column("grantee_workspace_uuid", Uuid),
    sa.Column("permission", sa.Text, nullable=False),
    sa.Column("token_hash", sa.LargeBinary),
    sa.Column("token_hint", sa.Text),
    *guess_columns(),
    sa.Column("expires_at", Time),
    sa.Column("run_limit", sa.Integer),
    sa.Column("runs", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_used_at", Time),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
    same_workspace("agent_uuid", "agents", ondelete="CASCADE"),
    same_workspace("prompt_uuid", "prompts", ondelete="CASCADE"),
    same_workspace("thread_uuid", "threads", ondelete="CASCADE"),
    same_workspace("workflow_uuid", "workflows", ondelete="CASCADE"),
    sa.CheckConstraint(
        "shareable_uuid = coalesce(agent_uuid, prompt_uuid, thread_uuid, workflow_uuid)", name="shareable"
    ),
    sa.CheckConstraint("num_nonnulls(agent_uuid, prompt_uuid, thread_uuid, workflow_uuid) = 1", name="one_shareable"),
    sa.CheckConstraint(
        "num_nonnulls(user_email, user_uuid, grantee_workspace_uuid, token_hash) = 1", name="one_grantee"
    ),
    sa.CheckConstraint("grantee IN ('user', 'workspace', 'link')", name="grantee"),
    sa.CheckConstraint("permission IN ('view', 'run', 'edit')", name="permission"),
    sa.UniqueConstraint("token_hash"),
    sa.Index(None, "workspace_uuid", "shareable_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "agent_uuid"),
    sa.Index(None, "workspace_uuid", "prompt_uuid"),
    sa.Index(None, "workspace_uuid", "thread_uuid"),
    sa.Index(None, "workspace_uuid", "workflow_uuid"),
    sa.Index(None, "user_email"),
    sa.Index(None, "user_uuid"),
    sa.Index(None, "grantee_workspace_uuid"),
    sa.Index(None, "creator_uuid"),
)
