"""Users, workspaces, members, tokens, sessions, and the functions that authenticate a request.

Revision ID: 0003
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.db import SYSTEM_ROLE, TENANT_ROLE
from athena.kit.tables import row_security

revision = "0003"
down_revision = "0002"

TIME = sa.TIMESTAMP(timezone=True)

# Which rows a tenant may write, and which others it may read.
TENANT_ROWS = {
    "users": "uuid = (SELECT athena_user())",
    "workspaces": "uuid = (SELECT athena_workspace())",
    "workspace_members": "workspace_uuid = (SELECT athena_workspace())",
    "tokens": "user_uuid = (SELECT athena_user())"
    " OR (kind = 'service' AND workspace_uuid = (SELECT athena_workspace()))",
    "sessions": "user_uuid = (SELECT athena_user())",
    "sign_in_attempts": "false",
}
TENANT_READS = {
    "users": "EXISTS (SELECT FROM workspace_members AS m"
    " WHERE m.workspace_uuid = (SELECT athena_workspace()) AND m.user_uuid = users.uuid)",
    "workspaces": "EXISTS (SELECT FROM workspace_members AS m"
    " WHERE m.workspace_uuid = workspaces.uuid AND m.user_uuid = (SELECT athena_user()))",
    "workspace_members": "user_uuid = (SELECT athena_user())",
}

# The workspace that is asked for, or else the user's default, or else the one joined first; no row for a stranger.
MEMBERSHIP = """
    SELECT m.workspace_uuid, m.role
    FROM public.workspace_members AS m
    WHERE m.user_uuid = {user} AND ({wanted} IS NULL OR m.workspace_uuid = {wanted})
    ORDER BY (m.workspace_uuid = {favourite}) DESC NULLS LAST, m.created_at, m.workspace_uuid
    LIMIT 1
"""

# plpgsql, because it keeps its plans. The note of the last use does not wait for the disk, nor for another's note.
FUNCTIONS = (
    f"""
    CREATE FUNCTION athena_authenticate(hash bytea, wanted uuid)
    RETURNS TABLE (
        user_uuid uuid, token_uuid uuid, kind text, scopes text[], expires_at timestamptz, revoked_at timestamptz,
        bound_uuid uuid, workspace_uuid uuid, role text
    )
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public ROWS 1 AS $$
    #variable_conflict use_column
    DECLARE
        entry public.tokens;
        favourite uuid;
        member record;
    BEGIN
        SELECT * INTO entry FROM public.tokens WHERE token_hash = hash;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        SELECT u.default_workspace_uuid INTO favourite FROM public.users AS u WHERE u.uuid = entry.user_uuid;
        {
        MEMBERSHIP.format(
            user="entry.user_uuid", wanted="coalesce(wanted, entry.workspace_uuid)", favourite="favourite"
        ).replace("FROM public", "INTO member FROM public")
    };
        IF entry.last_used_at IS NULL OR entry.last_used_at < now() - interval '1 minute' THEN
            PERFORM set_config('synchronous_commit', 'off', true);
            UPDATE public.tokens SET last_used_at = now() WHERE uuid = (
                SELECT uuid FROM public.tokens WHERE uuid = entry.uuid FOR NO KEY UPDATE SKIP LOCKED
            );
        END IF;
        RETURN QUERY SELECT entry.user_uuid, entry.uuid, entry.kind, entry.scopes, entry.expires_at,
            entry.revoked_at, entry.workspace_uuid, member.workspace_uuid, member.role;
    END $$
    """,
    f"""
    CREATE FUNCTION athena_authenticate_session(hash bytea, wanted uuid)
    RETURNS TABLE (
        user_uuid uuid, session_uuid uuid, csrf_hash bytea, expires_at timestamptz, workspace_uuid uuid, role text
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public ROWS 1 AS $$
    #variable_conflict use_column
    BEGIN
        RETURN QUERY SELECT s.user_uuid, s.uuid, s.csrf_hash, s.expires_at, member.workspace_uuid, member.role
        FROM public.sessions AS s JOIN public.users AS u ON u.uuid = s.user_uuid
        LEFT JOIN LATERAL (
            {MEMBERSHIP.format(user="s.user_uuid", wanted="wanted", favourite="u.default_workspace_uuid")}
        ) AS member ON true
        WHERE s.session_hash = hash;
    END $$
    """,
    f"""
    CREATE FUNCTION athena_membership(member_uuid uuid, wanted uuid)
    RETURNS TABLE (workspace_uuid uuid, role text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public ROWS 1 AS $$
    #variable_conflict use_column
    DECLARE favourite uuid;
    BEGIN
        SELECT u.default_workspace_uuid INTO favourite FROM public.users AS u WHERE u.uuid = member_uuid;
        RETURN QUERY {MEMBERSHIP.format(user="member_uuid", wanted="wanted", favourite="favourite")};
    END $$
    """,
    # How many are in workspaces that the user is in; their rows need not be seen for it.
    """
    CREATE FUNCTION athena_members_counts(workspaces uuid[])
    RETURNS TABLE (workspace_uuid uuid, members bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    #variable_conflict use_column
    BEGIN
        RETURN QUERY SELECT m.workspace_uuid, count(*) FROM public.workspace_members AS m
        WHERE m.workspace_uuid = ANY(workspaces) AND EXISTS (
            SELECT FROM public.workspace_members AS own
            WHERE own.workspace_uuid = m.workspace_uuid AND own.user_uuid = public.athena_user()
        ) GROUP BY m.workspace_uuid;
    END $$
    """,
    # Who an invitation's e-mail belongs to, anywhere; a new user without a password where it is nobody's.
    """
    CREATE FUNCTION athena_invite(new_uuid uuid, address text, shown_name text, new_profile jsonb, moment timestamptz)
    RETURNS TABLE (user_uuid uuid, verified boolean, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public ROWS 1 AS $$
    #variable_conflict use_column
    BEGIN
        INSERT INTO public.users (uuid, created_at, updated_at, name, email, profile)
        VALUES (new_uuid, moment, moment, shown_name, address, new_profile)
        ON CONFLICT (lower(email)) DO NOTHING;
        RETURN QUERY SELECT u.uuid, u.email_verified, u.uuid = new_uuid
        FROM public.users AS u WHERE lower(u.email) = lower(address);
    END $$
    """,
)


def resource_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    ]


def create_workspaces() -> None:
    op.create_table(
        "workspaces",
        *resource_columns(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("settings", postgresql.JSONB, nullable=False),
        sa.Column("oidc_issuer", sa.Text),
        sa.Column("oidc_organization", sa.Text),
        sa.UniqueConstraint("slug", name="uq_workspaces_slug"),
        sa.UniqueConstraint("oidc_issuer", "oidc_organization", name="uq_workspaces_oidc_issuer_oidc_organization"),
    )


def create_users() -> None:
    op.create_table(
        "users",
        *resource_columns(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("password_hash", sa.Text),
        sa.Column("profile", postgresql.JSONB, nullable=False),
        sa.Column("default_workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="SET NULL")),
        sa.Column("oidc_issuer", sa.Text),
        sa.Column("oidc_subject", sa.Text),
        sa.Column("oidc_synced_at", TIME),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject", name="uq_users_oidc_issuer_oidc_subject"),
    )
    op.create_index("uq_users_email", "users", [sa.text("lower(email)")], unique=True)
    op.create_index("ix_users_default_workspace_uuid", "users", ["default_workspace_uuid"])


def create_members() -> None:
    op.create_table(
        "workspace_members",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE"), primary_key=True),
        *resource_columns()[1:],
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False, server_default="local"),
        sa.Column("invited_at", TIME),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'builder', 'operator', 'viewer')", name=op.f("ck_workspace_members_role")
        ),
        sa.CheckConstraint("source IN ('local', 'oidc')", name=op.f("ck_workspace_members_source")),
    )
    op.create_index("ix_workspace_members_user_uuid", "workspace_members", ["user_uuid"])


def create_tokens() -> None:
    op.create_table(
        "tokens",
        *resource_columns(),
        sa.Column("user_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE")),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text)),
        sa.Column("expires_at", TIME),
        sa.Column("last_used_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.CheckConstraint("kind IN ('personal', 'service', 'sign_in')", name=op.f("ck_tokens_kind")),
        sa.CheckConstraint(
            "kind <> 'service' OR workspace_uuid IS NOT NULL", name=op.f("ck_tokens_service_has_workspace")
        ),
        sa.UniqueConstraint("token_hash", name="uq_tokens_token_hash"),
    )
    op.create_index("ix_tokens_user_uuid", "tokens", ["user_uuid"])
    op.create_index("ix_tokens_workspace_uuid", "tokens", ["workspace_uuid"])


def create_sessions() -> None:
    op.create_table(
        "sessions",
        *resource_columns()[:2],
        sa.Column("user_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
        sa.Column("session_hash", sa.LargeBinary, nullable=False),
        sa.Column("csrf_hash", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.UniqueConstraint("session_hash", name="uq_sessions_session_hash"),
    )
    op.create_index("ix_sessions_user_uuid", "sessions", ["user_uuid"])
    op.create_table(
        "sign_in_attempts",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("blocked_until", TIME),
        sa.Column("updated_at", TIME, nullable=False),
    )
    op.create_index("ix_sign_in_attempts_updated_at", "sign_in_attempts", ["updated_at"])


def create_functions() -> None:
    signatures = (
        "athena_authenticate(bytea, uuid)",
        "athena_authenticate_session(bytea, uuid)",
        "athena_membership(uuid, uuid)",
        "athena_members_counts(uuid[])",
        "athena_invite(uuid, text, text, jsonb, timestamptz)",
    )
    for function in FUNCTIONS:
        op.execute(function)
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    for signature in signatures:
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {TENANT_ROLE}, {SYSTEM_ROLE}")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_workspaces()
    create_users()
    create_members()
    create_tokens()
    create_sessions()
    for table, rows in TENANT_ROWS.items():
        for statement in row_security(table, rows=rows):
            op.execute(statement)
    for table, rows in TENANT_READS.items():
        op.execute(f"CREATE POLICY tenant_reads ON {table} FOR SELECT TO {TENANT_ROLE} USING ({rows})")
    create_functions()
