"""The table of invitations; of the link's token, it holds the hash alone."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Time, Uuid, tenant_table

invitations = tenant_table(
    "invitations",
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("inviter_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("declined_at", Time),
    sa.CheckConstraint("role IN ('owner', 'admin', 'builder', 'operator', 'viewer')", name="role"),
    sa.UniqueConstraint("token_hash"),
    sa.Index("uq_invitations_workspace_uuid_email", "workspace_uuid", sa.text("lower(email)"), unique=True),
    sa.Index("ix_invitations_email", sa.text("lower(email)")),
    sa.Index(None, "inviter_uuid"),
)
