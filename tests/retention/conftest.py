"""A workspace full of one word, and a search for it in everything that is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from athena.config import Settings
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.retention.tasks import reach_leftovers
from tests.conftest import Connect, Tenant
from tests.providers.conftest import built_in

__all__ = ["built_in"]
Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
POSTGRES = "postgres"


@dataclass(frozen=True)
class Filled:
    """What was said where."""

    word: str
    thread: str
    message: str
    run: str
    media: str


Fill = Callable[[Tenant], Awaitable[Filled]]
Search = Callable[[str], Awaitable[set[str]]]


@pytest.fixture
def fill(connect: Connect) -> Fill:
    """Puts one word into every text of a workspace, and has a model say it."""

    async def made(tenant: Tenant, path: str, body: dict[str, Any]) -> str:
        answer = await tenant.post(path, body)
        assert answer.status_code in {200, 201}, (path, answer.text)
        return answer.json()["data"]["uuid"]

    async def ask(tenant: Tenant, word: str) -> None:
        """Has a workflow ask something, and answers it."""
        data = {"title": word, "message": word}
        nodes = [{"id": "start", "type": "manual_trigger"}, {"id": "ask", "type": "approval", "data": data}]
        edges = [{"source": "start", "target": "ask"}]
        workflow = await made(tenant, "/api/v1/workflows", {"name": word, "nodes": nodes, "edges": edges})
        run = (await tenant.post(f"/api/v1/workflows/{workflow}/run", {"background": True})).json()["data"]["uuid"]
        async with asyncio.timeout(10):
            while not (await tenant.get(f"/api/v1/approvals?run_uuid={run}")).json()["data"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await made(tenant, f"/api/v1/runs/{run}/approve", {"decision": "approved", "comment": word})
        async with asyncio.timeout(10):
            while not (await tenant.get(f"/api/v1/runs/{run}")).json()["data"]["finished_at"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def fill_workspace(tenant: Tenant) -> Filled:
        word = f"canary{new_uuid().hex}"
        account = await connect(tenant)
        upload = await tenant.post("/api/v1/media", files={"file": (f"{word}.txt", f"All of {word}".encode())})
        media = upload.json()["data"]["uuid"]
        about: dict[str, Any] = {"name": word, "description": word, "system_prompt": word, "tags": [word]}
        agent = await made(tenant, "/api/v1/agents", {**about, "account_uuid": str(account), "model": "mock"})
        await made(tenant, "/api/v1/prompts", {"name": word, "description": word, "content": word})
        await made(tenant, "/api/v1/variables", {"name": word, "description": word, "value": [word]})
        await ask(tenant, word)
        metadata = {"metadata": {"mark": word}}
        thread = await made(tenant, "/api/v1/threads", {"name": word, "agent_uuid": agent, **metadata})
        question = {"content": f"[[say:I heard {word}]]", "attachments": [{"media_uuid": media, "name": word}]}
        run = await made(tenant, f"/api/v1/threads/{thread}/run", {"message": question})
        listed = (await tenant.get(f"/api/v1/messages?thread_uuid={thread}&role=assistant")).json()["data"]
        assert word in listed[0]["content"]
        message = listed[0]["uuid"]
        alone = {"input": f"[[say:I heard {word}]]"}
        await made(tenant, f"/api/v1/agents/{agent}/run", alone)
        for source in ({"type": "message", "uuid": message}, {"type": "text"}):
            await made(tenant, "/api/v1/memories", {"content": word, "source": source})
        await tenant.put(f"/api/v1/workspaces/{tenant.workspace_uuid}", {"description": word, "settings": {"x": word}})
        return Filled(word, thread, message, run, media)

    return fill_workspace


@pytest.fixture
def search(superuser: Superuser, settings: Settings) -> Search:
    """The tables and files that hold a text."""

    async def look(text: str) -> set[str]:
        found: set[str] = set()
        names = await superuser.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        for name in (row["relname"] for row in names):
            if await superuser.fetchval(f"SELECT EXISTS (SELECT FROM {name} AS r WHERE r::text ILIKE $1)", f"%{text}%"):
                found.add(name)
        found |= {path.name for path in _files(settings.data_dir) if text.encode() in path.read_bytes()}
        return found

    return look


def _files(folder: Path) -> list[Path]:
    """All files but the database's own, whose pages keep what was deleted until they are cleaned."""
    return [path for path in folder.rglob("*") if path.is_file() and POSTGRES not in path.relative_to(folder).parts[0]]


@pytest.fixture
def sweep(database: Database) -> Callable[[], Awaitable[None]]:
    """Does at once what the chore does every few seconds, also for runs that have only just ended."""

    async def work() -> None:
        async with database.system() as session:
            await session.execute("UPDATE runs SET finished_at = finished_at - interval '1 minute'")
        await reach_leftovers(database)

    return work
