"""Recalling: what an agent is told of earlier, whatever else is known, and in which words."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.embeddings import Embedder
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.memories import tasks
from athena.memories.recall import Recalled, present, prompt_text, recall
from athena.permissions import ROLE_PERMISSIONS, Role
from tests.conftest import MakeTenant, Tenant
from tests.memories.conftest import Remember, WithoutModel


def access_of(tenant: Tenant, role: Role = Role.OPERATOR) -> Access:
    """As a run has it: what is needed to answer, in the name of who started it."""
    return Access(WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, role.value, ROLE_PERMISSIONS[role])


def through_share(tenant: Tenant) -> Access:
    return Access(WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, Role.VIEWER, frozenset())


async def recalled(database: Database, access: Access, text: str, **place: Any) -> list[Recalled]:
    async with database.session(access.scope) as session:
        return await recall(session, access, text=text, **place)


async def agent_of(tenant: Tenant, name: str = "Helper") -> UUID:
    return UUID((await tenant.post("/api/v1/agents", {"name": name})).json()["data"]["uuid"])


def contents(found: list[Recalled]) -> set[str]:
    return {each.content for each in found}


async def test_what_fits_is_recalled_with_its_source(owner: Tenant, remember: Remember, database: Database) -> None:
    thread = (await owner.post("/api/v1/threads", {})).json()["data"]["uuid"]
    source = {"type": "thread", "uuid": thread, "position": 4}
    memory = await remember(owner, "Has a dog called Rex.", scope="user", source=source)
    await remember(owner, "The office is in Bonn.")
    best, *_ = await recalled(database, access_of(owner), "what is my dog's name?", user_uuid=owner.user_uuid)
    assert (str(best.uuid), best.content, best.kind) == (memory["uuid"], "Has a dog called Rex.", "fact")
    assert 0 < best.score <= 1
    untold = dict.fromkeys(("url", "title", "location", "agent_source_uuid"))
    assert best.source == {"type": "thread", "uuid": UUID(thread), "position": 4, **untold}


async def test_only_what_counts_in_the_place_is_recalled(
    make_tenant: MakeTenant, remember: Remember, database: Database, stranger: Tenant
) -> None:
    owner = await make_tenant()
    one, other = [await make_tenant(Role.OPERATOR, owner.workspace_uuid) for _ in range(2)]
    agents = [await agent_of(owner, name) for name in ("A", "B")]
    thread, elsewhere = [(await owner.post("/api/v1/threads", {})).json()["data"]["uuid"] for _ in range(2)]
    await remember(owner, "Tea is served at four.")
    await remember(one, "I like green tea.", scope="user")
    await remember(other, "I like black tea.", scope="user")
    await remember(owner, "Offer tea first.", scope="agent", agent_uuid=str(agents[0]))
    await remember(owner, "Never offer tea.", scope="agent", agent_uuid=str(agents[1]))
    await remember(owner, "Tea is off the menu here.", scope="thread", thread_uuid=thread)
    await remember(owner, "Tea is all we talk of there.", scope="thread", thread_uuid=elsewhere)
    await remember(stranger, "Tea is what the others drink.")
    place = {"agent_uuid": agents[0], "thread_uuid": UUID(thread), "user_uuid": one.user_uuid}
    found = await recalled(database, access_of(one), "tea", **place)
    assert contents(found) == {
        "Tea is served at four.",
        "I like green tea.",
        "Offer tea first.",
        "Tea is off the menu here.",
    }
    # Naming somebody else does not tell what only they should know of.
    assert "I like black tea." not in contents(
        await recalled(database, access_of(one), "tea", **{**place, "user_uuid": other.user_uuid})
    )


async def test_through_a_share_an_agent_knows_what_it_was_trained_with_and_nothing_else(
    owner: Tenant, remember: Remember, database: Database
) -> None:
    agent = await agent_of(owner)
    await remember(owner, "Refunds take a week.", scope="agent", agent_uuid=str(agent), kind="knowledge")
    await remember(owner, "Refunds are a pain, says Ann.", scope="agent", agent_uuid=str(agent))
    await remember(owner, "Refunds cost us 4,000 a month.")
    await remember(owner, "I handle refunds.", scope="user")
    place = {"agent_uuid": agent, "user_uuid": owner.user_uuid}
    assert contents(await recalled(database, through_share(owner), "refunds", **place)) == {"Refunds take a week."}
    assert len(await recalled(database, access_of(owner), "refunds", **place)) == 4


async def test_what_is_superseded_is_not_recalled(owner: Tenant, remember: Remember, database: Database) -> None:
    old = await remember(owner, "The office is in Bonn.")
    await remember(owner, "The office is in Berlin.", supersedes_uuid=old["uuid"])
    found = await recalled(database, access_of(owner), "where is the office?")
    assert contents(found) == {"The office is in Berlin."}


async def test_neither_what_was_learned_nor_what_was_told_crowds_the_other_out(
    owner: Tenant, remember: Remember, database: Database
) -> None:
    agent = await agent_of(owner)
    for n in range(8):
        await remember(owner, f"Refund rule {n}.", scope="agent", agent_uuid=str(agent), kind="knowledge")
    told = await remember(owner, "Once wanted a refund as a voucher.", scope="user")
    place = {"agent_uuid": agent, "user_uuid": owner.user_uuid}
    found = await recalled(database, access_of(owner), "refund rule", limit=4, **place)
    assert len(found) == 4
    assert told["content"] in contents(found)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert len(await recalled(database, access_of(owner), "refund rule", limit=4)) == 0


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_for_nothing_nothing_is_recalled(
    owner: Tenant, remember: Remember, database: Database, text: str
) -> None:
    await remember(owner, "Something.")
    assert await recalled(database, access_of(owner), text) == []


async def test_a_text_of_any_length_is_looked_for(owner: Tenant, remember: Remember, database: Database) -> None:
    await remember(owner, "The pump runs dry at E-7741.")
    assert await recalled(database, access_of(owner), "the pump shows E-7741 " + "and so on " * 5_000)


async def test_without_a_model_the_words_decide(owner: Tenant, remember: Remember, without_model: WithoutModel) -> None:
    await remember(owner, "The wifi is called girasol.")
    found = await recalled(without_model.database, access_of(owner), "girasol")
    assert contents(found) == {"The wifi is called girasol."}


async def test_when_the_model_takes_long_to_load_the_words_decide_in_time(
    owner: Tenant, remember: Remember, without_model: WithoutModel, tmp_path: Path
) -> None:
    loading = threading.Event()

    def weights() -> Path:
        loading.wait(30)
        return tmp_path / "model.onnx"

    embedder = Embedder(weights)
    without_model.database.provide(embedder)
    await remember(owner, "The wifi is called girasol.")
    found = await recalled(without_model.database, access_of(owner), "girasol", within=3)
    loading.set()
    embedder.close()
    assert contents(found) == {"The wifi is called girasol."}


async def test_what_takes_too_long_is_not_recalled(owner: Tenant, remember: Remember, database: Database) -> None:
    await remember(owner, "The wifi is called girasol.")
    access = access_of(owner)
    async with database.session(access.scope) as session:
        assert await recall(session, access, text="girasol", within=0.0001) == []
        # The session is as good as before.
        assert await session.value("SELECT count(*) FROM memories") == 1


async def test_uses_are_counted_later(owner: Tenant, remember: Remember, database: Database) -> None:
    memory = await remember(owner, "The wifi is called girasol.")
    path = f"/api/v1/memories/{memory['uuid']}"
    for _ in range(3):
        await recalled(database, access_of(owner), "girasol")
    await tasks.keep(database)
    used = (await owner.get(path)).json()["data"]
    assert used["used_count"] == 3
    assert used["last_used_at"] is not None
    assert used["updated_at"] == memory["updated_at"]


TEXT = st.text(min_size=1, max_size=300)


@given(st.lists(TEXT, max_size=12))
def test_every_memory_is_one_numbered_line_of_the_prompt(texts: list[str]) -> None:
    some = [Recalled(uuid4(), text, "fact", 1.0, None) for text in texts]
    lines = prompt_text(some).splitlines()
    assert [line.partition("]")[0] for line in lines[1:]] == [f"[{n}" for n in range(1, len(texts) + 1)]
    assert (not texts) == (not lines)


def test_a_prompt_stays_small(owner: Tenant) -> None:
    some = [Recalled(uuid4(), "word " * 20_000, "knowledge", 1.0, None) for _ in range(50)]
    assert len(prompt_text(some)) < 14_000


def test_a_message_keeps_what_it_was_told() -> None:
    source = {"type": "message", "uuid": uuid4(), "url": None, "position": None}
    told = Recalled(uuid4(), "Rex is a dog.", "fact", 0.98765, source)
    assert present([told]) == [
        {
            "number": 1,
            "memory_uuid": str(told.uuid),
            "kind": "fact",
            "score": 0.9877,
            "source": {**source, "uuid": str(source["uuid"])},
        }
    ]


def test_the_prompt_names_where_knowledge_stands() -> None:
    source = {"title": "hand\nbook.pdf", "location": "page 3", "type": "media"}
    told = prompt_text([Recalled(uuid4(), "Returns take a month.", "knowledge", 1.0, source)])
    assert told.splitlines()[1:] == ["[1] (knowledge, hand book.pdf, page 3) Returns take a month."]
