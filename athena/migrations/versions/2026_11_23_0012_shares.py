"""Shares, and the function that finds those of a grantee.

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.db import SYSTEM_ROLE, TENANT_ROLE
from athena.kit.tables import row_security

revision = "0012"
down_revision = "0011"

TIME = sa.TIMESTAMP(timezone=True)
TYPES = ("agent", "prompt", "thread")

# What is shared with the transaction's user and workspace, or with whoever knows a link's token; and what it is called.
# The only way to another workspace's share: it tells the share and whose it is, and nothing else of that workspace.
SHARED = """
    CREATE FUNCTION athena_shared(wanted uuid, hash bytea)
    RETURNS TABLE (share shares, name text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public ROWS 10 AS $$
    #variable_conflict use_column
    BEGIN
        IF hash IS NOT NULL THEN
            RETURN QUERY SELECT s, NULL::text FROM public.shares AS s
            WHERE s.token_hash = hash AND (s.expires_at IS NULL OR s.expires_at > now());
            RETURN;
        END IF;
        RETURN QUERY SELECT s, coalesce(a.name, p.name, t.name) FROM public.shares AS s
        LEFT JOIN public.agents AS a ON a.workspace_uuid = s.workspace_uuid AND a.uuid = s.agent_uuid
        LEFT JOIN public.prompts AS p ON p.workspace_uuid = s.workspace_uuid AND p.uuid = s.prompt_uuid
        LEFT JOIN public.threads AS t ON t.workspace_uuid = s.workspace_uuid AND t.uuid = s.thread_uuid
        WHERE (wanted IS NULL OR s.uuid = wanted) AND (s.expires_at IS NULL OR s.expires_at > now()) AND (
            s.user_uuid = (SELECT public.athena_user())
            OR s.user_email = (
                SELECT lower(u.email) FROM public.users AS u WHERE u.uuid = public.athena_user() AND u.email_verified
            )
            OR s.grantee_workspace_uuid = (SELECT public.athena_workspace())
        );
    END $$
"""
SIGNATURE = "athena_shared(uuid, bytea)"

# As 0008 has it; and whoever leaves knows the links that they made, and may have shared with themselves. What they
# shared with others stays.
MEMBER_LEFT = """
CREATE OR REPLACE FUNCTION athena_member_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.tokens SET revoked_at = now(), updated_at = now(), revision = revision + 1
    WHERE user_uuid = OLD.user_uuid AND workspace_uuid = OLD.workspace_uuid AND revoked_at IS NULL;
    DELETE FROM public.invitations WHERE workspace_uuid = OLD.workspace_uuid AND inviter_uuid = OLD.user_uuid;
    DELETE FROM public.shares AS s WHERE s.workspace_uuid = OLD.workspace_uuid AND s.creator_uuid = OLD.user_uuid
    AND (s.grantee = 'link' OR s.user_uuid = OLD.user_uuid
        OR s.user_email = (SELECT lower(u.email) FROM public.users AS u WHERE u.uuid = OLD.user_uuid));
    UPDATE public.users SET default_workspace_uuid = NULL
    WHERE uuid = OLD.user_uuid AND default_workspace_uuid = OLD.workspace_uuid;
    RETURN NULL;
END $$
"""


def create_table() -> None:
    op.create_table(
        "shares",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("shareable_type", sa.Text, nullable=False),
        sa.Column("shareable_uuid", sa.UUID, nullable=False),
        *(sa.Column(f"{kind}_uuid", sa.UUID) for kind in TYPES),
        sa.Column("grantee", sa.Text, nullable=False),
        sa.Column("user_email", sa.Text),
        sa.Column("user_uuid", sa.UUID),
        sa.Column("grantee_workspace_uuid", sa.UUID),
        sa.Column("permission", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary),
        sa.Column("token_hint", sa.Text),
        sa.Column("password_hash", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failed_at", TIME),
        sa.Column("blocked_until", TIME),
        sa.Column("expires_at", TIME),
        sa.Column("run_limit", sa.Integer),
        sa.Column("runs", sa.Integer, nullable=False, server_default="0"),
        sa.Column("last_used_at", TIME),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["workspace_uuid", f"{kind}_uuid"], [f"{kind}s.workspace_uuid", f"{kind}s.uuid"], ondelete="CASCADE"
            )
            for kind in TYPES
        ),
        *checks(),
        sa.UniqueConstraint("token_hash", name="uq_shares_token_hash"),
    )


def checks() -> list[sa.CheckConstraint]:
    rules = {
        "shareable": "shareable_uuid = coalesce(agent_uuid, prompt_uuid, thread_uuid)",
        "one_shareable": "num_nonnulls(agent_uuid, prompt_uuid, thread_uuid) = 1",
        "one_grantee": "num_nonnulls(user_email, user_uuid, grantee_workspace_uuid, token_hash) = 1",
        "grantee": "grantee IN ('user', 'workspace', 'link')",
        "permission": "permission IN ('view', 'run', 'edit')",
    }
    return [sa.CheckConstraint(rule, name=op.f(f"ck_shares_{name}")) for name, rule in rules.items()]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_table()
    for columns in (
        ("workspace_uuid", "shareable_uuid", "uuid"),
        ("workspace_uuid", "updated_at", "uuid"),
        *(("workspace_uuid", f"{kind}_uuid") for kind in TYPES),
        *((column,) for column in ("user_email", "user_uuid", "grantee_workspace_uuid", "creator_uuid")),
    ):
        op.create_index(f"ix_shares_{'_'.join(columns)}", "shares", list(columns))
    for statement in row_security("shares"):
        op.execute(statement)
    op.execute(MEMBER_LEFT)
    op.execute(SHARED)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO {TENANT_ROLE}, {SYSTEM_ROLE}")
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    op.execute(f"ALTER FUNCTION {SIGNATURE} OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")
