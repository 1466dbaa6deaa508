"""What programs that speak other protocols call threads, and where they want to be told of a run.

Revision ID: 0044
Revises: 0042
Create Date: 2026-11-25
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.db import SYSTEM_ROLE

revision = "0044"
down_revision = "0042"

# Those of a run are found by it, so that many of them cost other changes nothing.
FEED = """
CREATE OR REPLACE FUNCTION athena_feed_webhooks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.webhook_deliveries (workspace_uuid, uuid, created_at, updated_at, webhook_uuid, event_uuid,
        event_type, payload, status, next_attempt_at)
    SELECT e.workspace_uuid, public.athena_uuid7(), now(), now(), w.uuid, e.uuid, e.action,
        jsonb_build_object(
            'type', e.action,
            'timestamp', to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'data', e.details || jsonb_build_object(
                'event_uuid', e.uuid, 'uuid', e.resource_uuid, 'resource_type', e.resource_type,
                'workspace_uuid', e.workspace_uuid, 'actor_user_uuid', e.actor_user_uuid,
                'changed', coalesce(e.details -> 'changed', '[]'))),
        'pending', now()
    FROM added AS e JOIN public.webhooks AS w ON w.workspace_uuid = e.workspace_uuid
    WHERE w.enabled AND w.run_uuid IS NULL
        AND w.event_types && ARRAY['*', e.action, split_part(e.action, '.', 1) || '.*']
    FOR KEY SHARE OF w SKIP LOCKED;

    INSERT INTO public.webhook_deliveries (workspace_uuid, uuid, created_at, updated_at, webhook_uuid, event_uuid,
        event_type, payload, status, next_attempt_at)
    SELECT e.workspace_uuid, public.athena_uuid7(), now(), now(), w.uuid, e.uuid, e.action,
        jsonb_build_object(
            'type', e.action,
            'timestamp', to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'data', e.details),
        'pending', now()
    FROM added AS e
    LEFT JOIN public.approvals AS a
        ON e.resource_type = 'approval' AND a.workspace_uuid = e.workspace_uuid AND a.uuid = e.resource_uuid
    JOIN public.webhooks AS w ON w.workspace_uuid = e.workspace_uuid
        AND w.run_uuid = CASE e.resource_type WHEN 'run' THEN e.resource_uuid ELSE a.run_uuid END
    WHERE e.resource_type IN ('run', 'approval') AND w.enabled AND w.event_types && ARRAY[e.action]
    FOR KEY SHARE OF w SKIP LOCKED;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("threads", sa.Column("external_id", sa.Text))
    op.create_index(
        "ix_threads_external_id",
        "threads",
        ["workspace_uuid", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    for column in ("run_uuid", "name", "sealed_headers"):
        kind = {"run_uuid": sa.UUID, "name": sa.Text, "sealed_headers": sa.LargeBinary}[column]
        op.add_column("webhooks", sa.Column(column, kind))
    op.alter_column("webhooks", "sealed_secret", nullable=True)
    op.create_foreign_key(
        op.f("fk_webhooks_workspace_uuid_run_uuid"),
        "webhooks",
        "runs",
        ["workspace_uuid", "run_uuid"],
        ["workspace_uuid", "uuid"],
        ondelete="CASCADE",
    )
    op.create_check_constraint(
        op.f("ck_webhooks_of_run"),
        "webhooks",
        "(run_uuid IS NULL) = (name IS NULL) AND (run_uuid IS NULL) = (sealed_secret IS NOT NULL)",
    )
    op.create_index(
        "ix_webhooks_run_uuid_name",
        "webhooks",
        ["workspace_uuid", "run_uuid", "name"],
        unique=True,
        postgresql_where=sa.text("run_uuid IS NOT NULL"),
    )
    op.create_index(
        "ix_webhooks_of_workspace", "webhooks", ["workspace_uuid"], postgresql_where=sa.text("run_uuid IS NULL")
    )
    op.execute(FEED)
    op.execute(f"ALTER FUNCTION athena_feed_webhooks() OWNER TO {SYSTEM_ROLE}")
