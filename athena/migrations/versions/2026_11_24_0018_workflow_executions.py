"""Numbers of executions of workflows, and what else they are listed by.

A trigger adds a delta for each execution that begins, goes from one status to another, or is deleted; the housekeeping
folds them. Readers sum both, so that numbers are exact at once.

Revision ID: 0018
Revises: 0017
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.db import SYSTEM_ROLE
from athena.kit.tables import row_security

revision = "0018"
down_revision = "0017"

KEY = ("workspace_uuid", "workflow_uuid", "workflow_version", "trigger")
VALUES = "{row}.workspace_uuid, {row}.workflow_uuid, coalesce({row}.workflow_version, 0), coalesce({row}.trigger, '')"
EXECUTION = "{row}.kind = 'workflow' AND {row}.workflow_uuid IS NOT NULL"

COUNT = f"""
CREATE FUNCTION athena_count_executions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO public.execution_count_deltas ({", ".join(KEY)}, before)
        VALUES ({VALUES.format(row="OLD")}, OLD.status);
    ELSE
        INSERT INTO public.execution_count_deltas ({", ".join(KEY)}, before, after)
        VALUES ({VALUES.format(row="NEW")}, CASE TG_OP WHEN 'UPDATE' THEN OLD.status END, NEW.status);
    END IF;
    RETURN NULL;
END $$
"""

# Deltas of a workspace that is gone are dropped; the lock keeps it from going before this transaction's end.
FOLD = f"""
CREATE FUNCTION athena_fold_executions() RETURNS bigint LANGUAGE sql AS $$
    WITH folded AS (
        DELETE FROM execution_count_deltas WHERE id IN (
            SELECT id FROM execution_count_deltas ORDER BY id LIMIT 20000 FOR UPDATE SKIP LOCKED
        ) RETURNING *
    ), living AS (
        SELECT uuid FROM workspaces WHERE uuid IN (SELECT workspace_uuid FROM folded) FOR KEY SHARE
    ), summed AS (
        INSERT INTO execution_counts AS present ({", ".join(KEY)}, status, count)
        SELECT {", ".join(KEY)}, change.status, sum(change.n)
        FROM folded JOIN living ON living.uuid = folded.workspace_uuid
        CROSS JOIN LATERAL (VALUES (folded.before, -1), (folded.after, 1)) AS change (status, n)
        WHERE change.status IS NOT NULL GROUP BY 1, 2, 3, 4, 5 HAVING sum(change.n) <> 0 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT ({", ".join(KEY)}, status) DO UPDATE SET count = present.count + excluded.count
    )
    SELECT count(*) FROM folded
$$
"""

TRIGGERS = (
    f"""
    CREATE TRIGGER executions_insert AFTER INSERT ON runs
    FOR EACH ROW WHEN ({EXECUTION.format(row="NEW")}) EXECUTE FUNCTION athena_count_executions()
    """,
    f"""
    CREATE TRIGGER executions_update AFTER UPDATE ON runs
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status AND {EXECUTION.format(row="NEW")})
    EXECUTE FUNCTION athena_count_executions()
    """,
    f"""
    CREATE TRIGGER executions_delete AFTER DELETE ON runs
    FOR EACH ROW WHEN ({EXECUTION.format(row="OLD")}) EXECUTE FUNCTION athena_count_executions()
    """,
)

# As before, and of a workflow's execution it tells whose it is.
RUN_ENDED = """
CREATE OR REPLACE FUNCTION athena_run_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (workspace_uuid, uuid, created_at, actor_user_uuid, credential_kind, credential_uuid,
        action, resource_type, resource_uuid, details)
    VALUES (NEW.workspace_uuid, athena_uuid7(), NEW.finished_at,
        CASE WHEN NEW.input ->> 'user_uuid' ~ '^[0-9a-f-]{36}$' THEN (NEW.input ->> 'user_uuid')::uuid END,
        'run', NEW.uuid,
        CASE NEW.status WHEN 'succeeded' THEN 'run.completed' ELSE 'run.' || NEW.status END, 'run', NEW.uuid,
        jsonb_build_object('kind', NEW.kind, 'status', NEW.status, 'agent_uuid', NEW.labels -> 'agent_uuid',
            'thread_uuid', NEW.labels -> 'thread_uuid', 'code', NEW.error -> 'code',
            'usage', coalesce(NEW.output -> 'usage', NEW.output #> '{message,usage}'))
        || CASE WHEN NEW.labels ? 'workflow_uuid'
            THEN jsonb_build_object('workflow_uuid', NEW.labels -> 'workflow_uuid') ELSE '{}' END);
    RETURN NULL;
END $$
"""


def create_tables() -> None:
    def key() -> list[sa.Column[object]]:
        return [
            sa.Column("workflow_uuid", sa.Text, nullable=False),
            sa.Column("workflow_version", sa.Integer, nullable=False),
            sa.Column("trigger", sa.Text, nullable=False),
        ]

    op.create_table(
        "execution_counts",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), nullable=False),
        *key(),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(*KEY, "status"),
    )
    op.create_table(
        "execution_count_deltas",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("workspace_uuid", sa.UUID, nullable=False),
        *key(),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
    )
    op.create_index("ix_execution_count_deltas_workspace_uuid", "execution_count_deltas", ["workspace_uuid"])
    for table in ("execution_counts", "execution_count_deltas"):
        for statement in row_security(table):
            op.execute(statement)


def widen_runs() -> None:
    op.execute(
        "ALTER TABLE runs "
        "ADD COLUMN workflow_version integer GENERATED ALWAYS AS ((labels ->> 'workflow_version')::integer) STORED, "
        "ADD COLUMN source_execution_uuid text GENERATED ALWAYS AS (labels ->> 'source_execution_uuid') STORED"
    )
    op.execute(
        "CREATE INDEX ix_runs_executions_workflow_version ON runs (workspace_uuid, workflow_uuid, workflow_version, "
        "uuid) WHERE workflow_uuid IS NOT NULL AND workflow_version IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_runs_executions_failed ON runs (workspace_uuid, workflow_uuid, uuid) "
        "WHERE error_fingerprint IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_runs_executions_source_execution_uuid ON runs (workspace_uuid, source_execution_uuid, uuid) "
        "WHERE workflow_uuid IS NOT NULL AND source_execution_uuid IS NOT NULL"
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    widen_runs()
    create_tables()
    op.execute(RUN_ENDED)
    op.execute(COUNT)
    op.execute(FOLD)
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    op.execute(f"ALTER FUNCTION athena_count_executions() OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")
    # The locks that triggers need are held to the end, so that nothing is counted twice or not at all.
    for statement in TRIGGERS:
        op.execute(statement)
    op.execute(
        f"INSERT INTO execution_counts ({', '.join(KEY)}, status, count) "
        f"SELECT {VALUES.format(row='runs')}, status, count(*) FROM runs "
        "JOIN workspaces ON workspaces.uuid = runs.workspace_uuid "
        f"WHERE {EXECUTION.format(row='runs')} GROUP BY 1, 2, 3, 4, 5"
    )
