"""A database of its own with two workspaces that have one of everything, and ways to take one of the two walls away."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import httpx2
import pytest
import structlog

from athena.app import create_app
from athena.config import Settings
from athena.kit.db import Session
from athena.kit.egress import Egress
from athena.kit.ids import new_uuid
from athena.kit.repository import Repository, Where
from athena.large_language_models.service import sync_catalogue
from athena.permissions import Role
from athena.postgres import EmbeddedPostgres
from athena.process import Process, opened
from athena.providers.service import sync_builtin
from athena.tables import migrate
from tests.conftest import MakeTenant, Tenant, tenant_maker
from tests.tenants import world
from tests.tenants.surface import Surface
from tests.tenants.world import Workspace, build

VICTIM = "vexillum"
ATTACKER = "quagmire"
CONDITION = re.compile(r"(?:\b\w+\.)?\bworkspace_uuid = (\$\d+)(?!\s*,)")
# Written by the program itself whenever it likes.
RESTLESS = {
    *("row_counts", "row_count_deltas", "row_count_spans", "metric_deltas", "metric_rollups", "leftovers"),
    *("execution_counts", "execution_count_deltas"),
}
# Rows without a workspace are everybody's, to read.
SHARED = {"providers", "large_language_models"}


@dataclass
class Scene:
    """The victim's workspace, the attacker's, and others who try."""

    victim: Workspace
    attacker: Workspace
    surface: Surface
    app: Any
    superuser: asyncpg.Connection[asyncpg.Record]
    people: dict[str, Tenant]
    heads: dict[str, dict[str, str]]
    """What those who are nobody send as their credentials."""
    secrets: frozenset[str]
    """Every id of the victim's rows."""

    async def rows(self, of: Workspace | None = None) -> dict[str, str]:
        """A hash of the victim's rows, or another's, by table, and of the rows that all share."""
        whose = of or self.victim
        hashes: dict[str, str] = {}
        for table, columns in (await self._columns()).items():
            if table in RESTLESS:
                continue
            conditions = [f"{column}::text = ANY($1)" for column in columns if column != "workspace_uuid"]
            if "workspace_uuid" in columns:
                conditions.append("workspace_uuid::text = ANY($1)")
            if table in SHARED:
                conditions.append("workspace_uuid IS NULL")
            hashes[table] = await self.superuser.fetchval(
                f"SELECT md5(coalesce(string_agg(v::text, '|' ORDER BY v::text), '')) FROM {table} t, "
                f"LATERAL (SELECT to_jsonb(t) - 'last_used_at' AS v) AS value WHERE {' OR '.join(conditions)}",
                [whose.ids["workspace"], str(whose.tenant.user_uuid)],
            )
        return hashes

    async def _columns(self) -> Mapping[str, set[str]]:
        rows = await self.superuser.fetch(
            "SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns "
            "WHERE table_schema = 'public' AND (column_name IN ('workspace_uuid', 'user_uuid') "
            "OR (table_name, column_name) IN (('workspaces', 'uuid'), ('users', 'uuid'))) GROUP BY 1 ORDER BY 1"
        )
        return {row["table_name"]: set(row["columns"]) for row in rows}


async def ids_of(superuser: asyncpg.Connection[asyncpg.Record], workspace: Workspace) -> frozenset[str]:
    """Every UUID in the rows of a workspace, whatever the column."""
    found: set[str] = {str(workspace.tenant.user_uuid), workspace.ids["workspace"]}
    tables = await superuser.fetch(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND column_name = 'workspace_uuid'"
    )
    for (table,) in tables:
        rows = await superuser.fetch(
            f"SELECT t::text FROM {table} t WHERE workspace_uuid = $1", UUID(workspace.ids["workspace"])
        )
        for (text,) in rows:
            found |= set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", text))
    shared = await superuser.fetch(
        "SELECT uuid FROM providers WHERE workspace_uuid IS NULL "
        "UNION SELECT uuid FROM large_language_models WHERE workspace_uuid IS NULL"
    )
    return frozenset(found - {str(row["uuid"]) for row in shared})


@pytest.fixture(scope="session")
async def own_url(cluster: EmbeddedPostgres) -> AsyncGenerator[str]:
    """A database for these tests alone, since they disable its row security."""
    name = f"tenants_{new_uuid().hex}"
    connection = await asyncpg.connect(cluster.url)
    await connection.execute(f"CREATE DATABASE {name}")
    url = urlunsplit(urlsplit(cluster.url)._replace(path=f"/{name}"))
    await migrate(url)
    yield url
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="session")
async def own_process(settings: Settings, own_url: str) -> AsyncGenerator[Process]:
    async with opened(settings, own_url) as process:
        async with process.database.system() as session:
            await sync_builtin(session)
            await sync_catalogue(session)
        yield process


@pytest.fixture(scope="session")
async def scene(own_process: Process, own_url: str, mockllm: str) -> AsyncGenerator[Scene]:
    app = create_app(own_process)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    superuser = await asyncpg.connect(own_url)
    async with httpx2.AsyncClient(transport=transport, base_url="http://athena.test", timeout=30) as client:
        make = tenant_maker(own_process.database, client)
        surface = Surface((await client.get("/openapi.json")).json())
        world.MODEL_SERVER[0] = mockllm
        victim = await build(make, VICTIM, surface)
        attacker = await build(make, ATTACKER, surface)
        people, heads = await others(superuser, make, victim, attacker)
        secrets = await ids_of(superuser, victim)
        yield Scene(victim, attacker, surface, app, superuser, people, heads, secrets)
    await superuser.close()


async def others(
    superuser: asyncpg.Connection[asyncpg.Record], make: MakeTenant, victim: Workspace, attacker: Workspace
) -> tuple[dict[str, Tenant], dict[str, dict[str, str]]]:
    """Those who are known, and what those send who are not."""
    mine = attacker.tenant.workspace_uuid
    removed = await make()
    await superuser.execute(
        "INSERT INTO workspace_members (workspace_uuid, user_uuid, created_at, updated_at, role) "
        "VALUES ($1, $2, now(), now(), 'admin')",
        victim.tenant.workspace_uuid,
        removed.user_uuid,
    )
    await victim.call("delete_workspace_member", user_uuid=str(removed.user_uuid))
    people = {
        "viewer": await make(Role.VIEWER, mine),
        "member": await make(Role.BUILDER, mine),
        "removed member": removed,
    }
    expired, revoked = await make(), await make()
    await superuser.execute(
        "UPDATE tokens SET expires_at = now() - interval '1 hour' WHERE user_uuid = $1", expired.user_uuid
    )
    await superuser.execute("UPDATE tokens SET revoked_at = now() WHERE user_uuid = $1", revoked.user_uuid)
    heads = {
        "nobody": {},
        "garbage": {"Authorization": "Bearer athena_garbage"},
        "expired": expired.headers,
        "revoked": revoked.headers,
    }
    return people, heads


@contextlib.asynccontextmanager
async def without_row_security(superuser: asyncpg.Connection[asyncpg.Record]) -> AsyncGenerator[None]:
    """Only the application's own conditions hold."""
    rows = await superuser.fetch("SELECT relname FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p')")
    tables = [row["relname"] for row in rows]
    for table in tables:
        await superuser.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        await superuser.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    try:
        yield
    finally:
        for table in tables:
            await superuser.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            await superuser.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


@contextlib.contextmanager
def without_conditions() -> Generator[list[str]]:
    """Only row-level security holds: every condition on the workspace in a tenant's statements is true for all rows.

    Gives the statements that were changed.
    """
    changed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fetch", "fetch_one", "execute", "execute_many"):
            original = getattr(Session, name)

            async def opened_up(self: Session, sql: str, *args: Any, _original: Any = original) -> Any:
                if not self.scope.system:
                    wide = CONDITION.sub(r"\1::uuid IS NOT NULL", sql)
                    if wide != sql:
                        changed.append(wide)
                    sql = wide
                return await _original(self, sql, *args)

            patch.setattr(Session, name, opened_up)

        def anywhere(self: Repository, where: Where) -> None:
            where.add("{}::uuid IS NOT NULL", self.workspace_uuid)

        patch.setattr(Repository, "within", anywhere)
        yield changed


@dataclass
class Observed:
    """What left the program in other ways than as an answer."""

    logged: list[str]
    sent: list[str]


@contextlib.contextmanager
def observed(caplog: pytest.LogCaptureFixture | None = None) -> Generator[Observed]:
    """Everything that is logged, at whatever level, and every request that goes out."""
    seen = Observed([], [])

    def keep(_logger: Any, _method: str, event: Any) -> Any:
        error = event.get("exc_info")
        trace = traceback.format_exc() if error is True else ""
        seen.logged.append(f"{dict(event)!r} {trace}")
        raise structlog.DropEvent

    original = Egress._open

    def noted(self: Egress, method: str, url: Any, headers: Any, body: Any, *rest: Any, **options: Any) -> Any:
        seen.sent.append(f"{method} {url} {dict(headers or {})} {body!r}")
        return original(self, method, url, headers, body, *rest, **options)

    before = structlog.get_config()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Egress, "_open", noted)
        structlog.configure(processors=[keep], cache_logger_on_first_use=False)
        try:
            yield seen
        finally:
            structlog.configure(**before)
            if caplog is not None:
                seen.logged += caplog.messages
