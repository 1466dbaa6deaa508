"""The engine's tables, and those that it borrows from PgQueuer."""

from __future__ import annotations

import asyncpg
import pytest
from alembic import command
from pgqueuer.queries import Queries
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.tables import alembic_config, sqlalchemy_url
from tests.engine.conftest import House
from tests.engine.test_runs import speak


async def test_the_models_and_the_migrations_agree(url: str):
    engine = create_async_engine(sqlalchemy_url(url), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: command.check(alembic_config(sync)))
    await engine.dispose()


async def test_pgqueuer_finds_its_schema_as_it_wants_it(url: str):
    connection = await asyncpg.connect(url)
    plan = await Queries.from_asyncpg_connection(connection).plan_upgrade()
    await connection.close()
    assert not plan.statements, "this version of PgQueuer needs a migration"


async def test_a_tenant_reads_no_jobs_and_touches_only_those_of_its_workspace(house: House, database: Database):
    run = await house.accept(speak, begin_here=False)
    await house.result(run)
    for statement in ("SELECT * FROM pgqueuer", "DELETE FROM pgqueuer", "SELECT * FROM engine_processes"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with house.session() as session:
                await session.execute(statement)
    for scope in (Scope(workspace_uuid=new_uuid()), Scope(user_uuid=new_uuid()), Scope()):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.session(scope) as session:
                await session.execute("SELECT engine_job($1, $2, '0', true)", house.workspace, run)


async def test_a_tenant_sees_only_its_own_runs_and_events(house: House, database: Database):
    run = await house.accept(speak)
    await house.result(run)
    async with database.session(Scope(workspace_uuid=new_uuid())) as session:
        assert await session.value("SELECT count(*) FROM runs") == 0
        assert await session.value("SELECT count(*) FROM run_events") == 0
    stranger = House(house.engine, database)
    assert await stranger.events(run) == []
    assert not await stranger.cancel(run)


async def test_events_go_with_their_run(house: House):
    run = await house.accept(speak)
    await house.result(run)
    async with house.session() as session:
        await session.execute("DELETE FROM runs WHERE uuid = $1", run)
        assert await session.value("SELECT count(*) FROM run_events WHERE run_uuid = $1", run) == 0
