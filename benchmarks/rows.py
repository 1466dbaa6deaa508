"""Fills a database with workspaces and rows, in statements; the triggers count, and what they count is folded."""

from __future__ import annotations

import asyncpg

AGENTS = 100
BATCH = 50_000

WORKSPACES = """
INSERT INTO workspaces (uuid, created_at, updated_at, name, slug, settings)
SELECT uuidv7(), now(), now(), 'Workspace ' || n, 'measured-' || n, '{}' FROM generate_series(1, $1) AS n
"""
AGENT = """
INSERT INTO agents (workspace_uuid, uuid, created_at, updated_at, name, description, metadata, tags, version)
SELECT $1, uuidv7(), now(), now(), 'Agent ' || n, '', '{}', '[]', 1 FROM generate_series(1, $2) AS n
"""
# Rows lie evenly over the last year, and their ids grow with their time.
PLACED = """
WITH placed AS MATERIALIZED (
    SELECT n, uuidv7((n - $4::bigint) * (interval '365 days' / $4)) AS uuid,
        now() + (n - $4::bigint) * (interval '365 days' / $4) AS at,
        (SELECT array_agg(a.uuid ORDER BY a.uuid) FROM agents AS a WHERE a.workspace_uuid = $1) AS agents
    FROM generate_series($2::bigint, $3::bigint) AS n
)
"""
THREADS = f"""
{PLACED}
INSERT INTO threads (workspace_uuid, uuid, created_at, updated_at, name, metadata, last_message_at, agent_uuid)
SELECT $1, uuid, at, at, (ARRAY['Bicycles', 'Tyres', 'Invoice', 'Refund', 'Journey'])[1 + n % 5] || ' ' || n, '{{}}',
    at, agents[1 + n % cardinality(agents)]
FROM placed
"""
MESSAGES = f"""
{PLACED}, hosts AS MATERIALIZED (
    SELECT array_agg(uuid) AS uuids FROM
        (SELECT uuid FROM threads WHERE workspace_uuid = $1 ORDER BY uuid DESC LIMIT 10000) AS newest
)
INSERT INTO messages (workspace_uuid, uuid, created_at, updated_at, revision, thread_uuid, agent_uuid, run_uuid, role,
    content, model, input_tokens, output_tokens, cost, status, metadata)
SELECT $1, p.uuid, at, at + CASE n % 2 WHEN 1 THEN (200 + n % 3000) * interval '1 millisecond' ELSE '0' END,
    1 + n % 2, hosts.uuids[1 + n % cardinality(hosts.uuids)],
    CASE n % 2 WHEN 1 THEN agents[1 + n % cardinality(agents)] END, CASE n % 2 WHEN 1 THEN p.uuid END,
    CASE n % 2 WHEN 1 THEN 'assistant' ELSE 'user' END,
    to_jsonb('Which tyres for gravel, please? This is question ' || n),
    CASE n % 2 WHEN 1 THEN (ARRAY['gpt-4o-mini', 'claude-sonnet-4'])[1 + n % 3 % 2] END, CASE n % 2 WHEN 1 THEN 200 END,
    CASE n % 2 WHEN 1 THEN 80 END, CASE n % 2 WHEN 1 THEN 0.0003 END, 'completed', '{{}}'
FROM placed AS p, hosts
"""
RUNS = f"""
{PLACED}
INSERT INTO runs (workspace_uuid, uuid, created_at, updated_at, kind, status, input, output, error, labels,
    last_event_id, started_at, finished_at)
SELECT $1, uuid, at, at, CASE n % 2 WHEN 0 THEN 'thread' ELSE 'workflow' END,
    (ARRAY['succeeded', 'failed', 'cancelled'])[1 + (n % 17 = 0)::int + (n % 51 = 0)::int],
    '{{"model": "gpt-4o-mini"}}',
    CASE n % 2 WHEN 0 THEN jsonb_build_object('message', jsonb_build_object('usage', used))
        ELSE jsonb_build_object('output', null, 'usage', used) END,
    CASE WHEN n % 17 = 0 AND n % 51 <> 0 THEN jsonb_build_object('code', 'timeout', 'message', 'It took too long.') END,
    CASE n % 2 WHEN 0 THEN jsonb_build_object('agent_uuid', agents[1 + n / 2 % cardinality(agents)])
        ELSE jsonb_build_object('workflow_uuid', agents[1 + n / 2 % cardinality(agents)], 'cost', 0.0003,
            'workflow_version', 1 + n % 3, 'trigger', (ARRAY['api', 'webhook', 'schedule'])[1 + n % 7 % 3])
        || CASE WHEN n % 17 = 0 THEN jsonb_build_object('error_fingerprint', 'f' || n % 19) ELSE '{{}}' END END,
    4, at, at + (200 + n % 3000) * interval '1 millisecond'
FROM placed, jsonb_build_object('input_tokens', 200, 'output_tokens', 80, 'cost', 0.0003) AS used
"""


async def fold(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """What the housekeeping does, to its end."""
    for function in ("athena_fold_counts", "athena_fold_metrics", "athena_fold_executions"):
        while await connection.fetchval(f"SELECT {function}()"):
            pass


async def add_workspaces(connection: asyncpg.Connection[asyncpg.Record], count: int) -> None:
    """Workspaces in which nothing is, beside those that are measured."""
    await connection.execute(WORKSPACES, count)


async def fill(connection: asyncpg.Connection[asyncpg.Record], workspace: str, rows: int) -> None:
    """Gives a workspace agents, and as many threads, messages and runs as ``rows``."""
    await connection.execute(AGENT, workspace, AGENTS)
    for statement in (THREADS, MESSAGES, RUNS):
        for first in range(1, rows + 1, BATCH):
            await connection.execute(statement, workspace, first, min(rows, first + BATCH - 1), rows, timeout=600)
        await fold(connection)
    tables = ("workspaces", "agents", "threads", "messages", "runs", "metric_rollups", "metric_deltas")
    for table in (*tables, "execution_counts"):
        await connection.execute(f"VACUUM ANALYZE {table}", timeout=600)
