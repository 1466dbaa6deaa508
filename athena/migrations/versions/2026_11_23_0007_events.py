"""The log of changes, and webhooks fed from it.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.db import SYSTEM_ROLE, TENANT_ROLE
from athena.kit.tables import row_security

revision = "0007"
down_revision = "0006"

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.TIMESTAMP(timezone=True)

# A tenant adds to the log and reads it. Only the system's role takes old entries away, and nobody changes one.
LOG_SECURITY = (
    "ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit_events FORCE ROW LEVEL SECURITY",
    f"""
    CREATE POLICY tenant ON audit_events FOR SELECT TO {TENANT_ROLE} USING (
        workspace_uuid = (SELECT athena_workspace())
        OR (workspace_uuid IS NULL AND user_uuid = (SELECT athena_user()))
    )
    """,
    # A user's own affairs may touch a workspace that the transaction does not name, such as a token bound to it.
    f"""
    CREATE POLICY tenant_adds ON audit_events FOR INSERT TO {TENANT_ROLE} WITH CHECK (
        workspace_uuid = (SELECT athena_workspace())
        OR (user_uuid = (SELECT athena_user()) AND (workspace_uuid IS NULL OR EXISTS (
            SELECT FROM workspace_members AS m
            WHERE m.workspace_uuid = audit_events.workspace_uuid AND m.user_uuid = (SELECT athena_user())
        )))
    )
    """,
    f"CREATE POLICY system ON audit_events TO {SYSTEM_ROLE} USING (true) WITH CHECK (true)",
    f"GRANT SELECT, INSERT ON audit_events TO {TENANT_ROLE}",
    f"GRANT SELECT, INSERT, DELETE ON audit_events TO {SYSTEM_ROLE}",
)

FUNCTIONS = {
    # PostgreSQL has its own from version 18 on.
    "athena_uuid7()": """
    CREATE FUNCTION athena_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6
    ), 52, 1), 53, 1), 'hex')::uuid
    """,
    # Wherever a run ends, in whichever process, its end is noted in the same transaction.
    "athena_run_ended()": """
    CREATE FUNCTION athena_run_ended() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO audit_events (workspace_uuid, uuid, created_at, actor_user_uuid, credential_kind, credential_uuid,
            action, resource_type, resource_uuid, details)
        VALUES (NEW.workspace_uuid, athena_uuid7(), NEW.finished_at,
            CASE WHEN NEW.input ->> 'user_uuid' ~ '^[0-9a-f-]{36}$' THEN (NEW.input ->> 'user_uuid')::uuid END,
            'run', NEW.uuid,
            CASE NEW.status WHEN 'succeeded' THEN 'run.completed' ELSE 'run.' || NEW.status END, 'run', NEW.uuid,
            jsonb_build_object('kind', NEW.kind, 'status', NEW.status, 'agent_uuid', NEW.labels -> 'agent_uuid',
                'thread_uuid', NEW.labels -> 'thread_uuid', 'code', NEW.error -> 'code',
                'usage', coalesce(NEW.output -> 'usage', NEW.output #> '{message,usage}')));
        RETURN NULL;
    END $$
    """,
    # The log ends with what it is of; no foreign key, which each entry would have to be checked by.
    "athena_forget_events()": """
    CREATE FUNCTION athena_forget_events() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    BEGIN
        IF TG_TABLE_NAME = 'workspaces' THEN
            DELETE FROM public.audit_events WHERE workspace_uuid = OLD.uuid;
        ELSE
            DELETE FROM public.audit_events WHERE workspace_uuid IS NULL AND user_uuid = OLD.uuid;
        END IF;
        RETURN NULL;
    END $$
    """,
    # SKIP LOCKED: a subscription that is being deleted needs nothing any more, and is not waited for.
    "athena_feed_webhooks()": """
    CREATE FUNCTION athena_feed_webhooks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
        WHERE w.enabled AND w.event_types && ARRAY['*', e.action, split_part(e.action, '.', 1) || '.*']
        FOR KEY SHARE OF w SKIP LOCKED;
        RETURN NULL;
    END $$
    """,
}
AS_SYSTEM = ("athena_forget_events()", "athena_feed_webhooks()")

TRIGGERS = (
    """
    CREATE TRIGGER audit_run_ended AFTER UPDATE ON runs FOR EACH ROW
    WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL) EXECUTE FUNCTION athena_run_ended()
    """,
    """
    CREATE TRIGGER audit_forget AFTER DELETE ON workspaces FOR EACH ROW EXECUTE FUNCTION athena_forget_events()
    """,
    """
    CREATE TRIGGER audit_forget AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION athena_forget_events()
    """,
    """
    CREATE TRIGGER feed_webhooks AFTER INSERT ON audit_events REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION athena_feed_webhooks()
    """,
)


def create_log() -> None:
    op.create_table(
        "audit_events",
        sa.Column("workspace_uuid", sa.UUID),
        sa.Column("user_uuid", sa.UUID),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("actor_user_uuid", sa.UUID),
        sa.Column("credential_kind", sa.Text, nullable=False),
        sa.Column("credential_uuid", sa.UUID),
        sa.Column("address", sa.Text),
        sa.Column("user_agent", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("resource_type", sa.Text, nullable=False),
        sa.Column("resource_uuid", sa.UUID),
        sa.Column("details", JSON, nullable=False),
    )
    moment = ["created_at", "uuid"]
    op.create_index("ix_audit_events_workspace_uuid_created_at", "audit_events", ["workspace_uuid", *moment])
    for name, column, where in (
        ("action", "action", None),
        ("resource_type", "resource_type", None),
        ("resource_uuid", "resource_uuid", None),
        ("actor", "actor_user_uuid", None),
        ("token", "credential_uuid", "credential_kind = 'token'"),
    ):
        op.create_index(
            f"ix_audit_events_workspace_uuid_{name}",
            "audit_events",
            ["workspace_uuid", column, *moment],
            postgresql_where=where,
        )
    op.create_index(
        "ix_audit_events_user_uuid", "audit_events", ["user_uuid", *moment], postgresql_where="workspace_uuid IS NULL"
    )
    # For what takes old entries away; next to nothing to keep, since they come in this order.
    op.create_index("ix_audit_events_created_at", "audit_events", ["created_at"], postgresql_using="brin")


def create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("event_types", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_at", TIME),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("consecutive_failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("consecutive_exhausted", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failing_since", TIME),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("sealed_previous_secret", sa.LargeBinary),
        sa.Column("previous_secret_until", TIME),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        sa.CheckConstraint("disabled_reason IN ('user', 'gone', 'failing')", name=op.f("ck_webhooks_disabled_reason")),
    )
    op.create_index("ix_webhooks_workspace_uuid_url", "webhooks", ["workspace_uuid", "url", "uuid"])
    op.create_index("ix_webhooks_creator_uuid", "webhooks", ["creator_uuid"])


def create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("workspace_uuid", sa.UUID, primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("webhook_uuid", sa.UUID, nullable=False),
        sa.Column("event_uuid", sa.UUID),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_attempt_at", TIME),
        sa.Column("leased_until", TIME),
        sa.Column("last_attempt_at", TIME),
        sa.Column("response_status", sa.Integer),
        sa.Column("response_body", sa.Text),
        sa.Column("duration_ms", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("finished_at", TIME),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "webhook_uuid"], ["webhooks.workspace_uuid", "webhooks.uuid"], ondelete="CASCADE"
        ),
        sa.CheckConstraint("status IN ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_status")),
    )
    place = ["workspace_uuid", "webhook_uuid"]
    for name, columns in (("webhook_uuid", ()), ("status", ("status",)), ("event_type", ("event_type",))):
        op.create_index(f"ix_webhook_deliveries_{name}", "webhook_deliveries", [*place, *columns, "created_at", "uuid"])
    op.create_index(
        "ix_webhook_deliveries_pending",
        "webhook_deliveries",
        ["webhook_uuid", "next_attempt_at"],
        postgresql_where="status = 'pending'",
    )
    op.create_index(
        "ix_webhook_deliveries_finished_at",
        "webhook_deliveries",
        ["finished_at"],
        postgresql_where="finished_at IS NOT NULL",
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_log()
    create_webhooks()
    create_deliveries()
    for statement in (*LOG_SECURITY, *row_security("webhooks"), *row_security("webhook_deliveries")):
        op.execute(statement)
    for function in FUNCTIONS.values():
        op.execute(function)
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    for signature in AS_SYSTEM:
        op.execute(f"ALTER FUNCTION {signature} OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")
    for trigger in TRIGGERS:
        op.execute(trigger)
