"""What a workspace keeps for a time only: set with the workspace, deleted in the background, never while it works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from athena.kit import clock
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.permissions import Role
from athena.retention.repository import first_uuid
from athena.retention.tasks import delete_old
from tests.conftest import MakeTenant, Tenant
from tests.retention.conftest import Superuser

FOREVER = {"executions_days": None, "messages_days": None, "audit_events_days": None, "unused_media_days": None}
Add = Callable[..., Awaitable[UUID]]


def here(tenant: Tenant) -> str:
    return f"/api/v1/workspaces/{tenant.workspace_uuid}"


def old(days: float) -> UUID:
    """An id as it was made some days ago."""
    return UUID(int=first_uuid(clock.now() - timedelta(days=days)).int + (new_uuid().int & ((1 << 64) - 1)))


@pytest.fixture
def add(superuser: Superuser) -> Add:
    """Stores a row as it was made some days ago."""

    async def insert(table: str, tenant: Tenant, days: float, **values: Any) -> UUID:
        moment, uuid = clock.now() - timedelta(days=days), old(days)
        timed = {} if table == "audit_events" else {"updated_at": moment}
        full = {"workspace_uuid": tenant.workspace_uuid, "uuid": uuid, "created_at": moment, **timed, **values}
        names, places = ", ".join(full), ", ".join(f"${n}" for n in range(1, len(full) + 1))
        await superuser.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *full.values())
        return uuid

    return insert


async def left(superuser: Superuser, table: str, tenant: Tenant) -> set[UUID]:
    rows = await superuser.fetch(f"SELECT uuid FROM {table} WHERE workspace_uuid = $1", tenant.workspace_uuid)
    return {row["uuid"] for row in rows}


async def keep(tenant: Tenant, **days: int | None) -> None:
    answer = await tenant.put(here(tenant), {"retention": days})
    assert answer.status_code == 200, answer.text


def run(days: float, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    ended = clock.now() - timedelta(days=days) if status not in {"queued", "running"} else None
    return {"kind": "agent", "status": status, "input": "{}", "finished_at": ended, **more}


async def test_a_workspace_keeps_everything_until_it_is_told_otherwise(owner: Tenant) -> None:
    assert (await owner.get(here(owner))).json()["data"]["retention"] == FOREVER
    changed = await owner.put(here(owner), {"retention": {"messages_days": 90, "executions_days": 7}})
    assert changed.json()["data"]["retention"] == {**FOREVER, "messages_days": 90, "executions_days": 7}
    changed = await owner.put(here(owner), {"retention": {"messages_days": None}})
    assert changed.json()["data"]["retention"] == {**FOREVER, "executions_days": 7}
    made = await owner.post("/api/v1/workspaces", {"name": "Brief", "retention": {"messages_days": 1}})
    assert made.json()["data"]["retention"] == {**FOREVER, "messages_days": 1}


@pytest.mark.parametrize(
    ("retention", "path"),
    [
        ({"messages_days": 0}, "retention.messages_days"),
        ({"messages_days": -1}, "retention.messages_days"),
        ({"messages_days": 36_501}, "retention.messages_days"),
        ({"messages_days": 1.5}, "retention.messages_days"),
        ({"messages_days": "7"}, "retention.messages_days"),
        ({"everything_days": 7}, "retention.everything_days"),
        (None, "retention"),
    ],
)
async def test_what_is_no_time_to_keep_is_422(owner: Tenant, retention: Any, path: str) -> None:
    answer = await owner.put(here(owner), {"retention": retention})
    assert answer.status_code == 422
    assert path in answer.json()["errors"]


async def test_who_may_set_it(owner: Tenant, make_tenant: MakeTenant) -> None:
    builder = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    assert (await builder.put(here(owner), {"retention": {"messages_days": 1}})).status_code == 403


async def test_executions_go_after_their_time_with_their_logs(
    owner: Tenant, stranger: Tenant, add: Add, superuser: Superuser, database: Database
) -> None:
    before, after = await add("runs", owner, 8, **run(8)), await add("runs", owner, 6, **run(6))
    working = [await add("runs", owner, 8, **run(8, status)) for status in ("queued", "running")]
    late = await add("runs", owner, 8, **run(1))
    foreign = await add("runs", stranger, 8, **run(8))
    await superuser.execute(
        "INSERT INTO run_events (workspace_uuid, run_uuid, id, at, type, data, lease_number) "
        "VALUES ($1, $2, 1, now(), 'run.started', '{}', 1)",
        owner.workspace_uuid,
        before,
    )
    await delete_old(database)
    assert before in await left(superuser, "runs", owner), "nothing goes before it is set"
    await keep(owner, executions_days=7)
    await delete_old(database)
    assert await left(superuser, "runs", owner) == {after, late, *working}
    assert await left(superuser, "runs", stranger) == {foreign}
    assert await superuser.fetchval("SELECT count(*) FROM run_events WHERE run_uuid = $1", before) == 0


async def test_messages_and_quiet_threads_go_after_their_time(
    owner: Tenant, add: Add, superuser: Superuser, database: Database
) -> None:
    def thread(days: float) -> dict[str, Any]:
        return {"name": "T", "metadata": "{}", "last_message_at": clock.now() - timedelta(days=days)}

    def message(thread_uuid: UUID, **more: Any) -> dict[str, Any]:
        fixed = {"role": "user", "content": '"x"', "status": "completed", "metadata": "{}"}
        return {**fixed, "thread_uuid": thread_uuid, **more}

    quiet, lively, busy = [await add("threads", owner, 40, **thread(days)) for days in (31, 1, 31)]
    await add("runs", owner, 31, **run(0, "running", queue_key=str(busy)))
    told = await add("runs", owner, 31, **run(31, labels=f'{{"thread_uuid": "{quiet}"}}'))
    said = await add("runs", owner, 31, **run(31))
    await add("messages", owner, 31, **message(quiet))
    await add("messages", owner, 31, **message(lively, run_uuid=said))
    waiting = await add("messages", owner, 31, **message(busy))
    young = await add("messages", owner, 1, **message(lively))
    await keep(owner, messages_days=30)
    await delete_old(database)
    assert await left(superuser, "threads", owner) == {lively, busy}
    assert await left(superuser, "messages", owner) == {waiting, young}
    assert not {told, said} & await left(superuser, "runs", owner), "what was said stands in the runs' logs, too"


async def test_the_log_of_changes_goes_after_its_time(
    owner: Tenant, add: Add, superuser: Superuser, database: Database
) -> None:
    entry = {"action": "agent.created", "resource_type": "agent", "credential_kind": "token", "details": "{}"}
    before, after = [await add("audit_events", owner, days, **entry) for days in (366, 364)]
    await keep(owner, audit_events_days=365)
    await delete_old(database)
    kept = await left(superuser, "audit_events", owner)
    assert after in kept
    assert before not in kept


async def test_invitations_are_forgotten_a_month_after_their_end(
    owner: Tenant, superuser: Superuser, database: Database
) -> None:
    for email, days in (("old@example.com", 31), ("young@example.com", 29)):
        assert (await owner.post(f"{here(owner)}/invitations", {"email": email})).status_code == 201
        ended = clock.now() - timedelta(days=days)
        await superuser.execute("UPDATE invitations SET expires_at = $1 WHERE email = $2", ended, email)
    await delete_old(database)
    listed = (await owner.get(f"{here(owner)}/invitations")).json()["data"]
    assert [(each["email"], each["status"]) for each in listed] == [("young@example.com", "expired")]


async def test_files_that_nothing_uses_go_after_their_time(
    owner: Tenant, add: Add, superuser: Superuser, database: Database
) -> None:
    def file() -> dict[str, Any]:
        return {"name": "f", "mime_type": "text/plain", "size": 1, "sha256": new_uuid().hex}

    unused, attached, shown, inside = [await add("media", owner, 8, **file()) for _ in range(4)]
    young = await add("media", owner, 6, **file())
    thread = (await owner.post("/api/v1/threads", {"name": "T"})).json()["data"]["uuid"]
    message = {"thread_uuid": thread, "role": "user", "content": "See", "attachments": [{"media_uuid": str(attached)}]}
    assert (await owner.post("/api/v1/messages", message)).status_code == 201
    parts = [{"type": "text", "text": "See"}, {"type": "image", "media_uuid": str(inside)}]
    made = await owner.post("/api/v1/messages", {"thread_uuid": thread, "role": "user", "content": parts})
    assert made.status_code == 201, made.text
    agent = (await owner.post("/api/v1/agents", {"name": "A"})).json()["data"]["uuid"]
    await superuser.execute("UPDATE agents SET avatar_uuid = $1 WHERE uuid = $2", shown, UUID(agent))
    await keep(owner, unused_media_days=7)
    await delete_old(database)
    assert await left(superuser, "media", owner) == {attached, shown, inside, young}
    assert unused not in await left(superuser, "media", owner)


async def test_the_longest_time_is_kept_to_and_keeps_no_other_workspace_from_its_own(
    owner: Tenant, stranger: Tenant, database: Database, superuser: Superuser, add: Add
) -> None:
    first, second = sorted((owner, stranger), key=lambda tenant: str(tenant.workspace_uuid))
    for patient, hasty in ((first, second), (second, first)):
        await keep(patient, executions_days=36_500, messages_days=36_500, audit_events_days=36_500)
        await keep(hasty, executions_days=7, messages_days=None, audit_events_days=None)
        kept, gone = await add("runs", patient, 8, **run(8)), await add("runs", hasty, 8, **run(8))
        await delete_old(database)
        assert kept in await left(superuser, "runs", patient)
        assert gone not in await left(superuser, "runs", hasty)
