"""Searches that look up what is rare alone, and numbers of rows by time, from which a page in the middle is found.

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.db import SYSTEM_ROLE
from athena.kit.tables import row_security

revision = "0015"
down_revision = "0014"

COUNTED = ("threads", "messages", "runs", "command_room_tasks")
SPAN = "left(uuid::text, 5)"

# As before, but of expressions that the planner can put in a query's own place: a call cost ten times as much as what
# it does. Neither a query nor STRICT may be in what is put in place.
MESSAGE_TEXT = (
    """
    CREATE FUNCTION athena_parts_text(parts jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT string_agg(part ->> 'text', E'\\n') FROM jsonb_array_elements(parts) AS part)
    """,
    """
    CREATE OR REPLACE FUNCTION athena_message_text(content jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE jsonb_typeof(content) WHEN 'array' THEN athena_parts_text(content) ELSE content #>> ARRAY[]::text[] END
    """,
)

# Null where more than `most` rows hold the text. A text that many of the newest rows hold is looked for among these.
# Any other is by its trigrams, of which those of frequent words are left out: they narrow nothing, and their lists of
# rows are as long as the table. So is the workspace's list, where most of the table is its own. Without sorting, the
# newest are read along the key.
FIND = """
CREATE OR REPLACE FUNCTION athena_find_{table}(pattern text, most integer) RETURNS uuid[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public SET enable_sort = off AS $$
DECLARE
    newest CONSTANT text := 'SELECT uuid, {text} AS text FROM {table} WHERE workspace_uuid = $1 ORDER BY uuid DESC';
    narrow text := 'workspace_uuid = $1 AND ';
    rare text;
    dense boolean;
    found uuid[];
BEGIN
    -- What the caller asks for next with this pattern is planned for it, too.
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    EXECUTE 'SELECT count(*) > 20 FROM (' || newest || ' LIMIT 200) AS n WHERE n.text ILIKE $2'
    INTO dense USING athena_workspace(), pattern;
    IF dense THEN
        EXECUTE 'SELECT count(*) > $3 FROM (SELECT FROM (' || newest || ' LIMIT 20000) AS n WHERE n.text ILIKE $2 '
            'LIMIT $3 + 1) AS n'
        INTO dense USING athena_workspace(), pattern, most;
        IF dense THEN
            RETURN NULL;
        END IF;
    END IF;
    EXECUTE 'SELECT word FROM (SELECT ''%'' || word || ''%'' AS word FROM '
        'unnest(regexp_split_to_array(substr($2, 2, length($2) - 2), ''\\s+'')) AS word '
        'WHERE word ~ ''[[:alnum:]]{{3}}'' ORDER BY length(word) DESC LIMIT 4) AS words '
        'WHERE NOT EXISTS (SELECT FROM (' || newest || ' LIMIT 200) AS n WHERE n.text ILIKE word) LIMIT 1'
    INTO rare USING athena_workspace(), pattern;
    IF 2 * athena_row_count('{table}') > (SELECT reltuples FROM pg_class WHERE oid = 'public.{table}'::regclass) THEN
        narrow := '';
    END IF;
    EXECUTE 'SELECT array(SELECT n.uuid FROM (SELECT uuid, workspace_uuid, {text} AS text FROM {table} '
        'WHERE ' || narrow || '{text} ILIKE $2 OFFSET 0) AS n '
        'WHERE n.workspace_uuid = $1 AND n.text ILIKE $3 LIMIT $4 + 1)'
    INTO found USING athena_workspace(), coalesce(rare, pattern), pattern, most;
    RETURN CASE WHEN cardinality(found) <= most THEN found END;
END $$
"""
FOUND = {"threads": "name", "messages": "athena_message_text(content)"}

COUNT_ROWS = f"""
CREATE OR REPLACE FUNCTION athena_count_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.row_count_deltas (workspace_uuid, table_name, span, delta)
    SELECT workspace_uuid, TG_TABLE_NAME, {SPAN}, count(*) * TG_ARGV[0]::int FROM changed
    GROUP BY workspace_uuid, {SPAN};
    RETURN NULL;
END $$
"""

FOLD = """
CREATE OR REPLACE FUNCTION athena_fold_counts() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    folded bigint;
    empty row_count_spans[];
BEGIN
    WITH folded AS (
        DELETE FROM row_count_deltas WHERE id IN (
            SELECT id FROM row_count_deltas ORDER BY id LIMIT 50000 FOR UPDATE SKIP LOCKED
        ) RETURNING workspace_uuid, table_name, span, delta
    ), summed AS (
        INSERT INTO row_counts AS present (workspace_uuid, table_name, count)
        SELECT workspace_uuid, table_name, sum(delta) FROM folded GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (workspace_uuid, table_name) DO UPDATE SET count = present.count + excluded.count
    ), placed AS (
        INSERT INTO row_count_spans AS present (workspace_uuid, table_name, span, count)
        SELECT workspace_uuid, table_name, span, sum(delta) FROM folded GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (workspace_uuid, table_name, span) DO UPDATE SET count = present.count + excluded.count
        RETURNING present
    )
    SELECT (SELECT count(*) FROM folded), array_agg(present) FILTER (WHERE (present).count = 0)
    INTO folded, empty FROM placed;
    DELETE FROM row_count_spans AS s USING unnest(empty) AS e
    WHERE s.workspace_uuid = e.workspace_uuid AND s.table_name = e.table_name AND s.span = e.span AND s.count = 0;
    RETURN folded;
END $$
"""

# Where the rows of the present workspace begin of which `skipped` are passed over, the newest first or last, and how
# many of these are left to be passed over there.
PAGE_START = """
CREATE FUNCTION athena_page_start(counted text, skipped bigint, newest boolean)
RETURNS TABLE (start uuid, remaining bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH spans AS (
        SELECT parts.span, sum(parts.n) AS n FROM (
            SELECT s.span, s.count AS n FROM row_count_spans AS s
            WHERE s.workspace_uuid = (SELECT athena_workspace()) AND s.table_name = counted
            UNION ALL
            SELECT d.span, d.delta FROM row_count_deltas AS d
            WHERE d.workspace_uuid = (SELECT athena_workspace()) AND d.table_name = counted
        ) AS parts GROUP BY parts.span HAVING sum(parts.n) > 0
    ), passed AS (
        SELECT spans.span, spans.n,
            sum(spans.n) OVER (ORDER BY CASE WHEN newest THEN spans.span END DESC, spans.span) AS reached
        FROM spans
    )
    SELECT (passed.span || CASE WHEN newest THEN 'fff-ffff-ffff-ffff-ffffffffffff'
        ELSE '000-0000-0000-0000-000000000000' END)::uuid, (skipped - passed.reached + passed.n)::bigint
    FROM passed WHERE passed.reached > skipped ORDER BY passed.reached LIMIT 1;
END
"""


def speed_up_searches() -> None:
    for statement in MESSAGE_TEXT:
        op.execute(statement)
    for table, text in FOUND.items():
        op.execute(FIND.format(table=table, text=text))


def count_by_time() -> None:
    # Nothing is counted twice or not at all: nobody writes meanwhile.
    op.execute(f"LOCK TABLE {', '.join(COUNTED)} IN SHARE ROW EXCLUSIVE MODE")
    op.execute(f"SET LOCAL ROLE {SYSTEM_ROLE}")
    op.execute("DO $$ BEGIN LOOP EXIT WHEN athena_fold_counts() = 0; END LOOP; END $$")
    op.execute("RESET ROLE")
    op.add_column("row_count_deltas", sa.Column("span", sa.Text, nullable=False))
    op.create_table(
        "row_count_spans",
        sa.Column("workspace_uuid", sa.UUID, primary_key=True),
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("span", sa.Text, primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    for statement in (*row_security("row_count_spans"), COUNT_ROWS, FOLD, PAGE_START):
        op.execute(statement)
    op.execute(f"SET LOCAL ROLE {SYSTEM_ROLE}")
    for table in COUNTED:
        op.execute(
            f"INSERT INTO row_count_spans (workspace_uuid, table_name, span, count) "
            f"SELECT workspace_uuid, '{table}', {SPAN}, count(*) FROM {table} GROUP BY 1, 3"
        )
    op.execute("RESET ROLE")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    speed_up_searches()
    count_by_time()
