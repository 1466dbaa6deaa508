"""How long a workspace keeps what, what a deletion still has to reach, and exports.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.db import SYSTEM_ROLE
from athena.kit.tables import row_security

revision = "0009"
down_revision = "0008"

TIME = sa.TIMESTAMP(timezone=True)
JSON = postgresql.JSONB(none_as_null=True)

FUNCTIONS = {
    # A file on disk, of which the rows are gone.
    "athena_media_deleted()": """
    CREATE FUNCTION athena_media_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO public.leftovers (kind, workspace_uuid, name)
        SELECT DISTINCT 'media', workspace_uuid, sha256 FROM gone;
        RETURN NULL;
    END $$
    """,
    "athena_exports_deleted()": """
    CREATE FUNCTION athena_exports_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO public.leftovers (kind, name) SELECT 'export', uuid::text FROM gone;
        RETURN NULL;
    END $$
    """,
    # What an answer says stands in the log of its run, too. A run at work goes once it has ended.
    "athena_messages_deleted()": """
    CREATE FUNCTION athena_messages_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    BEGIN
        DELETE FROM public.runs AS r USING gone AS g
        WHERE r.workspace_uuid = g.workspace_uuid AND r.uuid = g.run_uuid AND r.finished_at IS NOT NULL;
        INSERT INTO public.leftovers (kind, workspace_uuid, name)
        SELECT 'run', r.workspace_uuid, r.uuid::text FROM gone AS g
        JOIN public.runs AS r ON r.workspace_uuid = g.workspace_uuid AND r.uuid = g.run_uuid;
        RETURN NULL;
    END $$
    """,
    "athena_threads_deleted()": """
    CREATE FUNCTION athena_threads_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO public.leftovers (kind, workspace_uuid, name)
        SELECT 'run', r.workspace_uuid, r.uuid::text FROM gone AS g JOIN public.runs AS r
        ON r.workspace_uuid = g.workspace_uuid AND r.queue_key = g.uuid::text AND r.finished_at IS NULL;
        RETURN NULL;
    END $$
    """,
    # Once at once, and once more when nobody can be at work in it any more.
    "athena_workspaces_deleted()": """
    CREATE FUNCTION athena_workspaces_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO public.leftovers (kind, workspace_uuid, name, due_at)
        SELECT 'workspace', uuid, '', due FROM gone, unnest(ARRAY[now(), now() + interval '1 hour']) AS due;
        RETURN NULL;
    END $$
    """,
}


def create_leftovers() -> None:
    op.create_table(
        "leftovers",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("workspace_uuid", sa.UUID),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("due_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("kind IN ('media', 'export', 'run', 'workspace')", name=op.f("ck_leftovers_kind")),
    )
    op.create_index("ix_leftovers_due_at", "leftovers", ["due_at"])
    for statement in row_security("leftovers", rows="false"):
        op.execute(statement)


def create_exports() -> None:
    op.create_table(
        "exports",
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE")),
        sa.Column("user_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error", JSON),
        sa.Column("size", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("leased_until", TIME),
        sa.Column("finished_at", TIME),
        sa.Column("expires_at", TIME),
        sa.CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed')", name=op.f("ck_exports_status")),
    )
    op.create_index("ix_exports_workspace_uuid_uuid", "exports", ["workspace_uuid", "uuid"])
    op.create_index("ix_exports_user_uuid_uuid", "exports", ["user_uuid", "uuid"])
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"])
    unfinished = sa.text("finished_at IS NULL")
    op.create_index("ix_exports_unfinished", "exports", ["uuid"], postgresql_where=unfinished)
    rows = "workspace_uuid = (SELECT athena_workspace())"
    own = "workspace_uuid IS NULL AND user_uuid = (SELECT athena_user())"
    for statement in row_security("exports", rows=f"{rows} OR ({own})"):
        op.execute(statement)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("workspaces", sa.Column("retention", JSON, nullable=False, server_default="{}"))
    create_leftovers()
    create_exports()
    # An owner must be able to create in the schema at the moment when it becomes one.
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    for name, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"ALTER FUNCTION {name} OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")
    for table in ("media", "exports", "messages", "threads", "workspaces"):
        op.execute(
            f"CREATE TRIGGER leftovers AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
            f"FOR EACH STATEMENT EXECUTE FUNCTION athena_{table}_deleted()"
        )
