"""The tables of webhooks and of what is sent to them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit.tables import Json, Time, Uuid, metadata, resource_columns, same_workspace, sealed_column, tenant_table

webhooks = tenant_table(
    "webhooks",
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("event_types", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_at", Time),
    sa.Column("disabled_reason", sa.Text),
    # Both count since the last delivery that succeeded: attempts, and deliveries that were given up.
    sa.Column("consecutive_failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("consecutive_exhausted", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failing_since", Time),
    # Those of one run tell a program, which gives them this name, with headers of its own, instead of a signature.
    sa.Column("run_uuid", Uuid),
    sa.Column("name", sa.Text),
    sealed_column("sealed_headers", nullable=True),
    sealed_column("sealed_secret", nullable=True),
    # Signs along for a while, so that a receiver has time to change over.
    sealed_column("sealed_previous_secret", nullable=True),
    sa.Column("previous_secret_until", Time),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    same_workspace("run_uuid", "runs", ondelete="CASCADE"),
    sa.CheckConstraint(
        "(run_uuid IS NULL) = (name IS NULL) AND (run_uuid IS NULL) = (sealed_secret IS NOT NULL)", name="of_run"
    ),
    sa.CheckConstraint("disabled_reason IN ('user', 'gone', 'failing')", name="disabled_reason"),
    sa.Index("ix_webhooks_workspace_uuid_url", "workspace_uuid", "url", "uuid"),
    sa.Index("ix_webhooks_creator_uuid", "creator_uuid"),
    sa.Index("ix_webhooks_of_workspace", "workspace_uuid", postgresql_where=sa.text("run_uuid IS NULL")),
    sa.Index(
        "ix_webhooks_run_uuid_name",
        "workspace_uuid",
        "run_uuid",
        "name",
        unique=True,
        postgresql_where=sa.text("run_uuid IS NOT NULL"),
    ),
)

# Not a tenant_table: its key would be checked against the workspace by each change that an event is fed from.
webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("workspace_uuid", Uuid, primary_key=True),
    sa.Column("uuid", Uuid, primary_key=True),
    *resource_columns(),
    sa.Column("webhook_uuid", Uuid, nullable=False),
    sa.Column("event_uuid", Uuid),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("payload", Json, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    # All that were begun, and those of the present series, by which the next one is delayed.
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_attempt_at", Time),
    sa.Column("leased_until", Time),
    sa.Column("last_attempt_at", Time),
    sa.Column("response_status", sa.Integer),
    sa.Column("response_body", sa.Text),
    sa.Column("duration_ms", sa.Integer),
    sa.Column("error", sa.Text),
    sa.Column("finished_at", Time),
    same_workspace("webhook_uuid", "webhooks", ondelete="CASCADE"),
    sa.CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
    sa.Index("ix_webhook_deliveries_webhook_uuid", "workspace_uuid", "webhook_uuid", "created_at", "uuid"),
    sa.Index("ix_webhook_deliveries_status", "workspace_uuid", "webhook_uuid", "status", "created_at", "uuid"),
    sa.Index("ix_webhook_deliveries_event_type", "workspace_uuid", "webhook_uuid", "event_type", "created_at", "uuid"),
    sa.Index(
        "ix_webhook_deliveries_pending",
        "webhook_uuid",
        "next_attempt_at",
        postgresql_where=sa.text("status = 'pending'"),
    ),
    sa.Index("ix_webhook_deliveries_finished_at", "finished_at", postgresql_where=sa.text("finished_at IS NOT NULL")),
)
