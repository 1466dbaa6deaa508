"""Roles, the extension for vectors, and the functions that row-level security stands on.

Revision ID: 0001
Create Date: 2026-11-23
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

ROLES = """
DO $$
DECLARE role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['athena_tenant', 'athena_system'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOBYPASSRLS', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this server made it at the same moment
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name AND (rolbypassrls OR rolsuper)) THEN
            RAISE EXCEPTION 'the role % must not be a superuser or have BYPASSRLS', role_name;
        END IF;
        IF NOT pg_has_role(current_user, role_name, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role_name);
    END LOOP;
END $$
"""

FUNCTIONS = (
    """
    CREATE FUNCTION athena_workspace() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('athena.workspace_uuid', true), '')::uuid
    """,
    """
    CREATE FUNCTION athena_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('athena.user_uuid', true), '')::uuid
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.execute(ROLES)
    for function in FUNCTIONS:
        op.execute(function)
