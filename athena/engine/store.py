"""The engine's SQL. Every function works in the transaction that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from athena.engine.events import LogRow, encode
from athena.engine.models import PARENT_LABEL
from athena.engine.queues import DEFAULT, entrypoint
from athena.kit.clock import now
from athena.kit.db import Row, Scope, Session
from athena.kit.ids import new_uuid

CHANNEL: Final = "athena_runs"
QUEUE_LIMIT_MOST: Final = 1000
RUNS_PER_NOTIFICATION: Final = 200  # a notification holds 8,000 bytes

# A process that is frozen or cut off in the transaction keeps the rows that it has locked no longer than this.
_GIVEN_UP: Final = "set_config('idle_in_transaction_session_timeout', '5s', true)"
_EVENTS: Final = "(workspace_uuid, run_uuid, id, at, type, data, step, record, lease_number)"
Lease = tuple[UUID, int]


class Claim(NamedTuple):
    """What a holder needs to know about its run."""

    workspace_uuid: UUID
    uuid: UUID
    kind: str
    input: Any
    labels: Mapping[str, Any]
    queue_key: str | None
    lease_number: int
    attempts: int
    last_event_id: int
    waits: Mapping[str, Any]
    deadline_at: datetime | None
    cancelled: bool = False
    queue_limit: int = 1
    entrypoint: str = entrypoint(DEFAULT)
    accepted_at: datetime | None = None
    started_at: datetime | None = None
    traceparent: str | None = None
    """Where it stands in a trace, if it does (W3C trace context)."""

    @property
    def job(self) -> tuple[str, bool]:
        """Where its job goes, and whether another run waits for it."""
        return self.entrypoint, PARENT_LABEL in self.labels

    @property
    def lease(self) -> Lease:
        """The run under this holder, as distinct from the same run under another."""
        return self.uuid, self.lease_number


class Transition(NamedTuple):
    """What a holder's transaction makes of its run, besides adding to the log."""

    status: str = "running"
    output: str | None = None
    error: str | None = None
    waits: str = "{}"
    labels: str = "{}"
    progress: bool = False
    finished: bool = False
    handover: bool = False
    job: bool = False
    job_delay: timedelta | None = None
    job_quiet: bool = False


def tenant(workspace_uuid: UUID) -> Scope:
    """The scope of one workspace."""
    return Scope(workspace_uuid=workspace_uuid)


def notification(process_uuid: UUID, run_uuids: Sequence[UUID]) -> list[str]:
    """The payloads that tell other processes of new events."""
    return [
        f"e{process_uuid.hex} " + ",".join(run.hex for run in run_uuids[start : start + RUNS_PER_NOTIFICATION])
        for start in range(0, len(run_uuids), RUNS_PER_NOTIFICATION)
    ]


def columns(rows: Sequence[LogRow]) -> tuple[list[Any], ...]:
    """Rows of the log as the arrays that ``unnest`` takes."""
    return tuple([list(column) for column in zip(*rows, strict=True)]) if rows else ([], [], [], [], [], [])


async def guard(session: Session, run: Claim) -> Mapping[str, Any] | None:
    """Locks the run's row if the lease is still held; its waits, or ``None`` when it is lost."""
    row = await session.fetch_one(
        f"SELECT waits, {_GIVEN_UP} FROM runs"
        " WHERE workspace_uuid = $1 AND uuid = $2 AND lease_number = $3 AND status = 'running' FOR NO KEY UPDATE",
        run.workspace_uuid,
        run.uuid,
        run.lease_number,
    )
    return None if row is None else row["waits"]


_COMMIT: Final = f"""
WITH held AS (
    UPDATE runs SET status = $4::text, output = coalesce($5::text::jsonb, output), error = $6::text::jsonb,
        waits = waits || $7::text::jsonb, labels = labels || $22::text::jsonb,
        attempts = CASE WHEN $8 THEN 0 ELSE attempts END,
        lease_number = lease_number + $10::boolean::integer,
        process_uuid = CASE WHEN $4 = 'running' AND NOT $10 THEN process_uuid END,
        finished_at = CASE WHEN $9 THEN $11::timestamptz END,
        last_event_id = coalesce(($13::bigint[])[cardinality($13::bigint[])], last_event_id),
        updated_at = $11, revision = revision + 1
    WHERE workspace_uuid = $1 AND uuid = $2 AND lease_number = $3 AND status = 'running'
    RETURNING uuid, cancel_requested_at IS NOT NULL AS cancelled
), added AS (
    INSERT INTO run_events {_EVENTS}
    SELECT $1, $2, e.id, e.at, e.type, e.data::json, e.step, e.record::json, $3
    FROM held, unnest($13::bigint[], $14::timestamptz[], $15::text[], $16::text[], $17::text[], $18::text[])
        AS e (id, at, type, data, step, record)
)
SELECT pg_notify('{CHANNEL}', $12), {_GIVEN_UP},
    CASE WHEN $19 THEN engine_job($1, $2, CASE WHEN cancelled THEN '0' ELSE $20::interval END, $21, $23, $24) END
FROM held
"""


async def commit_run(
    session: Session, run: Claim, process_uuid: UUID, rows: Sequence[LogRow], change: Transition
) -> bool:
    """Adds ``rows`` to the log and moves the run, if the lease is still held; whether it is.

    A run that begins to wait before its holder has heard that it is to be cancelled is taken up at once for that.
    """
    row = await session.fetch_one(
        _COMMIT,
        run.workspace_uuid,
        run.uuid,
        run.lease_number,
        change.status,
        change.output,
        change.error,
        change.waits,
        change.progress,
        change.finished,
        change.handover,
        now(),
        notification(process_uuid, [run.uuid])[0],
        *columns(rows),
        change.job,
        change.job_delay,
        change.job_quiet,
        change.labels,
        *run.job,
    )
    return row is not None


_FLUSH: Final = f"""
WITH held AS (
    SELECT r.workspace_uuid, r.uuid, r.lease_number
    FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS v (workspace, run, lease)
    JOIN runs r ON r.workspace_uuid = v.workspace AND r.uuid = v.run AND r.lease_number = v.lease
        AND r.status = 'running'
    FOR NO KEY UPDATE OF r SKIP LOCKED
), added AS (
    INSERT INTO run_events {_EVENTS}
    SELECT h.workspace_uuid, h.uuid, e.id, e.at, e.type, e.data::json, e.step, e.record::json, h.lease_number
    FROM unnest($5::bigint[], $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::text[], $11::uuid[],
        $12::integer[]) AS e (id, at, type, data, step, record, run, lease)
    JOIN held h ON h.uuid = e.run AND h.lease_number = e.lease
)
SELECT uuid, lease_number, {_GIVEN_UP} FROM held
UNION ALL SELECT NULL, NULL, pg_notify('{CHANNEL}', p)::text FROM unnest($4::text[]) AS p
"""


async def flush(session: Session, batch: Sequence[tuple[Claim, Sequence[LogRow]]], process_uuid: UUID) -> set[Lease]:
    """Adds rows of many runs to their logs; those whose rows were added.

    The others are leased to someone else by now, perhaps to this process again, or locked at this moment.
    """
    claims = [claim for claim, _ in batch]
    rows = [row for _, rows in batch for row in rows]
    owners = [claim.lease for claim, rows in batch for _ in rows]
    found = await session.fetch(
        _FLUSH,
        [claim.workspace_uuid for claim in claims],
        [claim.uuid for claim in claims],
        [claim.lease_number for claim in claims],
        notification(process_uuid, [claim.uuid for claim in claims]),
        *columns(rows),
        [run_uuid for run_uuid, _ in owners],
        [lease_number for _, lease_number in owners],
    )
    return {(row["uuid"], row["lease_number"]) for row in found if row["uuid"] is not None}


async def lock_queue(session: Session, workspace_uuid: UUID, queue_key: str) -> None:
    """Makes the transactions that enter or leave a queue follow each other.

    Taken after every row lock of the same transaction, so that the two kinds cannot block each other in a circle.
    """
    await session.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"athena.runs {workspace_uuid} {queue_key}"
    )


async def release_queue(session: Session, run: Claim) -> None:
    """Gives a job to each of the first unfinished runs of ``run``'s key that has not begun, up to the key's limit."""
    if run.queue_key is None:
        return
    await lock_queue(session, run.workspace_uuid, run.queue_key)
    await session.execute(
        "SELECT engine_job($1, first.uuid, '0', false, $4, first.child) FROM ("
        f" SELECT uuid, status, queue_limit, labels ? '{PARENT_LABEL}' AS child,"
        " row_number() OVER (ORDER BY position) AS place FROM runs"
        " WHERE workspace_uuid = $1 AND queue_key = $2 AND finished_at IS NULL ORDER BY position LIMIT $3) AS first"
        " WHERE first.status = 'queued' AND first.place <= first.queue_limit",
        run.workspace_uuid,
        run.queue_key,
        QUEUE_LIMIT_MOST,
        run.entrypoint,
    )


async def join_queue(session: Session, workspace_uuid: UUID, queue_key: str, limit: int) -> bool:
    """Takes the queue's lock for this transaction; whether as many unfinished runs as may be have the key."""
    await lock_queue(session, workspace_uuid, queue_key)
    unfinished: int = await session.value(
        "SELECT count(*) FROM (SELECT FROM runs WHERE workspace_uuid = $1 AND queue_key = $2 AND finished_at IS NULL"
        " LIMIT $3) AS unfinished",
        workspace_uuid,
        queue_key,
        limit,
    )
    return unfinished >= limit


async def put_job(session: Session, run: Claim, delay: timedelta | None) -> None:
    """Gives the run a job in place of the one that it has; ``None`` takes it away."""
    await session.execute(
        "SELECT engine_job($1, $2, $3::interval, $3 IS NULL, $4, $5)",
        run.workspace_uuid,
        run.uuid,
        delay,
        *run.job,
    )


# The entry in the log of changes is written here and not by the session, which would need another statement for it.
_INSERT: Final = f"""
WITH added AS (
    INSERT INTO runs (workspace_uuid, uuid, created_at, updated_at, kind, status, input, labels, queue_key,
        process_uuid, lease_number, last_event_id, started_at, deadline_at, queue_limit, traceparent)
    VALUES ($1, $2, $3::timestamptz, $3, $4, $5::text, $6::text::jsonb, $7::text::jsonb, $8, $9, $10, $11,
        CASE WHEN $5 = 'running' THEN $3 END, $12, $28, $31)
    RETURNING uuid
), logged AS (
    INSERT INTO run_events {_EVENTS}
    SELECT $1, $2, e.id, e.at, e.type, e.data::json, e.step, e.record::json, $10
    FROM unnest($13::bigint[], $14::timestamptz[], $15::text[], $16::text[], $17::text[], $18::text[])
        AS e (id, at, type, data, step, record)
), noted AS (
    INSERT INTO audit_events (workspace_uuid, uuid, created_at, actor_user_uuid, credential_kind, credential_uuid,
        address, user_agent, request_id, action, resource_type, resource_uuid, details)
    VALUES ($1, $20, $3, $21, $22, $23, $24, $25, $26, 'run.started', 'run', $2, $27::text::jsonb)
)
SELECT CASE WHEN $19::interval IS NOT NULL THEN engine_job($1, $2, $19, $5 = 'running', $29, $30) END FROM added
"""


async def insert_run(
    session: Session,
    run: Claim,
    *,
    status: str,
    process_uuid: UUID | None,
    rows: Sequence[LogRow],
    job_delay: timedelta | None,
) -> None:
    """A new run with its first events and its entry in the log of changes; ``job_delay`` ``None``: without a job."""
    moment = now()
    actor = session.actor
    await session.execute(
        _INSERT,
        run.workspace_uuid,
        run.uuid,
        moment,
        run.kind,
        status,
        encode(run.input),
        encode(run.labels),
        run.queue_key,
        process_uuid,
        run.lease_number,
        run.last_event_id,
        run.deadline_at,
        *columns(rows),
        job_delay,
        new_uuid(),
        actor.user_uuid,
        actor.kind,
        actor.credential_uuid,
        actor.address,
        actor.user_agent,
        actor.request_id,
        encode(facts(run)),
        run.queue_limit,
        *run.job,
        run.traceparent,
    )


def facts(run: Claim) -> dict[str, Any]:
    """What the log of changes tells of a run."""
    told = {"kind": run.kind, **{key: run.labels.get(key) for key in ("agent_uuid", "thread_uuid")}}
    workflow_uuid = run.labels.get("workflow_uuid")
    return told if workflow_uuid is None else {**told, "workflow_uuid": workflow_uuid}


_CLAIM_COLUMNS: Final = (
    "workspace_uuid, uuid, kind, input, labels, queue_key, lease_number, attempts, waits, deadline_at,"
    " cancel_requested_at IS NOT NULL AS cancelled, queue_limit, created_at AS accepted_at, started_at, traceparent"
)
_CLAIM_FIELDS: Final = tuple(name for name in Claim._fields if name not in {"last_event_id", "entrypoint"})


async def lock_unfinished(
    session: Session, workspace_uuid: UUID, run_uuid: UUID, entrypoints: Mapping[str, str]
) -> tuple[Claim, Row] | None:
    """Locks the run's row; the run, with its kind's of the ``entrypoints``, and the row with its status and holder."""
    row = await session.fetch_one(
        f"SELECT {_CLAIM_COLUMNS}, status, process_uuid, {_GIVEN_UP} FROM runs"
        " WHERE workspace_uuid = $1 AND uuid = $2 AND finished_at IS NULL FOR NO KEY UPDATE",
        workspace_uuid,
        run_uuid,
    )
    if row is None:
        return None
    # A statement of its own: the one above saw the log as it was before it waited for the lock.
    last = await session.value("SELECT coalesce(max(id), 0) FROM run_events WHERE run_uuid = $1", run_uuid)
    known = {name: row[name] for name in _CLAIM_FIELDS}
    return Claim(**known, last_event_id=last, entrypoint=entrypoints.get(row["kind"], entrypoint(DEFAULT))), row


async def take(
    session: Session, run: Claim, process_uuid: UUID, rows: Sequence[LogRow], watchdog: timedelta | None
) -> None:
    """Makes ``process_uuid`` the holder of a run whose row is locked, with the new lease that ``run`` has."""
    await session.execute(
        f"""
        WITH taken AS (
            UPDATE runs SET status = 'running', process_uuid = $3, lease_number = $4, attempts = $5, deadline_at = $6,
                started_at = coalesce(started_at, $7::timestamptz), updated_at = $7, revision = revision + 1
            WHERE workspace_uuid = $1 AND uuid = $2 RETURNING uuid
        ), added AS (
            INSERT INTO run_events {_EVENTS}
            SELECT $1, $2, e.id, e.at, e.type, e.data::json, e.step, e.record::json, $4
            FROM unnest($8::bigint[], $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::text[])
                AS e (id, at, type, data, step, record)
        )
        SELECT engine_job($1, $2, $14::interval, true, $16, $17), pg_notify('{CHANNEL}', $15) FROM taken
        """,
        run.workspace_uuid,
        run.uuid,
        process_uuid,
        run.lease_number,
        run.attempts,
        run.deadline_at,
        now(),
        *columns(rows),
        watchdog,
        notification(process_uuid, [run.uuid])[0],
        *run.job,
    )


async def request_cancel(session: Session, run: Claim) -> None:
    """Asks the run's holder to cancel it; the run's row is locked."""
    await session.execute(
        "WITH asked AS (UPDATE runs SET cancel_requested_at = coalesce(cancel_requested_at, $3::timestamptz)"
        f" WHERE workspace_uuid = $1 AND uuid = $2 RETURNING uuid) SELECT pg_notify('{CHANNEL}', $4) FROM asked",
        run.workspace_uuid,
        run.uuid,
        now(),
        f"c {run.uuid.hex}",
    )


async def settle(session: Session, run: Claim, waits: Mapping[str, Any]) -> None:
    """Keeps what waits came to; the run's row is locked."""
    await session.execute(
        "UPDATE runs SET waits = waits || $3::text::jsonb WHERE workspace_uuid = $1 AND uuid = $2",
        run.workspace_uuid,
        run.uuid,
        encode(waits),
    )
