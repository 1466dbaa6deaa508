"""Queues for kinds of work, fairness between workspaces, and how many runs of a workspace are at work at a time.

A process of the version before may run beside those of this one: it calls ``engine_job`` with four arguments and
serves ``engine.run`` alone.

Revision ID: 0045
Revises: 0044
Create Date: 2026-11-25
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.db import SYSTEM_ROLE

revision = "0045"
down_revision = "0044"

# A job that is not due waits under another name, so that whoever looks for work does not come by it.
ENGINE_JOB = """
CREATE FUNCTION engine_job(workspace uuid, run uuid, delay interval, quiet boolean, queue text, child boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF current_setting('role') <> 'athena_system' AND workspace IS DISTINCT FROM athena_workspace() THEN
        RAISE insufficient_privilege USING MESSAGE = 'a job of another workspace';
    END IF;
    PERFORM set_config('athena.quiet_jobs', 'on', true);
    DELETE FROM pgqueuer WHERE dedupe_key = run::text AND status IN ('queued', 'picked')
        AND payload = convert_to(workspace || ' ' || run, 'UTF8');
    IF delay IS NOT NULL THEN
        IF NOT quiet THEN
            PERFORM set_config('athena.quiet_jobs', 'off', true);
        END IF;
        INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
        VALUES (child::integer, CASE WHEN delay > '0' THEN queue || '.later' ELSE queue END,
            convert_to(workspace || ' ' || run, 'UTF8'), now() + delay, run::text, 'queued');
    END IF;
    PERFORM set_config('athena.quiet_jobs', 'off', true);
    RETURN delay IS NOT NULL;
END $$
"""

# What is due, in the order of workspaces: by it the next workspace is found in one step, however much the one before
# has waiting.
INDEX = """
CREATE INDEX engine_jobs_due ON pgqueuer (entrypoint, payload)
WHERE status = 'queued' AND right(entrypoint, 6) <> '.later'
"""

# Claims jobs for a process. ``queues`` come in their order, each with how many places are ``free`` for it and the
# place in its round ``after`` which to go on; ``most`` in all. What other runs wait for is claimed without asking for
# a place, up to ``children``: those hold theirs until it is done. How many jobs there are changes faster than what the
# planner knows of them, so it is told to follow the indexes.
ENGINE_CLAIM = """
CREATE FUNCTION engine_claim(process uuid, stale interval, queues text[], free integer[], after bytea[], most integer,
    children integer) RETURNS SETOF pgqueuer LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    job pgqueuer;
    place bytea;
    left_over integer := most;
    wanted integer;
    found_in_round integer;
BEGIN
    UPDATE pgqueuer SET entrypoint = left(entrypoint, -6) WHERE id IN (
        SELECT id FROM pgqueuer WHERE entrypoint = ANY (SELECT q || '.later' FROM unnest(queues) AS q)
            AND status = 'queued' AND execute_after <= now() ORDER BY execute_after LIMIT 500 FOR UPDATE SKIP LOCKED);
    UPDATE pgqueuer SET status = 'queued', queue_manager_id = NULL WHERE id IN (
        SELECT id FROM pgqueuer WHERE status = 'picked' AND heartbeat < now() - stale AND entrypoint = ANY (queues)
        LIMIT 100 FOR UPDATE SKIP LOCKED);
    FOR job IN
        UPDATE pgqueuer SET status = 'picked', updated = now(), heartbeat = now(), queue_manager_id = process
        WHERE id IN (SELECT id FROM pgqueuer WHERE entrypoint = ANY (queues) AND status = 'queued' AND priority > 0
            AND execute_after <= now() ORDER BY id LIMIT children FOR UPDATE SKIP LOCKED) RETURNING *
    LOOP
        left_over := left_over - 1;
        RETURN NEXT job;
    END LOOP;
    FOR number IN 1 .. cardinality(queues) LOOP
        place := after[number];
        wanted := least(left_over, free[number]);
        found_in_round := 1;
        WHILE wanted > 0 LOOP
            SELECT * INTO job FROM pgqueuer WHERE entrypoint = queues[number] AND right(entrypoint, 6) <> '.later'
                AND status = 'queued' AND priority = 0 AND execute_after <= now() AND payload > place
                ORDER BY payload LIMIT 1 FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                EXIT WHEN found_in_round = 0;
                found_in_round := 0;
                place := '';
                CONTINUE;
            END IF;
            place := substring(job.payload FROM 1 FOR 36) || '!';
            CONTINUE WHEN NOT engine_has_place(convert_from(substring(job.payload FROM 1 FOR 36), 'UTF8')::uuid);
            UPDATE pgqueuer SET status = 'picked', updated = now(), heartbeat = now(), queue_manager_id = process
                WHERE id = job.id RETURNING * INTO job;
            found_in_round := found_in_round + 1;
            wanted := wanted - 1;
            left_over := left_over - 1;
            RETURN NEXT job;
        END LOOP;
    END LOOP;
END $$
"""

# Whether one more run of a workspace may be at work. Of processes that ask at the same moment one comes after the
# other, and sees what that has claimed.
ENGINE_HAS_PLACE = """
CREATE FUNCTION engine_has_place(workspace uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    limited integer;
    busy integer;
BEGIN
    SELECT (settings ->> 'concurrent_runs')::integer INTO limited FROM workspaces
        WHERE uuid = workspace AND jsonb_typeof(settings -> 'concurrent_runs') = 'number';
    IF limited IS NULL THEN
        RETURN true;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('athena.limit ' || workspace, 0));
    SELECT count(*) INTO busy FROM (
        SELECT FROM runs WHERE workspace_uuid = workspace AND status = 'running' LIMIT limited) AS running;
    SELECT busy + count(*) INTO busy FROM pgqueuer WHERE status = 'picked'
        AND payload > convert_to(workspace || ' ', 'UTF8') AND payload < convert_to(workspace || '!', 'UTF8');
    RETURN busy < limited;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_workspaces_concurrent_runs",
        "workspaces",
        ["uuid"],
        postgresql_where=sa.text("settings ? 'concurrent_runs'"),
    )
    for statement in (INDEX, ENGINE_JOB, ENGINE_HAS_PLACE, ENGINE_CLAIM):
        op.execute(statement)
    # What sleeping runs have waiting: else each look for work would come by all of it.
    op.execute(
        "UPDATE pgqueuer SET entrypoint = 'engine.run.later' WHERE entrypoint = 'engine.run' AND status = 'queued'"
        " AND execute_after > now()"
    )
    op.execute("REVOKE ALL ON FUNCTION engine_claim, engine_has_place FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION engine_claim, engine_has_place TO {SYSTEM_ROLE}")
    job = "engine_job(uuid, uuid, interval, boolean, text, boolean)"
    op.execute(f"REVOKE ALL ON FUNCTION {job} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {job} TO athena_tenant, athena_system")
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE}")
    op.execute(f"ALTER FUNCTION {job} OWNER TO {SYSTEM_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE}")
