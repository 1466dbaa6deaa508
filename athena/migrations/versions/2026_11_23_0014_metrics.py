"""Counts, usage and latency by quarter of an hour.

Triggers add a delta for each thing that is counted, which the housekeeping folds into rollups by span of time: totals
by quarter of an hour, hour and day of UTC, details by quarter, day and month. Readers sum both, so that figures are
exact at once.

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import SPARSEVEC

from athena.kit.db import SYSTEM_ROLE, TENANT_ROLE
from athena.kit.tables import row_counter, row_security

revision = "0014"
down_revision = "0013"

SUMS = (
    "count",
    "succeeded",
    "failed",
    "cancelled",
    "likes",
    "dislikes",
    "measured",
    "input_tokens",
    "output_tokens",
    "cost",
    "duration_ms",
)
WHOLE = SUMS[:7]
NAMES = ("subject", "role", "model")
QUARTER = "date_bin('15 minutes', {at}, '2000-01-01 00:00:00+00')"

THREAD = f"""
SELECT {{row}}.workspace_uuid, 'thread', {QUARTER.format(at="{row}.created_at")},
    coalesce({{row}}.agent_uuid::text, ''), 1
"""
THREAD_COLUMNS = "workspace_uuid, resource, at, subject, count"

# A message is counted when it is whole: an answer at its end, at the time at which it was begun.
MESSAGE = f"""
SELECT {{row}}.workspace_uuid, 'message', {QUARTER.format(at="{row}.created_at")},
    coalesce({{row}}.agent_uuid::text, ''), {{row}}.role, coalesce({{row}}.model, ''), 1,
    coalesce({{row}}.input_tokens, 0), coalesce({{row}}.output_tokens, 0), coalesce({{row}}.cost, 0),
    (spent.ms IS NOT NULL)::int, coalesce(spent.ms, 0), athena_latency(spent.ms)
FROM (SELECT CASE WHEN {{timed}} AND {{row}}.status = 'completed' THEN
    greatest(0, extract(epoch FROM {{row}}.updated_at - {{row}}.created_at) * 1000)::bigint END) AS spent (ms)
"""
MESSAGE_COLUMNS = (
    "workspace_uuid, resource, at, subject, role, model, count, input_tokens, output_tokens, cost, measured, "
    "duration_ms, latency"
)

FEEDBACK = f"""
SELECT {{row}}.workspace_uuid, 'agent', {QUARTER.format(at="{row}.created_at")}, {{row}}.agent_uuid::text,
    ({{now}} = '1')::int - ({{before}} = '1')::int, ({{now}} = '-1')::int - ({{before}} = '-1')::int
"""
RATED = "m.feedback IS NOT NULL AND m.agent_uuid IS NOT NULL"
FEEDBACK_COLUMNS = "workspace_uuid, resource, at, subject, likes, dislikes"

# What a run used stands in its output; whatever else a kind of run may put there is no number, and counts nothing.
RUN = f"""
SELECT {{row}}.workspace_uuid, CASE {{row}}.kind WHEN 'workflow' THEN 'workflow' ELSE 'agent' END,
    {QUARTER.format(at="{row}.finished_at")},
    {{row}}.labels ->> CASE {{row}}.kind WHEN 'workflow' THEN 'workflow_uuid' ELSE 'agent_uuid' END, 1,
    ({{row}}.status = 'succeeded')::int, ({{row}}.status = 'failed')::int, ({{row}}.status = 'cancelled')::int,
    trunc(athena_number(used.up -> 'input_tokens')), trunc(athena_number(used.up -> 'output_tokens')),
    athena_number(used.up -> 'cost'), (spent.ms IS NOT NULL)::int, coalesce(spent.ms, 0), athena_latency(spent.ms)
FROM (SELECT coalesce({{row}}.output #> '{{{{message,usage}}}}', {{row}}.output -> 'usage')) AS used (up),
    (SELECT CASE WHEN {{row}}.status = 'succeeded' AND {{row}}.started_at IS NOT NULL THEN
        greatest(0, extract(epoch FROM {{row}}.finished_at - {{row}}.started_at) * 1000)::bigint END) AS spent (ms)
"""
RUN_COLUMNS = (
    "workspace_uuid, resource, at, subject, count, succeeded, failed, cancelled, input_tokens, output_tokens, cost, "
    "measured, duration_ms, latency"
)
# Runs of an agent, alone or in a thread, and of a workflow.
COUNTED_RUN = (
    "{row}.finished_at IS NOT NULL AND ("
    "{row}.kind IN ('agent', 'thread') AND athena_is_uuid({row}.labels ->> 'agent_uuid') "
    "OR {row}.kind = 'workflow' AND athena_is_uuid({row}.labels ->> 'workflow_uuid'))"
)

# A duration's place among 256 on a scale of logarithms: each place is 8 % longer than the one before.
LATENCY = """
CREATE FUNCTION athena_latency(milliseconds bigint) RETURNS sparsevec LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ('{' || least(256, 1 + floor(ln(greatest(1, $1)::float8) / ln(1.08::float8)))::integer || ':' || '1}/256')
    ::sparsevec
"""

IS_UUID = """
CREATE FUNCTION athena_is_uuid(text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN $1 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
"""

NUMBER = """
CREATE FUNCTION athena_number(jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof($1) WHEN 'number' THEN greatest(0, ($1 #>> '{}')::numeric) ELSE 0 END
"""


def trigger_function(name: str, columns: str, select: str) -> str:
    return f"""
    CREATE FUNCTION athena_metrics_of_{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO public.metric_deltas ({columns}) {select};
        RETURN NULL;
    END $$
    """


RATING = "coalesce({row}.feedback ->> 'rating', '')"
FUNCTIONS = {
    "threads": (THREAD_COLUMNS, THREAD.format(row="NEW")),
    "messages": (MESSAGE_COLUMNS, MESSAGE.format(row="NEW", timed="TG_OP = 'UPDATE'")),
    "feedback": (
        FEEDBACK_COLUMNS,
        FEEDBACK.format(row="NEW", now=RATING.format(row="NEW"), before=RATING.format(row="OLD")),
    ),
    "runs": (RUN_COLUMNS, RUN.format(row="NEW")),
}

TRIGGERS = (
    "CREATE TRIGGER metrics_insert AFTER INSERT ON threads FOR EACH ROW EXECUTE FUNCTION athena_metrics_of_threads()",
    """
    CREATE TRIGGER metrics_delete AFTER DELETE ON workspaces
    FOR EACH ROW EXECUTE FUNCTION athena_metrics_workspace_deleted()
    """,
    """
    CREATE TRIGGER metrics_insert AFTER INSERT ON messages
    FOR EACH ROW WHEN (NEW.status <> 'pending') EXECUTE FUNCTION athena_metrics_of_messages()
    """,
    """
    CREATE TRIGGER metrics_update AFTER UPDATE OF status ON messages
    FOR EACH ROW WHEN (OLD.status = 'pending' AND NEW.status <> 'pending')
    EXECUTE FUNCTION athena_metrics_of_messages()
    """,
    """
    CREATE TRIGGER metrics_feedback AFTER UPDATE OF feedback ON messages
    FOR EACH ROW WHEN (NEW.agent_uuid IS NOT NULL
        AND OLD.feedback -> 'rating' IS DISTINCT FROM NEW.feedback -> 'rating')
    EXECUTE FUNCTION athena_metrics_of_feedback()
    """,
    f"""
    CREATE TRIGGER metrics_insert AFTER INSERT ON runs
    FOR EACH ROW WHEN ({COUNTED_RUN.format(row="NEW")}) EXECUTE FUNCTION athena_metrics_of_runs()
    """,
    f"""
    CREATE TRIGGER metrics_update AFTER UPDATE ON runs
    FOR EACH ROW WHEN (OLD.finished_at IS NULL AND {COUNTED_RUN.format(row="NEW")})
    EXECUTE FUNCTION athena_metrics_of_runs()
    """,
)

SUMMED = ", ".join(f"sum({name}) AS {name}" for name in SUMS)

# Deltas of a workspace that is gone are dropped; the lock keeps it from going before this transaction's end.
FOLD = f"""
CREATE FUNCTION athena_fold_metrics() RETURNS bigint LANGUAGE sql AS $$
    WITH folded AS (
        DELETE FROM metric_deltas WHERE id IN (
            SELECT id FROM metric_deltas ORDER BY id LIMIT 20000 FOR UPDATE SKIP LOCKED
        ) RETURNING *
    ), living AS (
        SELECT uuid FROM workspaces WHERE uuid IN (SELECT workspace_uuid FROM folded) FOR KEY SHARE
    ), quarters AS (
        SELECT workspace_uuid, resource, at, {", ".join(NAMES)}, {SUMMED}, sum(latency::vector) AS latency
        FROM folded JOIN living ON living.uuid = folded.workspace_uuid
        GROUP BY workspace_uuid, resource, at, {", ".join(NAMES)}
    ), summed AS (
        INSERT INTO metric_rollups AS present
            (workspace_uuid, resource, facet, span, {", ".join(NAMES)}, at, {", ".join(SUMS)}, latency)
        SELECT q.workspace_uuid, q.resource, p.facet, p.span,
            {", ".join(f"CASE p.facet WHEN 'detail' THEN q.{name} ELSE '' END" for name in NAMES)},
            CASE p.span WHEN 'quarter' THEN q.at ELSE date_trunc(p.span, q.at, 'UTC') END,
            {SUMMED}, sum(q.latency)::sparsevec
        FROM quarters AS q CROSS JOIN (VALUES ('total', 'quarter'), ('total', 'hour'), ('total', 'day'),
            ('detail', 'quarter'), ('detail', 'day'), ('detail', 'month')) AS p (facet, span)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
        ON CONFLICT (workspace_uuid, resource, facet, span, {", ".join(NAMES)}, at) DO UPDATE SET
            {", ".join(f"{name} = present.{name} + excluded.{name}" for name in SUMS)},
            latency = CASE WHEN present.latency IS NULL THEN excluded.latency
                WHEN excluded.latency IS NULL THEN present.latency
                ELSE (present.latency::vector + excluded.latency::vector)::sparsevec END
    )
    SELECT count(*) FROM folded
$$
"""

# Deltas have no foreign key, whose check would cost as much as the delta itself.
WORKSPACE_DELETED = """
CREATE FUNCTION athena_metrics_workspace_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM public.metric_deltas WHERE workspace_uuid = OLD.uuid;
    RETURN NULL;
END $$
"""

# The totals of several workspaces at once, of those alone that the user is in and in one of the named roles.
WORKSPACES_METRICS = """
CREATE FUNCTION athena_workspaces_metrics(
    wanted uuid[], roles text[], resources text[], spans text[], begins timestamptz[], ends timestamptz[],
    borders timestamptz[]
) RETURNS TABLE (workspace_uuid uuid, resource text, bucket integer, count numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
BEGIN ATOMIC
    WITH own AS (
        SELECT m.workspace_uuid FROM workspace_members AS m
        WHERE m.workspace_uuid = ANY(wanted) AND m.user_uuid = athena_user() AND m.role = ANY(roles)
    ), parts AS (
        SELECT r.workspace_uuid, r.resource, r.at, r.count
        FROM own CROSS JOIN unnest(resources) AS named (resource)
        CROSS JOIN unnest(spans, begins, ends) AS piece (span, begins, ends)
        CROSS JOIN LATERAL (
            SELECT * FROM metric_rollups AS x WHERE x.workspace_uuid = own.workspace_uuid
            AND x.resource = named.resource AND x.facet = 'total' AND x.span = piece.span AND x.subject = ''
            AND x.role = '' AND x.model = '' AND x.at >= piece.begins AND x.at < piece.ends OFFSET 0
        ) AS r
        UNION ALL
        SELECT d.workspace_uuid, d.resource, d.at, d.count
        FROM own JOIN metric_deltas AS d ON d.workspace_uuid = own.workspace_uuid
        WHERE d.resource = ANY(resources) AND d.at >= borders[1] AND d.at < borders[cardinality(borders)]
    )
    SELECT parts.workspace_uuid, parts.resource, width_bucket(parts.at, borders), sum(parts.count)
    FROM parts GROUP BY 1, 2, 3;
END
"""

MESSAGE_TEXT = """
CREATE FUNCTION athena_message_text(content jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE jsonb_typeof(content)
    WHEN 'array' THEN (SELECT string_agg(part ->> 'text', E'\\n') FROM jsonb_array_elements(content) AS part)
    ELSE content #>> ARRAY[]::text[] END
"""

# Behind row-level security, conditions such as ILIKE cannot use an index; these functions look for their caller, in
# the present workspace alone. A text that many of the newest rows hold is found among them, any other by its trigrams.
FIND = """
CREATE FUNCTION athena_find_{table}(pattern text, most integer) RETURNS uuid[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    newest CONSTANT text := 'SELECT uuid, {text} AS text FROM {table} WHERE workspace_uuid = $1 ORDER BY uuid DESC';
    dense boolean;
    found uuid[];
BEGIN
    -- What the caller asks for next with this pattern is planned for it, too.
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    EXECUTE 'SELECT count(*) > 25 FROM (' || newest || ' LIMIT 500) AS n WHERE n.text ILIKE $2'
    INTO dense USING athena_workspace(), pattern;
    IF dense THEN
        EXECUTE 'SELECT array(SELECT n.uuid FROM (' || newest || ' LIMIT 20000) AS n WHERE n.text ILIKE $2 LIMIT $3)'
        INTO found USING athena_workspace(), pattern, most;
        IF cardinality(found) = most THEN
            RETURN found;
        END IF;
    END IF;
    EXECUTE 'SELECT array(SELECT uuid FROM {table} WHERE workspace_uuid = $1 AND {text} ILIKE $2 LIMIT $3)'
    INTO found USING athena_workspace(), pattern, most;
    RETURN found;
END $$
"""
FOUND = {"threads": "name", "messages": "athena_message_text(content)"}
LABELS = ("agent_uuid", "thread_uuid", "workflow_uuid", "prompt_uuid", "share_uuid")


def prepare_lists() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.execute(MESSAGE_TEXT)
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    for table, text in FOUND.items():
        op.execute(f"CREATE INDEX ix_{table}_text ON {table} USING gin (workspace_uuid, ({text}) gin_trgm_ops)")
        op.execute(FIND.format(table=table, text=text))
        op.execute(f"REVOKE ALL ON FUNCTION athena_find_{table} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION athena_find_{table} TO {TENANT_ROLE}, {SYSTEM_ROLE}")
        op.execute(f"ALTER FUNCTION athena_find_{table} OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")
    columns = ", ".join(f"ADD COLUMN {name} text GENERATED ALWAYS AS (labels ->> '{name}') STORED" for name in LABELS)
    op.execute(f"ALTER TABLE runs {columns}")
    for name in LABELS:
        place = f"ix_runs_workspace_uuid_{name}_uuid"
        op.execute(f"CREATE INDEX {place} ON runs (workspace_uuid, {name}, uuid) WHERE {name} IS NOT NULL")
    for table, names in {"runs": ("status", "kind"), "messages": ("role", "status", "agent_uuid", "run_uuid")}.items():
        for name in names:
            op.create_index(f"ix_{table}_workspace_uuid_{name}_uuid", table, ["workspace_uuid", name, "uuid"])


def create_tables() -> None:
    def measures() -> list[sa.Column[object]]:
        return [
            *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in NAMES),
            *(
                sa.Column(name, sa.BigInteger if name in WHOLE else sa.Numeric, nullable=False, server_default="0")
                for name in SUMS
            ),
            sa.Column("latency", SPARSEVEC(256)),
        ]

    key = ["workspace_uuid", "resource", "facet", "span", *NAMES, "at"]
    op.create_table(
        "metric_rollups",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("facet", sa.Text, nullable=False),
        sa.Column("span", sa.Text, nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        *measures(),
        sa.PrimaryKeyConstraint(*key),
    )
    op.create_index(
        "ix_metric_rollups_detail",
        "metric_rollups",
        ["workspace_uuid", "resource", "span", "at"],
        postgresql_where=sa.text("facet = 'detail'"),
    )
    op.create_table(
        "metric_deltas",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("workspace_uuid", sa.UUID, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        *measures(),
    )
    op.create_index("ix_metric_deltas_workspace_uuid_resource", "metric_deltas", ["workspace_uuid", "resource"])
    for table in ("metric_rollups", "metric_deltas"):
        for statement in row_security(table):
            op.execute(statement)


def create_functions() -> None:
    for statement in (IS_UUID, NUMBER, LATENCY, FOLD, WORKSPACE_DELETED, WORKSPACES_METRICS):
        op.execute(statement)
    for name, (columns, select) in FUNCTIONS.items():
        op.execute(trigger_function(name, columns, select))
    signature = "athena_workspaces_metrics(uuid[], text[], text[], text[], timestamptz[], timestamptz[], timestamptz[])"
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {TENANT_ROLE}, {SYSTEM_ROLE}")
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    for name in (
        *(f"athena_metrics_of_{name}()" for name in FUNCTIONS),
        "athena_metrics_workspace_deleted()",
        signature,
    ):
        op.execute(f"ALTER FUNCTION {name} OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")


def count_what_is_there() -> None:
    op.execute(f"SET LOCAL ROLE {SYSTEM_ROLE}")
    # An answer is timed by its last change, if that was its end.
    whole = MESSAGE.format(row="m", timed="m.run_uuid IS NOT NULL AND m.revision = 2")
    ended = RUN.format(row="r")
    rated = FEEDBACK.format(row="m", now=RATING.format(row="m"), before="''")
    sources = (
        (THREAD_COLUMNS, f"SELECT x.* FROM threads AS t CROSS JOIN LATERAL ({THREAD.format(row='t')}) AS x"),
        (
            MESSAGE_COLUMNS,
            f"SELECT x.* FROM messages AS m CROSS JOIN LATERAL ({whole}) AS x WHERE m.status <> 'pending'",
        ),
        (
            FEEDBACK_COLUMNS,
            f"SELECT x.* FROM messages AS m CROSS JOIN LATERAL ({rated}) AS x WHERE {RATED}",
        ),
        (
            RUN_COLUMNS,
            f"SELECT x.* FROM runs AS r CROSS JOIN LATERAL ({ended}) AS x WHERE {COUNTED_RUN.format(row='r')}",
        ),
    )
    for columns, select in sources:
        op.execute(f"INSERT INTO metric_deltas ({columns}) {select}")
    op.execute(
        """
        INSERT INTO row_counts (workspace_uuid, table_name, count)
        SELECT workspace_uuid, 'runs', count(*) FROM runs GROUP BY workspace_uuid
        """
    )
    op.execute("DO $$ BEGIN LOOP EXIT WHEN athena_fold_metrics() = 0; END LOOP; END $$")
    op.execute("RESET ROLE")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    prepare_lists()
    create_tables()
    create_functions()
    # The locks that triggers need are held to the end, so that nothing is counted twice or not at all.
    for statement in TRIGGERS:
        op.execute(statement)
    for statement in row_counter("runs"):
        op.execute(statement)
    count_what_is_there()
