"""The migrated database: what the models say, and every tenant's rows behind row-level security."""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from athena.kit.db import SYSTEM_ROLE, TENANT_ROLE
from athena.kit.tables import metadata
from athena.tables import MIGRATIONS, sqlalchemy_url

# Not of a workspace: who may see their rows is written where they are used.
EXCEPTED_FROM_SECURITY = {"alembic_version"}
Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_the_models_are_what_the_migrations_make(database_url: str) -> None:
    def compare(connection: sa.Connection) -> list[Any]:
        def included(item: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
            # The queue's own library keeps its tables by itself.
            table = item.name if kind == "table" else getattr(getattr(item, "table", None), "name", name)
            return not str(table).startswith("pgqueuer") and str(table) != "alembic_version"

        options = {"compare_type": True, "compare_server_default": False, "include_object": included}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, metadata)

    engine = create_async_engine(sqlalchemy_url(database_url), poolclass=sa.NullPool)
    async with engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await engine.dispose()
    assert not differences


async def test_every_table_of_a_workspace_has_forced_row_security(superuser: Superuser) -> None:
    rows = await superuser.fetch(
        """
        SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced,
               array(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1) AS policies
        FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT c.relname LIKE 'pgqueuer%'
        """
    )
    tables = {row["relname"]: row for row in rows if row["relname"] not in EXCEPTED_FROM_SECURITY}
    with_workspace = {table.name for table in metadata.tables.values() if "workspace_uuid" in table.columns}
    assert with_workspace <= set(tables)
    assert not [name for name in sorted(with_workspace) if not tables[name]["forced"]]
    assert not [name for name in sorted(with_workspace) if not {"tenant", "system"} <= set(tables[name]["policies"])]
    # A table without row security must be out of a tenant's reach.
    for name, row in tables.items():
        if not row["forced"]:
            granted = await superuser.fetchval(
                "SELECT has_table_privilege($1, $2, 'SELECT, INSERT, UPDATE, DELETE')", TENANT_ROLE, name
            )
            assert not granted, name


async def test_no_role_of_athena_gets_around_row_security(superuser: Superuser) -> None:
    rows = await superuser.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcanlogin AS strong FROM pg_roles "
        "WHERE rolname = ANY($1)",
        [TENANT_ROLE, SYSTEM_ROLE],
    )
    assert {row["rolname"]: row["strong"] for row in rows} == {TENANT_ROLE: False, SYSTEM_ROLE: False}


@pytest.mark.parametrize("role", [TENANT_ROLE, SYSTEM_ROLE])
async def test_nothing_is_owned_by_them_but_functions(superuser: Superuser, role: str) -> None:
    owned = await superuser.fetch(
        "SELECT relname FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = $1)", role
    )
    assert not owned


def test_every_migration_is_dated_and_patient(root: Any) -> None:
    versions = sorted((MIGRATIONS / "versions").glob("*.py"))
    assert versions
    for path in versions:
        year, month, day, number, *_ = path.stem.split("_")
        text = path.read_text("utf-8")
        assert f"Create Date: {year}-{month}-{day}" in text, path.name
        assert f'revision = "{number}"' in text, path.name
        assert "lock_timeout" in text, path.name
