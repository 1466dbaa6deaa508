"""Vectors of memories in a table of their own, in cells of what is alike; words by an index; numbers of memories.

Revision ID: 0033
Revises: 0032
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC

from athena.kit.db import SYSTEM_ROLE
from athena.kit.tables import row_counter, row_security

revision = "0033"
down_revision = "0032"

# The best by words among the memories of the present workspace that the other arguments leave, without reading all.
#
# How frequent each word is, the newest memories tell. The rarest are looked up, alone and together, and of each no more
# than a few hundred; where all are frequent, the newest that hold one of them are taken. What was found is weighed as
# in a small workspace: words count by how rare they are, and more in a short text.
#
# Row-level security keeps `@@` from any index, so the function passes it by, and asks for the workspace itself. It
# gives ids alone, and who calls it still reads only rows that are theirs.
BY_WORDS = r"""
CREATE FUNCTION athena_memories_by_words(
    queries text[], scopes text[], places uuid[], kinds text[], learned boolean, personal_of uuid, most integer
) RETURNS TABLE (found uuid, weight float8) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    sampled CONSTANT integer := 500;
    looked_up CONSTANT integer := 200;
    narrow CONSTANT text := 'm.workspace_uuid = $1 AND ($2 IS NULL OR m.scope = ANY ($2) OR m.agent_uuid = ANY ($3) '
        'OR m.thread_uuid = ANY ($3) OR m.user_uuid = ANY ($3)) AND ($4 IS NULL OR m.kind = ANY ($4)) '
        'AND ($5 IS NULL OR (m.scope = ''agent'' AND m.kind = ''knowledge'') = $5) '
        'AND ($6 IS NULL OR m.scope <> ''user'' OR m.user_uuid = $6)';
    -- Where most of the table is the workspace's own, its list of rows is as long, and narrows nothing.
    own CONSTANT text := CASE WHEN 2 * athena_row_count('memories') >
        (SELECT reltuples FROM pg_class WHERE oid = 'public.memories'::regclass)
        THEN '' ELSE ' AND workspace_uuid = $1' END;
    lookup CONSTANT text := 'SELECT array(SELECT m.uuid FROM (SELECT * FROM public.memories WHERE words @@ $7' || own
        || ' OFFSET 0) AS m WHERE ' || narrow || ' LIMIT $8)';
    asked tsquery[];
    shares float8[];
    mean float8;
    rare integer;
    candidates uuid[] := '{}';
    part uuid[];
    joint tsquery;
BEGIN
    SELECT array_agg(t.query ORDER BY t.n, t.place), array_agg(greatest(t.n, 0.5) / sampled ORDER BY t.n, t.place),
        count(*) FILTER (WHERE t.n <= sampled / 100), max(t.mean)
    INTO asked, shares, rare, mean
    FROM (
        SELECT q.query::tsquery AS query, q.place, count(*) FILTER (WHERE newest.words @@ q.query::tsquery) AS n,
            greatest(avg(length(newest.words)), 1) AS mean
        FROM unnest(queries) WITH ORDINALITY AS q (query, place), (
            SELECT words FROM public.memories WHERE workspace_uuid = athena_workspace() ORDER BY uuid DESC LIMIT sampled
        ) AS newest GROUP BY q.query, q.place
    ) AS t;
    IF rare = 0 THEN
        joint := (SELECT string_agg('(' || q::text || ')', ' | ')::tsquery FROM unnest(asked) AS q);
        EXECUTE 'SELECT array(SELECT n.uuid FROM (SELECT uuid, words FROM public.memories AS m WHERE ' || narrow
            || ' ORDER BY uuid DESC LIMIT 2000) AS n WHERE n.words @@ $7 LIMIT 400)'
        INTO candidates USING athena_workspace(), scopes, places, kinds, learned, personal_of, joint;
    ELSE
        PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true);
        FOR i IN 1 .. least(rare, 4) LOOP
            EXECUTE lookup INTO part
            USING athena_workspace(), scopes, places, kinds, learned, personal_of, asked[i], looked_up;
            candidates := candidates || part;
            IF cardinality(part) < looked_up THEN
                shares[i] := shares[i] * (cardinality(part) + 1) / looked_up;
            END IF;
            joint := CASE WHEN i = 1 THEN asked[1] ELSE joint && asked[i] END;
            IF i > 1 THEN
                EXECUTE lookup INTO part
                USING athena_workspace(), scopes, places, kinds, learned, personal_of, joint, looked_up;
                candidates := candidates || part;
            END IF;
        END LOOP;
        PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'on', true);
    END IF;
    RETURN QUERY
    WITH weighed AS (
        SELECT m.uuid, length(m.words) / mean AS size, (
            SELECT sum(ln(1 + 1 / t.share)) FROM unnest(asked, shares) AS t (query, share) WHERE m.words @@ t.query
        ) AS weight
        FROM (SELECT DISTINCT unnest(candidates) AS uuid) AS c
        JOIN public.memories AS m ON m.workspace_uuid = athena_workspace() AND m.uuid = c.uuid
    )
    SELECT w.uuid, w.weight / (0.3 + 0.9 * w.size) FROM weighed AS w
    WHERE w.weight > 0.2 * (SELECT sum(ln(1 + 1 / share)) FROM unnest(shares) AS share)
        AND w.weight > 0.5 * (SELECT max(weighed.weight) FROM weighed)
    ORDER BY 2 DESC, 1 LIMIT most;
END $$
"""

# Where it counts is kept with the vector, so that a search need not look at the memory to leave it out.
PLACE = ("scope", "kind", "agent_uuid", "user_uuid", "thread_uuid")


def create_tables() -> None:
    op.create_table(
        "memory_vectors",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("memory_uuid", sa.UUID, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("cell", sa.Integer, nullable=False, server_default="0"),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("agent_uuid", sa.UUID),
        sa.Column("user_uuid", sa.UUID),
        sa.Column("thread_uuid", sa.UUID),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "memory_uuid"], ["memories.workspace_uuid", "memories.uuid"], ondelete="CASCADE"
        ),
    )
    op.create_table(
        "memory_cells",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("centroid", HALFVEC(), nullable=False),
    )
    # Out of the row, each would be one more page to read.
    op.execute("ALTER TABLE memory_vectors ALTER COLUMN embedding SET STORAGE PLAIN")
    op.execute("ALTER TABLE memory_cells ALTER COLUMN centroid SET STORAGE PLAIN")
    for table in ("memory_vectors", "memory_cells"):
        for statement in row_security(table):
            op.execute(statement)


def move_vectors() -> None:
    # The locks that triggers need are held to the end, so that nothing is counted twice or not at all.
    for statement in row_counter("memories"):
        op.execute(statement)
    op.execute(f"SET LOCAL ROLE {SYSTEM_ROLE}")
    columns = ", ".join(PLACE)
    op.execute(
        f"INSERT INTO memory_vectors (workspace_uuid, memory_uuid, model, {columns}, embedding) "
        f"SELECT workspace_uuid, uuid, embedding_model, {columns}, embedding FROM memories WHERE embedding IS NOT NULL"
    )
    op.execute(
        "INSERT INTO row_counts (workspace_uuid, table_name, count) "
        "SELECT workspace_uuid, 'memories', count(*) FROM memories GROUP BY workspace_uuid"
    )
    op.execute(
        "INSERT INTO row_count_spans (workspace_uuid, table_name, span, count) "
        "SELECT workspace_uuid, 'memories', left(uuid::text, 5), count(*) FROM memories GROUP BY 1, 3"
    )
    op.execute("RESET ROLE")
    op.drop_column("memories", "embedding")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_tables()
    move_vectors()
    op.create_index(
        "ix_memory_vectors_cells",
        "memory_vectors",
        ["workspace_uuid", "model", "cell", "memory_uuid"],
        postgresql_include=[*PLACE, "embedding"],
    )
    told = sa.text("kind <> 'knowledge' AND agent_uuid IS NOT NULL")
    op.create_index("ix_memories_told", "memories", ["workspace_uuid", "agent_uuid"], postgresql_where=told)
    # Without a list of pending entries, which every search would have to read.
    op.create_index(
        "ix_memories_words",
        "memories",
        ["workspace_uuid", "words"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.execute(BY_WORDS)
