"""The table of the log of changes; ``kit.changes`` writes it, and nothing changes what is in it."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, metadata

# No foreign keys: an entry outlives what it tells of, and waits for nobody's lock.
audit_events = sa.Table(
    "audit_events",
    metadata,
    # Outside of any workspace it is null, and the event is ``user_uuid``'s own affair.
    sa.Column("workspace_uuid", Uuid),
    sa.Column("user_uuid", Uuid),
    sa.Column("uuid", Uuid, primary_key=True),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("actor_user_uuid", Uuid),
    sa.Column("credential_kind", sa.Text, nullable=False),
    sa.Column("credential_uuid", Uuid),
    sa.Column("address", sa.Text),
    sa.Column("user_agent", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("resource_type", sa.Text, nullable=False),
    sa.Column("resource_uuid", Uuid),
    sa.Column("details", Json, nullable=False),
    sa.Index("ix_audit_events_workspace_uuid_created_at", "workspace_uuid", "created_at", "uuid"),
    sa.Index("ix_audit_events_workspace_uuid_action", "workspace_uuid", "action", "created_at", "uuid"),
    sa.Index("ix_audit_events_workspace_uuid_resource_type", "workspace_uuid", "resource_type", "created_at", "uuid"),
    sa.Index("ix_audit_events_workspace_uuid_resource_uuid", "workspace_uuid", "resource_uuid", "created_at", "uuid"),
    sa.Index("ix_audit_events_workspace_uuid_actor", "workspace_uuid", "actor_user_uuid", "created_at", "uuid"),
    sa.Index(
        "ix_audit_events_workspace_uuid_token",
        "workspace_uuid",
        "credential_uuid",
        "created_at",
        "uuid",
        postgresql_where=sa.text("credential_kind = 'token'"),
    ),
    sa.Index(
        "ix_audit_events_user_uuid",
        "user_uuid",
        "created_at",
        "uuid",
        postgresql_where=sa.text("workspace_uuid IS NULL"),
    ),
    sa.Index("ix_audit_events_created_at", "created_at", postgresql_using="brin"),
)
