"""Invitations, and how an invited user gets a password.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.db import SYSTEM_ROLE
from athena.kit.tables import row_security

revision = "0008"
down_revision = "0007"

TIME = sa.TIMESTAMP(timezone=True)

# Whoever leaves a workspace, however that is, leaves nothing behind that still opens it.
MEMBER_LEFT = """
CREATE FUNCTION athena_member_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.tokens SET revoked_at = now(), updated_at = now(), revision = revision + 1
    WHERE user_uuid = OLD.user_uuid AND workspace_uuid = OLD.workspace_uuid AND revoked_at IS NULL;
    DELETE FROM public.invitations WHERE workspace_uuid = OLD.workspace_uuid AND inviter_uuid = OLD.user_uuid;
    UPDATE public.users SET default_workspace_uuid = NULL
    WHERE uuid = OLD.user_uuid AND default_workspace_uuid = OLD.workspace_uuid;
    RETURN NULL;
END $$
"""


def create_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("inviter_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("declined_at", TIME),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'builder', 'operator', 'viewer')", name=op.f("ck_invitations_role")
        ),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
    )
    op.create_index(
        "uq_invitations_workspace_uuid_email",
        "invitations",
        ["workspace_uuid", sa.text("lower(email)")],
        unique=True,
    )
    op.create_index("ix_invitations_email", "invitations", [sa.text("lower(email)")])
    op.create_index("ix_invitations_inviter_uuid", "invitations", ["inviter_uuid"])
    for statement in row_security("invitations"):
        op.execute(statement)


def create_password_resets() -> None:
    op.create_table(
        "password_resets",
        sa.Column("user_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.UniqueConstraint("token_hash", name="uq_password_resets_token_hash"),
    )
    for statement in row_security("password_resets", rows="false"):
        op.execute(statement)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION athena_invite(uuid, text, text, jsonb, timestamptz)")
    create_invitations()
    create_password_resets()
    op.execute(MEMBER_LEFT)
    op.execute("REVOKE ALL ON FUNCTION athena_member_left() FROM PUBLIC")
    # An owner must be able to create in the schema at the moment when it becomes one.
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    op.execute(f"ALTER FUNCTION athena_member_left() OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")
    op.execute(
        "CREATE TRIGGER member_left AFTER DELETE ON workspace_members "
        "FOR EACH ROW EXECUTE FUNCTION athena_member_left()"
    )
