"""The engine's tables: runs, their append-only logs, and the processes that hold them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit.tables import Json, Time, Uuid, metadata, resource_columns

UNFINISHED: Final = ("queued", "running", "waiting")
FINISHED: Final = ("succeeded", "failed", "cancelled")
LISTED_LABELS: Final = ("agent_uuid", "thread_uuid", "workflow_uuid", "prompt_uuid", "share_uuid")
"""Labels that are columns too: behind row-level security no condition on what JSON holds can use an index."""
PARENT_LABEL: Final = "parent_run_uuid"
"""The label that names the run which has started this one, and waits for it."""
DERIVED: Final = {
    "trigger": (sa.Text, "labels ->> 'trigger'"),
    "error_code": (sa.Text, "error ->> 'code'"),
    "error_fingerprint": (sa.Text, "labels ->> 'error_fingerprint'"),
    "cost": (sa.Double, "athena_number(labels -> 'cost')::double precision"),
    "duration_ms": (
        sa.BigInteger,
        (
            "CASE WHEN finished_at IS NOT NULL AND started_at IS NOT NULL THEN "
            "greatest(0, floor(extract(epoch FROM finished_at - started_at) * 1000))::bigint END"
        ),
    ),
    "workflow_version": (sa.Integer, "(labels ->> 'workflow_version')::integer"),
    "source_execution_uuid": (sa.Text, "labels ->> 'source_execution_uuid'"),
}
"""What executions of workflows are listed by."""

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("workspace_uuid", Uuid, primary_key=True),
    sa.Column("uuid", Uuid, primary_key=True),
    *resource_columns(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("input", Json, nullable=False),
    sa.Column("output", Json),
    sa.Column("error", Json),
    sa.Column("labels", Json, nullable=False, server_default="{}"),
    # Of runs with the same key, no more than this many run at a time, by position, given under the key's lock.
    sa.Column("queue_key", sa.Text),
    sa.Column("queue_limit", sa.Integer, nullable=False, server_default="1"),
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
    # The lease: who holds the run, and the number that every write of the holder must match.
    sa.Column("process_uuid", Uuid),
    sa.Column("lease_number", sa.Integer, nullable=False, server_default="0"),
    # Take-overs since the last step that was finished.
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    # What sleeps and signals came to, by key: a journal without public events.
    sa.Column("waits", Json, nullable=False, server_default="{}"),
    sa.Column("last_event_id", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("cancel_requested_at", Time),
    sa.Column("started_at", Time),
    sa.Column("deadline_at", Time),
    sa.Column("finished_at", Time),
    # Where the run stands in a trace (W3C trace context), where traces are on.
    sa.Column("traceparent", sa.Text),
    *(sa.Column(name, sa.Text, sa.Computed(f"labels ->> '{name}'", persisted=True)) for name in LISTED_LABELS),
    *(sa.Column(name, kind, sa.Computed(sql, persisted=True)) for name, (kind, sql) in DERIVED.items()),
    sa.CheckConstraint(f"status IN {UNFINISHED + FINISHED}", name="status"),
    sa.Index(None, "workspace_uuid", "status", "uuid"),
    sa.Index(None, "workspace_uuid", "kind", "uuid"),
)
for _name in LISTED_LABELS:
    sa.Index(None, runs.c.workspace_uuid, runs.c[_name], runs.c.uuid, postgresql_where=sa.text(f"{_name} IS NOT NULL"))
_EXECUTIONS: Final = "workflow_uuid IS NOT NULL"
sa.Index("ix_runs_executions", runs.c.workspace_uuid, runs.c.uuid, postgresql_where=sa.text(_EXECUTIONS))
for _name in ("status", *DERIVED):
    sa.Index(
        f"ix_runs_executions_{_name}",
        runs.c.workspace_uuid,
        # Versions of different workflows have nothing to do with each other.
        *([runs.c.workflow_uuid] if _name == "workflow_version" else []),
        runs.c[_name],
        runs.c.uuid,
        postgresql_where=sa.text(f"{_EXECUTIONS} AND {_name} IS NOT NULL"),
    )
# For the ways in which a workflow failed: few, among those that did not.
sa.Index(
    "ix_runs_executions_failed",
    runs.c.workspace_uuid,
    runs.c.workflow_uuid,
    runs.c.uuid,
    postgresql_where=sa.text("error_fingerprint IS NOT NULL"),
)
sa.Index(
    "ix_runs_children",
    runs.c.workspace_uuid,
    sa.text(f"(labels ->> '{PARENT_LABEL}')"),
    postgresql_where=sa.text(f"finished_at IS NULL AND (labels ->> '{PARENT_LABEL}') IS NOT NULL"),
)
sa.Index("ix_runs_labels", runs.c.labels, postgresql_using="gin", postgresql_ops={"labels": "jsonb_path_ops"})
sa.Index("ix_runs_process_uuid", runs.c.process_uuid, postgresql_where=sa.text("process_uuid IS NOT NULL"))
sa.Index(
    "ix_runs_queue",
    runs.c.workspace_uuid,
    runs.c.queue_key,
    runs.c.position,
    postgresql_where=sa.text("queue_key IS NOT NULL AND finished_at IS NULL"),
)

run_events = sa.Table(
    "run_events",
    metadata,
    sa.Column("workspace_uuid", Uuid, nullable=False),
    sa.Column("run_uuid", Uuid, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    # Streamed as it is, so its text is kept (json); a model's text may also hold what jsonb refuses.
    sa.Column("data", postgresql.JSON, nullable=False),
    sa.Column("lease_number", sa.Integer, nullable=False),
    # The private journal: the step that the event belongs to, and its result where the event completes it. Beside an
    # event of no step: what is too long to be shown with it.
    sa.Column("step", sa.Text),
    sa.Column("record", postgresql.JSON(none_as_null=True)),
)

engine_processes = sa.Table(
    "engine_processes",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    # The advisory lock that the process holds for as long as it lives.
    sa.Column("lock_key", sa.BigInteger, nullable=False),
    sa.Column("started_at", Time, nullable=False),
    sa.Column("heartbeat_at", Time, nullable=False),
)
