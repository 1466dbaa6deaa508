"""What the engine asks the database, without changing anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from athena.engine.events import LogRow, RunRow
from athena.engine.store import Claim, Lease, Transition
from athena.kit.db import Database, Row, Session
from athena.kit.errors import NotFound

DUE_JOBS_MOST: Final = 100_000


async def last_ids(session: Session, claims: Sequence[Claim]) -> dict[Lease, int]:
    """How far the logs of the runs were written under these leases."""
    rows = await session.fetch(
        "SELECT e.run_uuid, e.lease_number, max(e.id) AS id FROM unnest($1::uuid[], $2::integer[]) AS v (run, lease)"
        " JOIN run_events e ON e.run_uuid = v.run AND e.lease_number = v.lease GROUP BY 1, 2",
        [claim.uuid for claim in claims],
        [claim.lease_number for claim in claims],
    )
    return {(row["run_uuid"], row["lease_number"]): row["id"] for row in rows}


async def still_held(session: Session, claims: Sequence[Claim]) -> set[Lease]:
    """Those of the runs that are leased as ``claims`` say."""
    if not claims:
        return set()
    rows = await session.fetch(
        "SELECT r.uuid, r.lease_number FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS v (workspace, run, lease)"
        " JOIN runs r ON r.workspace_uuid = v.workspace AND r.uuid = v.run AND r.lease_number = v.lease"
        " AND r.status = 'running'",
        [claim.workspace_uuid for claim in claims],
        [claim.uuid for claim in claims],
        [claim.lease_number for claim in claims],
    )
    return {(row["uuid"], row["lease_number"]) for row in rows}


async def landed(session: Session, run: Claim, rows: Sequence[LogRow], change: Transition) -> bool | None:
    """Whether a commit without an answer took place; ``None`` when the lease is lost."""
    row = await session.fetch_one(
        "SELECT status, lease_number, (SELECT max(id) FROM run_events WHERE run_uuid = $2) AS last_id"
        " FROM runs WHERE workspace_uuid = $1 AND uuid = $2",
        run.workspace_uuid,
        run.uuid,
    )
    if row is None or row["lease_number"] != run.lease_number:
        return None
    if rows:
        return row["last_id"] is not None and row["last_id"] >= rows[-1].id
    return row["status"] == change.status and change.status != "running"


async def living_holder(database: Database, workspace_uuid: UUID, run_uuid: UUID) -> UUID | None:
    """The process that holds the run, unless it was taken for dead."""
    async with database.system() as session:
        return await session.value(
            "SELECT p.uuid FROM runs r JOIN engine_processes p ON p.uuid = r.process_uuid"
            " WHERE r.workspace_uuid = $1 AND r.uuid = $2",
            workspace_uuid,
            run_uuid,
        )


async def run_row(session: Session, workspace_uuid: UUID, run_uuid: UUID) -> tuple[RunRow, int]:
    """The run, and the id of its last event; :class:`NotFound` when there is none."""
    found = await session.fetch_one(
        "SELECT workspace_uuid, uuid, status, output, error, last_event_id FROM runs"
        " WHERE workspace_uuid = $1 AND uuid = $2",
        workspace_uuid,
        run_uuid,
    )
    if found is None:
        raise NotFound
    return RunRow(*found[:5]), found[5]


async def journal(session: Session, run_uuid: UUID) -> tuple[dict[str, Any], dict[str, int]]:
    """The results of the steps that are done, and the lease numbers of the intents of all."""
    records: dict[str, Any] = {}
    intents: dict[str, int] = {}
    for row in await session.fetch(
        "SELECT step, record, lease_number FROM run_events WHERE run_uuid = $1 AND step IS NOT NULL ORDER BY id",
        run_uuid,
    ):
        if row["record"] is not None:
            records[row["step"]] = orjson.loads(row["record"])
        else:
            intents.setdefault(row["step"], row["lease_number"])
    return records, intents


async def read_events(
    session: Session, workspace_uuid: UUID, run_uuid: UUID, after: int, limit: int
) -> tuple[str | None, list[Row]]:
    """The run's status (``None``: there is no such run) and its next events, both of one moment."""
    rows = await session.fetch(
        "SELECT r.status, e.id, e.type, e.data FROM runs r LEFT JOIN LATERAL ("
        " SELECT id, type, data FROM run_events WHERE run_uuid = r.uuid AND id > $3 ORDER BY id LIMIT $4) e ON true"
        " WHERE r.workspace_uuid = $1 AND r.uuid = $2 ORDER BY e.id",
        workspace_uuid,
        run_uuid,
        after,
        limit,
    )
    return (rows[0]["status"] if rows else None), [row for row in rows if row["id"] is not None]


async def due_jobs(session: Session, entrypoints: Iterable[str]) -> tuple[int, float]:
    """How many jobs are due and not begun, counted up to a limit, and for how many seconds the oldest of them has been.

    Those of runs that are at work, or wait for something, are due later; an index holds the others together.
    """
    row = await session.fetch_one(
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(execute_after)), 0)::double precision"
        " FROM (SELECT execute_after FROM pgqueuer WHERE entrypoint = ANY ($1) AND status = 'queued'"
        " AND execute_after <= now() ORDER BY execute_after LIMIT $2) AS due",
        [name for each in {*entrypoints} for name in (each, f"{each}.later")],
        DUE_JOBS_MOST,
    )
    return (0, 0.0) if row is None else (row[0], row[1])
