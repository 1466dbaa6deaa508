"""What starts workflows by itself.

Revision ID: 0020
Revises: 0019
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.db import SYSTEM_ROLE
from athena.kit.tables import row_security

revision = "0020"
down_revision = "0019"

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.TIMESTAMP(timezone=True)

# What an execution does is no event for its own workflow, which would go on for ever.
FEED = """
CREATE FUNCTION athena_feed_workflows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.workflow_events (workspace_uuid, uuid, trigger_uuid, event_uuid)
    SELECT e.workspace_uuid, public.athena_uuid7(), t.uuid, e.uuid
    FROM added AS e JOIN public.workflow_triggers AS t ON t.workspace_uuid = e.workspace_uuid AND t.kind = 'event'
    WHERE t.event_types && ARRAY['*', e.action, split_part(e.action, '.', 1) || '.*']
    AND NOT EXISTS (
        SELECT FROM public.runs AS r WHERE r.workspace_uuid = e.workspace_uuid
        AND r.uuid = CASE WHEN e.resource_type = 'run' THEN e.resource_uuid ELSE e.credential_uuid END
        AND r.workflow_uuid = t.workflow_uuid::text
    )
    FOR KEY SHARE OF t SKIP LOCKED;
    RETURN NULL;
END $$
"""


def create_triggers() -> None:
    op.create_table(
        "workflow_triggers",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("workflow_uuid", sa.UUID, nullable=False),
        sa.Column("node_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("config", JSON, nullable=False),
        sa.Column("anchor_at", TIME),
        sa.Column("last_at", TIME),
        sa.Column("next_at", TIME),
        sa.Column("event_types", postgresql.ARRAY(sa.Text)),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "workflow_uuid"], ["workflows.workspace_uuid", "workflows.uuid"], ondelete="CASCADE"
        ),
        sa.UniqueConstraint(
            "workspace_uuid",
            "workflow_uuid",
            "node_id",
            name="uq_workflow_triggers_workspace_uuid_workflow_uuid_node_id",
        ),
        sa.CheckConstraint("kind IN ('schedule', 'event')", name=op.f("ck_workflow_triggers_kind")),
    )
    op.create_index(
        "ix_workflow_triggers_next_at", "workflow_triggers", ["next_at"], postgresql_where="next_at IS NOT NULL"
    )
    op.create_index(
        "ix_workflow_triggers_events", "workflow_triggers", ["workspace_uuid"], postgresql_where="kind = 'event'"
    )


def create_incoming() -> None:
    op.create_table(
        "workflow_deliveries",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("workflow_uuid", sa.UUID, primary_key=True),
        sa.Column("delivery_id", sa.Text, primary_key=True),
        sa.Column("execution_uuid", sa.UUID, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "workflow_uuid"], ["workflows.workspace_uuid", "workflows.uuid"], ondelete="CASCADE"
        ),
    )
    op.create_index("ix_workflow_deliveries_created_at", "workflow_deliveries", ["created_at"])
    op.create_table(
        "workflow_events",
        sa.Column("workspace_uuid", sa.UUID, primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("trigger_uuid", sa.UUID, nullable=False),
        sa.Column("event_uuid", sa.UUID, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "trigger_uuid"],
            ["workflow_triggers.workspace_uuid", "workflow_triggers.uuid"],
            ondelete="CASCADE",
        ),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE workflows ADD COLUMN listening_until timestamptz, ADD COLUMN test_execution_uuid uuid")
    create_triggers()
    create_incoming()
    for table in ("workflow_triggers", "workflow_deliveries", "workflow_events"):
        for statement in row_security(table):
            op.execute(statement)
    op.execute(FEED)
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    op.execute(f"ALTER FUNCTION athena_feed_workflows() OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")
    op.execute(
        "CREATE TRIGGER feed_workflows AFTER INSERT ON audit_events REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION athena_feed_workflows()"
    )
