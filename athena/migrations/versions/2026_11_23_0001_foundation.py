"""Roles, the extension for vectors, and the functions that row-level security stands on.

Revision ID: 0001
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.tables import row_security

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

# Totals of lists: each statement adds a row to the deltas, which the housekeeping folds into the counts.
# Appending takes no lock that another transaction of the same workspace would wait for.
COUNTERS = (
    """
    CREATE FUNCTION athena_count_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO public.row_count_deltas (workspace_uuid, table_name, delta)
        SELECT workspace_uuid, TG_TABLE_NAME, count(*) * TG_ARGV[0]::int FROM changed GROUP BY workspace_uuid;
        RETURN NULL;
    END $$
    """,
    # The new owner of a function has to be allowed to create it, unless a superuser makes it the owner.
    "GRANT CREATE ON SCHEMA public TO athena_system",
    "ALTER FUNCTION athena_count_rows() OWNER TO athena_system",
    "REVOKE CREATE ON SCHEMA public FROM athena_system",
    """
    CREATE FUNCTION athena_row_count(text) RETURNS bigint LANGUAGE sql STABLE
    RETURN (SELECT coalesce(sum(n), 0)::bigint FROM (
        SELECT count AS n FROM row_counts
        WHERE workspace_uuid = (SELECT athena_workspace()) AND table_name = $1
        UNION ALL
        SELECT delta FROM row_count_deltas
        WHERE workspace_uuid = (SELECT athena_workspace()) AND table_name = $1
    ) AS parts)
    """,
    """
    CREATE FUNCTION athena_fold_counts() RETURNS bigint LANGUAGE sql AS $$
        WITH folded AS (
            DELETE FROM row_count_deltas WHERE id IN (
                SELECT id FROM row_count_deltas ORDER BY id LIMIT 50000 FOR UPDATE SKIP LOCKED
            ) RETURNING workspace_uuid, table_name, delta
        ), summed AS (
            INSERT INTO row_counts AS present (workspace_uuid, table_name, count)
            SELECT workspace_uuid, table_name, sum(delta) FROM folded GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT (workspace_uuid, table_name) DO UPDATE SET count = present.count + excluded.count
        )
        SELECT count(*) FROM folded
    $$
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.execute(ROLES)
    for function in FUNCTIONS:
        op.execute(function)
    op.create_table(
        "row_counts",
        sa.Column("workspace_uuid", sa.UUID, primary_key=True),
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "row_count_deltas",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("workspace_uuid", sa.UUID, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("delta", sa.BigInteger, nullable=False),
    )
    columns = ["workspace_uuid", "table_name"]
    op.create_index("ix_row_count_deltas_workspace_uuid_table_name", "row_count_deltas", columns)
    for table in ("row_counts", "row_count_deltas"):
        for statement in row_security(table):
            op.execute(statement)
    for statement in COUNTERS:
        op.execute(statement)
