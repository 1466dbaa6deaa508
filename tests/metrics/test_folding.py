"""What was counted is folded in a moment, however much it is and whatever the statistics expect."""

from __future__ import annotations

import asyncpg
import pytest

from athena.kit.db import STATEMENT_TIMEOUT_SECONDS
from athena.kit.ids import new_uuid
from athena.metrics.buckets import DETAILS, TOTALS, down
from tests.conftest import Tenant
from tests.metrics.conftest import Fold

MANY = 60_000
# Of a workspace that is not there, so that nobody sees them.
DELTAS = {
    "athena_fold_counts": ("row_count_deltas", "workspace_uuid, table_name, span, delta", "'threads', '01a20', 1"),
    "athena_fold_metrics": ("metric_deltas", "workspace_uuid, resource, at, count", "'thread', now(), 1"),
    "athena_fold_executions": (
        "execution_count_deltas",
        "workspace_uuid, workflow_uuid, workflow_version, trigger, after",
        "'w', 1, 'api', 'running'",
    ),
}


@pytest.mark.parametrize("function", DELTAS)
async def test_much_is_folded_after_a_quiet_time(superuser: asyncpg.Connection[asyncpg.Record], function: str) -> None:
    table, columns, values = DELTAS[function]
    workspace = new_uuid()
    added = f"INSERT INTO {table} ({columns}) SELECT $1, {values} FROM generate_series(1, {MANY})"
    await superuser.execute(added, workspace)
    await superuser.execute(f"DELETE FROM {table} WHERE workspace_uuid = $1", workspace)
    # From now on next to nothing is expected, in this connection for good.
    await superuser.execute(f"VACUUM ANALYZE {table}")
    for _ in range(6):
        await superuser.fetchval(f"SELECT {function}()")
    await superuser.execute(added, workspace)
    folded = 0
    while some := await superuser.fetchval(f"SELECT {function}()", timeout=STATEMENT_TIMEOUT_SECONDS):
        folded += some
    assert await superuser.fetchval(f"SELECT count(*) FROM {table} WHERE workspace_uuid = $1", workspace) == 0
    assert folded >= MANY / 2  # the housekeeping may have come first for some
    for counted in ("row_counts", "row_count_spans"):
        await superuser.execute(f"DELETE FROM {counted} WHERE workspace_uuid = $1", workspace)


async def test_every_span_has_what_its_quarters_have(
    owner: Tenant, fold: Fold, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    # Every 17 and a half hours, in two goes, so that rows are added and added to.
    added = (
        "INSERT INTO metric_deltas (workspace_uuid, resource, at, subject, count, cost, latency) "
        "SELECT $1, 'agent', '2026-01-01 00:00Z'::timestamptz + n * interval '1050 minutes', (n % 3)::text, n, "
        "n * 0.5, athena_latency(n) FROM generate_series(1, 600) AS n"
    )
    for _ in range(2):
        await superuser.execute(added, owner.workspace_uuid)
        await fold()
    rows = await superuser.fetch(
        "SELECT facet, span, subject, at, count, cost, latency::text FROM metric_rollups WHERE workspace_uuid = $1",
        owner.workspace_uuid,
    )
    for facet, spans in (("total", TOTALS), ("detail", DETAILS)):
        for span in spans:
            summed: dict[tuple[object, ...], tuple[int, float]] = {}
            for row in rows:
                if (row["facet"], row["span"]) == (facet, "quarter"):
                    count, cost = summed.get(key := (row["subject"], down(row["at"], span)), (0, 0))
                    summed[key] = (count + row["count"], cost + row["cost"])
            found = [row for row in rows if (row["facet"], row["span"]) == (facet, span)]
            assert {(row["subject"], row["at"]): (row["count"], row["cost"]) for row in found} == summed
            assert all(row["latency"] for row in found)
