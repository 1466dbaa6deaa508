"""Totals by six hours, week and month too, and details by week: what a long period or another calendar adds up.

Revision ID: 0037
Revises: 0036
Create Date: 2026-11-25
"""

from __future__ import annotations

from alembic import op

from athena.kit.db import SYSTEM_ROLE

revision = "0037"
down_revision = "0036"

COUNTS = ("count", "succeeded", "failed", "cancelled", "likes", "dislikes", "measured")
SUMS = (*COUNTS, "input_tokens", "output_tokens", "cost", "duration_ms")
NAMES = ("subject", "role", "model")
NAMED = ", ".join(NAMES)
SUMMED = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
BEGIN = """CASE {span}
    WHEN 'quarter' THEN {at} WHEN 'six_hours' THEN date_bin('6 hours', {at}, '2000-01-01 00:00:00+00')
    ELSE date_trunc({span}, {at}, 'UTC') END"""
SPANS = {
    "total": ("quarter", "hour", "six_hours", "day", "week", "month"),
    "detail": ("quarter", "day", "week", "month"),
}
KEPT = ", ".join(f"('{facet}', '{span}')" for facet, spans in SPANS.items() for span in spans)

# Deltas of a workspace that is gone are dropped; the lock keeps it from going before this transaction's end. What is
# joined is hashed, whatever is expected of it.
FOLD = f"""
CREATE OR REPLACE FUNCTION athena_fold_metrics() RETURNS bigint LANGUAGE sql SET enable_nestloop = off AS $$
    WITH folded AS (
        DELETE FROM metric_deltas WHERE id IN (
            SELECT id FROM metric_deltas ORDER BY id LIMIT 20000 FOR UPDATE SKIP LOCKED
        ) RETURNING *
    ), living AS (
        SELECT uuid FROM workspaces WHERE uuid IN (SELECT workspace_uuid FROM folded) FOR KEY SHARE
    ), quarters AS (
        SELECT workspace_uuid, resource, at, {NAMED}, {SUMMED}, sum(latency::vector) AS latency
        FROM folded JOIN living ON living.uuid = folded.workspace_uuid
        GROUP BY workspace_uuid, resource, at, {NAMED}
    ), summed AS (
        INSERT INTO metric_rollups AS present
            (workspace_uuid, resource, facet, span, {NAMED}, at, {", ".join(SUMS)}, latency)
        SELECT q.workspace_uuid, q.resource, p.facet, p.span,
            {", ".join(f"CASE p.facet WHEN 'detail' THEN q.{name} ELSE '' END" for name in NAMES)},
            {BEGIN.format(span="p.span", at="q.at")}, {SUMMED}, sum(q.latency)::sparsevec
        FROM quarters AS q CROSS JOIN (VALUES {KEPT}) AS p (facet, span)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
        ON CONFLICT (workspace_uuid, resource, facet, span, {NAMED}, at) DO UPDATE SET
            {", ".join(f"{name} = present.{name} + excluded.{name}" for name in SUMS)},
            latency = CASE WHEN present.latency IS NULL THEN excluded.latency
                WHEN excluded.latency IS NULL THEN present.latency
                ELSE (present.latency::vector + excluded.latency::vector)::sparsevec END
    )
    SELECT count(*) FROM folded
$$
"""

# What was folded already, from the spans that each new one consists of.
ADDED = (("total", "hour", "six_hours"), ("total", "day", "week"), ("total", "day", "month"), ("detail", "day", "week"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Nothing is folded meanwhile.
    op.execute("LOCK TABLE metric_rollups IN SHARE ROW EXCLUSIVE MODE")
    op.execute(FOLD)
    op.execute(f"SET LOCAL ROLE {SYSTEM_ROLE}")
    for facet, span, longer in ADDED:
        begin = BEGIN.format(span=f"'{longer}'", at="at")
        op.execute(
            "INSERT INTO metric_rollups "
            f"(workspace_uuid, resource, facet, span, {NAMED}, at, {', '.join(SUMS)}, latency) "
            f"SELECT workspace_uuid, resource, facet, '{longer}', {NAMED}, {begin}, {SUMMED}, "
            "sum(latency::vector)::sparsevec "
            f"FROM metric_rollups WHERE facet = '{facet}' AND span = '{span}' "
            f"GROUP BY workspace_uuid, resource, facet, {NAMED}, {begin}"
        )
    op.execute("RESET ROLE")
