"""What can be named as a model, and what it means in numbers."""

from __future__ import annotations

import base64
import struct
from typing import Any, cast

import pytest
from openai import AsyncOpenAI, NotFoundError

from athena.dialects.repository import NamedRepository
from athena.embeddings import MODEL as EMBEDDING_MODEL
from athena.kit.access import WorkspaceId
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.dialects.conftest import HELLO, client_of, workflow
from tests.runs.conftest import Scene


async def test_agents_active_workflows_and_models_are_listed(offered: Scene, openai: AsyncOpenAI) -> None:
    agent = await offered.agent(name="Bike Shop")
    active = await workflow(offered.tenant)
    draft = await workflow(offered.tenant, name="Draft", status="draft")
    scheduled = {"nodes": [{"id": "t", "type": "webhook_trigger"}], "edges": []}
    uncallable = await workflow(offered.tenant, name="Hook", **scheduled)
    listed = {each.id: each for each in (await openai.models.list()).data}
    assert {agent["uuid"], active["uuid"], "small"} <= set(listed)
    assert not {draft["uuid"], uncallable["uuid"]} & set(listed)
    assert (listed[agent["uuid"]].owned_by, listed[active["uuid"]].owned_by) == ("agent", "workflow")
    for name in (agent["uuid"], "bike-shop"):
        assert (await openai.models.retrieve(name)).id == agent["uuid"]
    assert (await openai.models.retrieve("small")).id == "small"


class Explaining:
    """A session that tells how a statement would be done."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        return await self._session.fetch(f"EXPLAIN {sql}", *args)


async def test_a_name_is_looked_up_and_not_searched_for(owner: Tenant, database: Database) -> None:
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await session.execute("SET LOCAL enable_seqscan = off")
        # Empty copies, which are found first: what the tests before have left in the tables decides nothing.
        for table in ("agents", "workflows"):
            await session.execute(f"CREATE TEMP TABLE {table} (LIKE {table} INCLUDING INDEXES) ON COMMIT DROP")
        repository = NamedRepository(cast("Any", Explaining(session)), WorkspaceId(owner.workspace_uuid), None)
        plan = "\n".join(row[0] for row in await repository.by_slug("bike-shop"))
    for table in ("agents", "workflows"):
        assert f"{table}_workspace_uuid_slug_uuid_idx" in plan
    assert plan.count("(slug = 'bike-shop'::text)") == plan.count("Index Cond") == 2


async def test_a_slug_that_two_have_names_neither(offered: Scene, openai: AsyncOpenAI) -> None:
    for name in ("Bike Shop", "Bike  shop!"):
        await offered.agent(name=name)
    for call in (
        openai.models.retrieve("bike-shop"),
        openai.chat.completions.create(model="bike-shop", messages=HELLO),
    ):
        with pytest.raises(NotFoundError, match="name one by its uuid"):
            await call


async def test_what_is_anothers_is_as_unknown_as_what_never_was(
    offered: Scene, stranger: Tenant, server_url: str
) -> None:
    agent = await offered.agent(name="Secret agent")
    made = await workflow(offered.tenant, name="Secret workflow")
    thread = await offered.thread(agent)
    async with client_of(stranger, server_url) as client:
        assert not {agent["uuid"], made["uuid"], "small"} & {each.id for each in (await client.models.list()).data}
        told: dict[str, set[str]] = {"get": set(), "run": set()}
        for name in (agent["uuid"], made["uuid"], "secret-agent", "secret-workflow", "small", str(new_uuid())):
            with pytest.raises(NotFoundError) as got:
                await client.models.retrieve(name)
            with pytest.raises(NotFoundError) as run:
                await client.chat.completions.create(model=name, messages=HELLO)
            told["get"].add(got.value.message.replace(name, "NAME"))
            told["run"].add(run.value.message.replace(name, "NAME"))
        assert {key: len(value) for key, value in told.items()} == {"get": 1, "run": 1}
        own = (await stranger.post("/api/v1/agents", {"name": "Own", "model": "small"})).json()["data"]
        answers = set[str]()
        for foreign in (thread, str(new_uuid())):
            with pytest.raises(NotFoundError) as caught:
                await client.chat.completions.create(
                    model=own["uuid"], messages=HELLO, metadata={"thread_uuid": foreign}
                )
            answers.add(caught.value.message)
        assert len(answers) == 1
    assert await offered.messages(thread) == []


async def test_a_token_sees_no_more_than_its_scopes(offered: Scene, make_tenant: MakeTenant, server_url: str) -> None:
    agent = await offered.agent()
    await workflow(offered.tenant)
    scopes = ["large_language_models.view"]
    narrowed = await make_tenant(workspace_uuid=offered.tenant.workspace_uuid, scopes=scopes)
    async with client_of(narrowed, server_url) as client:
        assert {each.owned_by for each in (await client.models.list()).data} & {"agent", "workflow"} == set()
        with pytest.raises(NotFoundError):
            await client.models.retrieve(agent["uuid"])


async def test_texts_are_embedded_as_numbers_and_as_base64(owner: Tenant, openai: AsyncOpenAI) -> None:
    body = {"model": EMBEDDING_MODEL, "input": ["gravel tyres", "tyres for gravel", "income tax"]}
    numbers = (await owner.post("/v1/embeddings", body)).json()
    assert numbers["object"] == "list"
    vectors = [each["embedding"] for each in numbers["data"]]
    assert [len(each) for each in vectors] == [384] * 3
    near, far = (sum(a * b for a, b in zip(vectors[0], each, strict=True)) for each in vectors[1:])
    assert near > far
    encoded = (await owner.post("/v1/embeddings", {**body, "encoding_format": "base64"})).json()["data"][0]
    assert struct.unpack("<384f", base64.b64decode(encoded["embedding"])) == pytest.approx(vectors[0])
    answer = await openai.embeddings.create(model=EMBEDDING_MODEL, input="gravel tyres")
    assert answer.data[0].embedding == pytest.approx(vectors[0], abs=1e-3)
    assert answer.usage.total_tokens > 0
    with pytest.raises(NotFoundError, match=EMBEDDING_MODEL):
        await openai.embeddings.create(model="text-embedding-3-small", input="gravel tyres")


async def test_another_members_private_agent_is_as_unknown_as_none(
    offered: Scene, make_tenant: MakeTenant, server_url: str
) -> None:
    await offered.agent(name="Diary", visibility="private")
    named_as_the_model = await offered.agent(name="Small", visibility="private")
    other = await make_tenant(Role.BUILDER, offered.tenant.workspace_uuid)
    async with client_of(other, server_url) as client:
        assert "agent" not in {each.owned_by for each in (await client.models.list()).data}
        for name in (named_as_the_model["uuid"], "diary"):
            with pytest.raises(NotFoundError):
                await client.models.retrieve(name)
        assert (await client.models.retrieve("small")).owned_by != "agent"
        assert (await client.chat.completions.create(model="small", messages=HELLO)).choices


async def test_many_texts_are_embedded_in_one_request(owner: Tenant) -> None:
    texts = [f"word {number}" for number in range(600)]
    answer = await owner.post("/v1/embeddings", {"model": EMBEDDING_MODEL, "input": texts})
    assert answer.status_code == 200, answer.text
    assert [each["index"] for each in answer.json()["data"]] == list(range(600))
