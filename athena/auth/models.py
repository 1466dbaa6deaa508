"""The tables of credentials. Secrets are stored as SHA-256 alone: they are random, so that no slow hash is needed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit.tables import Time, Uuid, metadata, resource_columns

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    *resource_columns(),
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
    # A token of a workspace opens that workspace alone.
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE")),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    # The secret's first and last characters, by which its owner knows it again.
    sa.Column("hint", sa.Text, nullable=False),
    # Null: everything that the role permits.
    sa.Column("scopes", postgresql.ARRAY(sa.Text)),
    sa.Column("expires_at", Time),
    sa.Column("last_used_at", Time),
    sa.Column("revoked_at", Time),
    sa.CheckConstraint("kind IN ('personal', 'service', 'sign_in')", name="kind"),
    sa.CheckConstraint("kind <> 'service' OR workspace_uuid IS NOT NULL", name="service_has_workspace"),
    sa.UniqueConstraint("token_hash"),
    sa.Index(None, "user_uuid"),
    sa.Index(None, "workspace_uuid"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
    sa.Column("session_hash", sa.LargeBinary, nullable=False),
    sa.Column("csrf_hash", sa.LargeBinary, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    # What the same sign-in gave to programs: it ends together with the session.
    sa.Column("token_uuid", Uuid, sa.ForeignKey("tokens.uuid", ondelete="SET NULL")),
    sa.UniqueConstraint("session_hash"),
    sa.Index(None, "user_uuid"),
    sa.Index(None, "token_uuid"),
)

password_resets = sa.Table(
    "password_resets",
    metadata,
    # One at a time: a new one takes the place of the last.
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.UniqueConstraint("token_hash"),
)

sign_in_attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    # A hash of the e-mail or of the client's address, so that neither is kept.
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("blocked_until", Time),
    sa.Column("updated_at", Time, nullable=False),
    sa.Index(None, "updated_at"),
)
