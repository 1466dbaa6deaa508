"""Searching memories: by meaning, by words, and by both at once."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from athena.embeddings import MODEL
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.memories import tasks
from athena.memories.ranking import fuse
from athena.memories.service import MemoryService
from athena.permissions import ROLE_PERMISSIONS, Role
from tests.conftest import MakeTenant, Tenant
from tests.memories.conftest import Remember, WithoutModel, found
from tests.threads.queries import counted

CORPUS = (
    "Refunds are paid within fourteen days after the goods have come back.",
    "The warehouse in Rotterdam is closed on public holidays.",
    "Error E-7741 means that the pump has run dry.",
    "Error E-7742 means that the filter is blocked.",
    "Parcels over thirty kilograms travel by freight.",
    "The customer prefers to be called in the afternoon.",
    "Support answers e-mails from Monday to Friday.",
    "Our bicycles have a guarantee of five years on the frame.",
    "The kitchen's dishwasher needs descaling every month.",
    "Invoices can be paid by card, by transfer or in instalments.",
    "The company was founded in a garage by two sisters.",
    "La contraseña del wifi para invitados es girasol.",
)
Superuser = asyncpg.Connection


@pytest.fixture
async def library(owner: Tenant, remember: Remember) -> Tenant:
    for content in CORPUS:
        await remember(owner, content, kind="knowledge")
    return owner


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("How do I get my money back?", "Refunds"),
        ("Is the bike's frame covered if it breaks?", "guarantee"),
        ("What ways are there to settle a bill?", "Invoices"),
        ("Who started the firm?", "founded"),
        ("shipping very heavy things", "Parcels"),
        ("best time to phone", "afternoon"),
    ],
)
async def test_a_paraphrase_is_found_by_meaning(library: Tenant, query: str, expected: str) -> None:
    assert expected in (await found(library, query))[0]["content"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("E-7741", "E-7741"),
        ("e-7742", "E-7742"),
        ("what does the error E-7742 mean", "E-7742"),
        ("girasol", "girasol"),
        ("Rotterdam", "Rotterdam"),
    ],
)
async def test_an_exact_word_is_found_by_it(library: Tenant, query: str, expected: str) -> None:
    assert expected in (await found(library, query))[0]["content"]


async def test_scores_fall_from_at_most_one(library: Tenant) -> None:
    scores = [each["score"] for each in await found(library, "error of the pump")]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 1


async def test_a_search_is_filtered_and_paged(library: Tenant, remember: Remember) -> None:
    mine = await remember(library, "Wants refunds as vouchers.", kind="preference", scope="user")
    every = await found(library, "refunds", per_page=100)
    assert {mine["uuid"]} < {each["uuid"] for each in every}
    assert [each["uuid"] for each in await found(library, "refunds", kind="preference")] == [mine["uuid"]]
    assert [each["uuid"] for each in await found(library, "refunds", search="vouchers")] == [mine["uuid"]]
    pages = [await found(library, "refunds", per_page=2, page=page) for page in range(1, -(-len(every) // 2) + 1)]
    assert [each["uuid"] for page in pages for each in page] == [each["uuid"] for each in every]
    beyond = (await library.get("/api/v1/memories?query=refunds&page=1000")).json()
    assert beyond["data"] == []
    assert beyond["meta"]["total"] == len(every)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ("query=x&sort=created_at", "sort"),
        ("query=x&sort=score", "sort"),
        ("sort=-score", "sort"),
        ("sort=created_at,score", "sort"),
        ("query=x&cursor=", "cursor"),
        ("query=%20", "query"),
        ("query=" + "x" * 2001, "query"),
        ("query=a%00b", "query"),
    ],
    ids=["by time", "worst first", "score of nothing", "then score of nothing", "by cursor", "blank", "long", "nul"],
)
async def test_what_cannot_be_searched_is_refused(owner: Tenant, parameters: str, field: str) -> None:
    answer = await owner.get(f"/api/v1/memories?{parameters}")
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


async def test_the_order_by_score_can_be_named(library: Tenant) -> None:
    assert await found(library, "refunds", sort="-score") == await found(library, "refunds")


@pytest.mark.parametrize(
    "text",
    [
        "😀 🏴‍☠️ 👩‍👩‍👧",
        "שלום עולם, זה טקסט מימין לשמאל",
        "日本語の記憶です",
        "' \\ '' \\' :* & | ! <-> (",
        "<script>alert(1)</script> {{7*7}} %s $1",
        "a\u0301\u0327" * 300,
        "word " * 20_000,
        "x" * 100_000,
        "a-b-c-" * 16_000,
        " ".join(f"{n:x}" for n in range(20_000)),
        "𐐨𐐩-𐐪𐐫-" * 16_000,
    ],
    ids=["emoji", "rtl", "cjk", "quotes", "markup", "accents", "words", "one word", "hyphens", "different", "wide"],
)
async def test_every_text_is_stored_and_found(owner: Tenant, remember: Remember, text: str) -> None:
    memory = await remember(owner, text)
    assert memory["content"] == text
    assert [each["uuid"] for each in await found(owner, text[:150])] == [memory["uuid"]]


async def test_a_changed_content_is_found_by_its_new_meaning(library: Tenant, remember: Remember) -> None:
    memory = await remember(library, "The meeting is on Tuesday.")
    await library.put(f"/api/v1/memories/{memory['uuid']}", {"content": "Our cat loves tuna."})
    assert (await found(library, "what do pets eat?"))[0]["uuid"] == memory["uuid"]


async def test_a_search_takes_few_statements(library: Tenant, database: Database) -> None:
    await found(library, "refunds")
    with counted(database) as seen:
        await found(library, "refunds", **{"with": "creator"})
    assert len([each for each in seen if "memories" in each or "tsvector" in each]) == 4


def access_of(tenant: Tenant, role: Role = Role.OWNER) -> Access:
    return Access(WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, role.value, ROLE_PERMISSIONS[role])


async def test_agents_find_what_counts_in_their_place(
    make_tenant: MakeTenant, remember: Remember, database: Database
) -> None:
    owner = await make_tenant()
    member = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    agents = [(await owner.post("/api/v1/agents", {"name": name})).json()["data"]["uuid"] for name in ("A", "B")]
    everywhere = await remember(owner, "Tea is served at four.")
    mine = await remember(owner, "I like green tea.", scope="user")
    await remember(member, "I like black tea.", scope="user")
    of_agent = await remember(owner, "Offer tea first.", scope="agent", agent_uuid=agents[0])
    await remember(owner, "Never offer tea.", scope="agent", agent_uuid=agents[1])
    async with database.session(access_of(owner).scope) as session:
        service = MemoryService(session, access_of(owner))
        rows = await service.search("tea", agent_uuid=agents[0], user_uuid=owner.user_uuid)
        assert {str(row["uuid"]) for row, _ in rows} == {everywhere["uuid"], mine["uuid"], of_agent["uuid"]}
        assert [str(row["uuid"]) for row, _ in await service.search("tea at four", limit=1)] == [everywhere["uuid"]]
        await service.touch([row["uuid"] for row, _ in rows])
    used = (await owner.get(f"/api/v1/memories/{mine['uuid']}")).json()["data"]
    assert used["used_count"] == 1
    assert used["last_used_at"] is not None
    assert used["updated_at"] == mine["updated_at"]


async def test_without_the_model_words_are_searched_and_the_rest_comes_later(
    owner: Tenant, remember: Remember, without_model: WithoutModel, database: Database
) -> None:
    poor = without_model.of(owner)
    memory = await remember(poor, "Refunds are paid within fourteen days.")
    assert memory["embedding_model"] is None
    [by_words] = await found(poor, "refunds")
    assert (by_words["uuid"], by_words["score"]) == (memory["uuid"], 1.0)
    assert not await found(poor, "money back")
    await tasks.keep(without_model.database)
    assert (await owner.get(f"/api/v1/memories/{memory['uuid']}")).json()["data"]["embedding_model"] is None
    await tasks.keep(database)
    assert (await owner.get(f"/api/v1/memories/{memory['uuid']}")).json()["data"]["embedding_model"] == MODEL
    assert [each["uuid"] for each in await found(owner, "how do I get my money back")] == [memory["uuid"]]


async def test_vectors_of_a_former_model_are_made_anew_while_search_goes_on(
    owner: Tenant, remember: Remember, superuser: Superuser[asyncpg.Record], database: Database
) -> None:
    memory = await remember(owner, "Refunds are paid within fourteen days.")
    await superuser.execute("UPDATE memories SET embedding_model = 'old' WHERE uuid = $1", memory["uuid"])
    await superuser.execute("UPDATE memory_vectors SET model = 'old' WHERE memory_uuid = $1", memory["uuid"])
    assert [each["uuid"] for each in await found(owner, "refunds")] == [memory["uuid"]]
    assert not await found(owner, "money back")
    await tasks.keep(database)
    assert [each["uuid"] for each in await found(owner, "money back")] == [memory["uuid"]]


async def test_what_has_expired_is_deleted_in_the_background(
    owner: Tenant, remember: Remember, superuser: Superuser[asyncpg.Record], database: Database
) -> None:
    memory = await remember(owner, "Valid for a moment.")
    await superuser.execute("UPDATE memories SET expires_at = now() WHERE uuid = $1", memory["uuid"])
    await tasks.keep(database)
    assert await superuser.fetchval("SELECT count(*) FROM memories WHERE uuid = $1", memory["uuid"]) == 0


async def test_many_write_and_search_at_once(owner: Tenant, remember: Remember) -> None:
    await asyncio.gather(*(remember(owner, f"Shelf {n} holds box {n + 100}.") for n in range(30)))
    answers = await asyncio.gather(*(found(owner, f"shelf {n}") for n in range(30)))
    assert all(f"Shelf {n} holds" in answer[0]["content"] for n, answer in enumerate(answers))


def test_two_orders_are_fused_by_reciprocal_rank() -> None:
    fused = fuse([["a", "b", "c"], ["b", "d"]])
    assert [item for item, _ in fused] == ["b", "a", "d", "c"]
    assert fuse([["a"], ["a"]]) == [("a", 1.0)]
    assert fuse([["a", "b"]])[0] == ("a", 1.0)
    assert fuse([[], []]) == []
