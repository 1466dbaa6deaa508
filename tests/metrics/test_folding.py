"""What was counted is folded in a moment, however much it is and whatever the statistics expect."""

from __future__ import annotations

import asyncpg
import pytest

from athena.kit.db import STATEMENT_TIMEOUT_SECONDS
from athena.kit.ids import new_uuid

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
