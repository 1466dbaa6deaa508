"""Channels lead to versions of agents and prompts: to one, or in parts to two, and each thread keeps its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.agents.service import AgentService
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.versions import share
from athena.permissions import Role
from athena.prompts.service import PromptService
from tests.conftest import MakeTenant, Tenant

AGENTS, PROMPTS = "/api/v1/agents", "/api/v1/prompts"
KINDS = {AGENTS: ({"name": "Agent"}, "system_prompt"), PROMPTS: ({"name": "Prompt", "content": "1"}, "content")}


async def make(tenant: Tenant, kind: str = AGENTS, versions: int = 3) -> str:
    """The path of something whose text is the number of its version."""
    fields, text = KINDS[kind]
    made = await tenant.post(kind, {**fields, text: "1"})
    path = f"{kind}/{made.json()['data']['uuid']}"
    for number in range(2, versions + 1):
        await tenant.put(path, {text: str(number)})
    return path


@pytest.mark.parametrize("kind", KINDS)
async def test_a_channel_leads_where_it_is_told(owner: Tenant, kind: str) -> None:
    path = await make(owner, kind)
    made = await owner.put(f"{path}/channels/production", {"version": 2})
    assert made.status_code == 200, made.text
    told = made.json()["data"]
    assert (told["name"], told["version"], told["split"]) == ("production", 2, None)
    split = {"version": 3, "weight": 0.1}
    changed = await owner.put(
        f"{path}/channels/production", {"split": split}, headers={"If-Match": made.headers["etag"]}
    )
    assert (changed.json()["data"]["version"], changed.json()["data"]["split"]) == (2, split)
    stale = await owner.put(f"{path}/channels/production", {"split": None}, headers={"If-Match": made.headers["etag"]})
    assert stale.status_code == 412
    await owner.put(f"{path}/channels/beta-2", {"version": 3})
    listed = (await owner.get(f"{path}/channels")).json()["data"]
    assert [(each["name"], each["version"]) for each in listed] == [("beta-2", 3), ("production", 2)]
    assert (await owner.get(f"{path}/channels/production")).json()["data"] == changed.json()["data"]
    assert (await owner.delete(f"{path}/channels/production")).status_code == 204
    assert (await owner.get(f"{path}/channels/production")).status_code == 404
    assert (await owner.delete(f"{path}/channels/production")).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
async def test_draft_is_always_the_newest(owner: Tenant, kind: str) -> None:
    path = await make(owner, kind, versions=2)
    draft = await owner.get(f"{path}/channels/draft")
    assert (draft.json()["data"]["version"], draft.json()["data"]["split"]) == (2, None)
    for answer in (
        await owner.put(f"{path}/channels/draft", {"version": 1}),
        await owner.delete(f"{path}/channels/draft"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ({}, 422, "version"),
        ({"split": {"version": 1, "weight": 0.5}}, 422, "version"),
        ({"version": 2, "split": {"version": 2, "weight": 0.5}}, 422, "split.version"),
        ({"version": 2, "split": {"version": 1, "weight": 0}}, 422, "split.weight"),
        ({"version": 2, "split": {"version": 1, "weight": 1}}, 422, "split.weight"),
        ({"version": 0}, 422, "version"),
        ({"version": 9}, 404, None),
        ({"version": 1, "split": {"version": 9, "weight": 0.5}}, 404, None),
    ],
)
async def test_a_channel_that_leads_nowhere_is_refused(
    owner: Tenant, body: dict[str, Any], status: int, place: str | None
) -> None:
    path = await make(owner, versions=2)
    answer = await owner.put(f"{path}/channels/staging", body)
    assert answer.status_code == status
    assert place is None or place in answer.json()["errors"]
    assert (await owner.get(f"{path}/channels")).json()["data"] == []
    assert (await owner.put(f"{path}/channels/Not-a-name", {"version": 1})).status_code == 422
    early = await owner.put(f"{path}/channels/staging", {"version": 1}, headers={"If-Match": '"1"'})
    assert early.status_code == 412


def access(tenant: Tenant) -> Access:
    return Access(WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, Role.OWNER, frozenset())


Asked = dict[str, Any]


async def answered(session: Session, tenant: Tenant, path: str, **asked: Any) -> tuple[str, int]:
    """The text that answers, and the number of its version."""
    kind, uuid = path.rsplit("/", 1)
    service: Any = (AgentService if kind == AGENTS else PromptService)(session, access(tenant))
    row: Row = await service.get(UUID(uuid))
    says, number = await service.definition(row, **{"sticky": new_uuid(), **asked})
    assert (says["uuid"], says["version"]) == (UUID(uuid), number)
    return says[KINDS[kind][1]], number


@pytest.mark.parametrize("kind", KINDS)
async def test_who_runs_it_may_ask_for_a_version_or_a_channel(owner: Tenant, database: Database, kind: str) -> None:
    path = await make(owner, kind)
    await owner.put(f"{path}/channels/production", {"version": 2})
    async with database.session(access(owner).scope) as session:
        assert await answered(session, owner, path) == ("3", 3)
        assert await answered(session, owner, path, version=1) == ("1", 1)
        assert await answered(session, owner, path, version=3) == ("3", 3)
        assert await answered(session, owner, path, channel="production") == ("2", 2)
        assert await answered(session, owner, path, channel="draft") == ("3", 3)
        for asked in ({"version": 9}, {"channel": "staging"}):
            with pytest.raises(NotFound):
                await answered(session, owner, path, **asked)
        with pytest.raises(ValidationFailed):
            await answered(session, owner, path, version=1, channel="production")


async def test_a_split_gives_each_thread_one_version_for_good(owner: Tenant, database: Database) -> None:
    path = await make(owner)
    threads = [new_uuid() for _ in range(60)]

    async def versions() -> list[int]:
        async with database.session(access(owner).scope) as session:
            asked = [{"channel": "production", "sticky": thread} for thread in threads]
            return [(await answered(session, owner, path, **each))[1] for each in asked]

    await owner.put(f"{path}/channels/production", {"version": 1, "split": {"version": 2, "weight": 0.3}})
    before = await versions()
    assert set(before) == {1, 2}
    assert before == await versions()
    await owner.put(f"{path}/channels/production", {"split": {"version": 2, "weight": 0.7}})
    after = await versions()
    assert after.count(2) > before.count(2)
    assert all(now == 2 for now, then in zip(after, before, strict=True) if then == 2)


@given(st.uuids(), st.uuids())
def test_a_share_lies_between_nothing_and_all(agent: UUID, thread: UUID) -> None:
    assert 0 <= share(agent, thread) < 1
    assert share(agent, thread) == share(agent, thread)


def test_shares_are_spread_evenly_and_anew_for_each_agent() -> None:
    first, second = UUID(int=1), UUID(int=2)
    threads = [UUID(int=n) for n in range(4_000)]
    assert abs(sum(share(first, each) < 0.1 for each in threads) / len(threads) - 0.1) < 0.02
    both = sum(share(first, each) < 0.5 and share(second, each) < 0.5 for each in threads)
    assert abs(both / len(threads) - 0.25) < 0.03


async def test_channels_are_the_workspaces_own(owner: Tenant, stranger: Tenant, make_tenant: MakeTenant) -> None:
    path = await make(owner)
    await owner.put(f"{path}/channels/production", {"version": 1})
    for answer in (
        await stranger.get(f"{path}/channels"),
        await stranger.get(f"{path}/channels/production"),
        await stranger.put(f"{path}/channels/production", {"version": 2}),
        await stranger.delete(f"{path}/channels/production"),
    ):
        assert answer.status_code == 404
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    assert (await operator.get(f"{path}/channels/production")).status_code == 200
    assert (await operator.put(f"{path}/channels/production", {"version": 2})).status_code == 403


async def test_what_is_published_is_in_the_log(owner: Tenant) -> None:
    path = await make(owner)
    await owner.put(f"{path}/channels/production", {"version": 1})
    await owner.put(f"{path}/channels/production", {"version": 2})
    await owner.delete(f"{path}/channels/production")
    told = (await owner.get("/api/v1/audit-events?resource_type=agent_channel&sort=created_at")).json()["data"]
    assert [each["action"] for each in told] == [
        "agent_channel.created",
        "agent_channel.updated",
        "agent_channel.deleted",
    ]
