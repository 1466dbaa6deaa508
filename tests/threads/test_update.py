"""Update a Thread: the operation that the seed documents, field by field."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.conftest import Tenant

SEED_KEYS = ["uuid", "name", "created_at", "updated_at", "metadata", "creator", "agent", "attachments"]
NAMED = ["model", "temperature", "max_tokens", "system_prompt", "conversation_style"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def agent_of(tenant: Tenant) -> str:
    return (await tenant.post("/api/v1/agents", {"name": "Support"})).json()["data"]["uuid"]


async def thread_of(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post("/api/v1/threads", fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def test_the_documented_request_has_the_documented_answer(owner: Tenant) -> None:
    thread, agent = await thread_of(owner), await agent_of(owner)
    body = {
        "name": "Fredrick Herzog",
        "with": "creator,agent,attachments",
        "agent_uuid": agent,
        "metadata": {"model": "gpt-3.5-turbo", "property1": "one", "property2": "two"},
    }
    path = f"/api/v1/threads/{thread['uuid']}?workspace_uuid={owner.workspace_uuid}"
    answer = await owner.put(path, body, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["data"]
    data = answer.json()["data"]
    assert list(data)[: len(SEED_KEYS)] == SEED_KEYS
    assert (data["uuid"], data["name"]) == (thread["uuid"], "Fredrick Herzog")
    assert (data["created_at"], bool(TIME.fullmatch(data["updated_at"]))) == (thread["created_at"], True)
    assert data["updated_at"] > thread["updated_at"]
    assert list(data["metadata"]) == [*NAMED, "property1", "property2"]
    assert data["metadata"] == {
        "model": "gpt-3.5-turbo",
        "temperature": None,
        "max_tokens": None,
        "system_prompt": None,
        "conversation_style": None,
        "property1": "one",
        "property2": "two",
    }
    assert data["creator"]["uuid"] == str(owner.user_uuid)
    assert (data["agent"]["uuid"], data["agent"]["name"]) == (agent, "Support")
    assert data["attachments"] == []
    # Beyond the seed: the agent's id without loading it, and what section 4 of the contract adds.
    assert set(data) - set(SEED_KEYS) == {"agent_uuid", "last_message_at", "messages", "workspace"}


async def test_relations_that_are_not_asked_for_are_null(owner: Tenant) -> None:
    thread = await thread_of(owner, agent_uuid=await agent_of(owner))
    path = f"/api/v1/threads/{thread['uuid']}"
    relations = ("creator", "agent", "attachments", "messages", "workspace")
    for answer in (await owner.put(path, {"name": "New"}), await owner.get(path)):
        assert [answer.json()["data"][name] for name in relations] == [None] * 5
    for name in relations:
        for answer in (await owner.put(path, {"with": name}), await owner.get(f"{path}?with={name}")):
            shown = answer.json()["data"]
            assert [each for each in relations if shown[each] is not None] == [name]


async def test_an_unknown_relation_is_an_error_and_changes_nothing(owner: Tenant) -> None:
    thread = await thread_of(owner, name="Before")
    path = f"/api/v1/threads/{thread['uuid']}"
    for answer in (
        await owner.put(path, {"name": "After", "with": "creator,owner"}),
        await owner.get(f"{path}?with=owner"),
        await owner.get("/api/v1/threads?with=owner"),
        await owner.post("/api/v1/threads", {"with": "owner"}),
    ):
        problem = answer.json()
        assert (answer.status_code, list(problem["errors"])) == (422, ["with"])
        assert "owner" in problem["errors"]["with"][0]
    assert (await owner.get(path)).json()["data"] == thread
    assert len((await owner.get("/api/v1/threads")).json()["data"]) == 1


async def test_what_is_not_named_stays(owner: Tenant) -> None:
    agent = await agent_of(owner)
    thread = await thread_of(owner, name="Name", agent_uuid=agent, metadata={"model": "m", "colour": "red"})
    path = f"/api/v1/threads/{thread['uuid']}"
    for body in ({}, {"with": ""}, {"metadata": {}}, {"name": "Name"}):
        data = (await owner.put(path, body)).json()["data"]
        assert {**data, "updated_at": ""} == {**thread, "updated_at": ""}
    assert (await owner.put(path, {"agent_uuid": None})).json()["data"]["agent_uuid"] is None


async def test_metadata_is_merged_key_by_key_and_null_unsets(owner: Tenant) -> None:
    thread = await thread_of(owner, metadata={"model": "m", "temperature": 1, "colour": "red", "size": ""})
    path = f"/api/v1/threads/{thread['uuid']}"
    assert thread["metadata"] == {
        "model": "m",
        "temperature": 1.0,
        "max_tokens": None,
        "system_prompt": None,
        "conversation_style": None,
        "colour": "red",
        "size": "",
    }
    changes = {"temperature": None, "max_tokens": 5, "colour": None, "Größe 😀": "\u2028 x"}
    data = (await owner.put(path, {"metadata": changes})).json()["data"]
    assert data["metadata"] == {
        "model": "m",
        "temperature": None,
        "max_tokens": 5,
        "system_prompt": None,
        "conversation_style": None,
        "size": "",
        "Größe 😀": "\u2028 x",
    }
    assert (await owner.get(path)).json()["data"]["metadata"] == data["metadata"]


async def test_changes_at_the_same_time_keep_each_others_keys(owner: Tenant) -> None:
    path = f"/api/v1/threads/{(await thread_of(owner))['uuid']}"
    answers = await asyncio.gather(*(owner.put(path, {"metadata": {f"key{n}": "x"}}) for n in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    metadata = (await owner.get(path)).json()["data"]["metadata"]
    assert {key for key, value in metadata.items() if value == "x"} == {f"key{n}" for n in range(12)}


async def test_metadata_does_not_grow_without_bound(owner: Tenant) -> None:
    path = f"/api/v1/threads/{(await thread_of(owner))['uuid']}"
    assert (await owner.put(path, {"metadata": {f"a{n}": "x" for n in range(64)}})).status_code == 200
    for metadata in ({"one_more": "x"}, {f"b{n}": "x" for n in range(65)}, {"k" * 256: "x"}, {"k": "x" * 8_001}):
        answer = await owner.put(path, {"metadata": metadata})
        assert answer.status_code == 422, metadata
        assert all(key.startswith("metadata") for key in answer.json()["errors"])
    assert (await owner.put(path, {"metadata": {"a0": None, "one_more": "x"}})).status_code == 200


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": None}, "name"),
        ({"name": 1}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"agent_uuid": "x"}, "agent_uuid"),
        ({"agent_uuid": 1}, "agent_uuid"),
        ({"with": 1}, "with"),
        ({"uuid": "01980000-0000-7000-8000-000000000000"}, "uuid"),
        ({"metadata": None}, "metadata"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"temperature": "0.5"}}, "metadata.temperature"),
        ({"metadata": {"temperature": 2.1}}, "metadata.temperature"),
        ({"metadata": {"temperature": True}}, "metadata.temperature"),
        ({"metadata": {"max_tokens": 0}}, "metadata.max_tokens"),
        ({"metadata": {"max_tokens": 1.5}}, "metadata.max_tokens"),
        ({"metadata": {"max_tokens": 10**30}}, "metadata.max_tokens"),
        ({"metadata": {"model": ""}}, "metadata.model"),
        ({"metadata": {"property1": 1}}, "metadata.property1"),
        ({"metadata": {"property1": {"a": "b"}}}, "metadata.property1"),
    ],
)
async def test_what_does_not_fit_is_refused_by_its_field(owner: Tenant, body: Any, where: str) -> None:
    thread = await thread_of(owner)
    path = f"/api/v1/threads/{thread['uuid']}"
    answer = await owner.put(path, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [where])
    assert (await owner.get(path)).json()["data"] == thread


async def test_a_stale_version_is_not_overwritten(owner: Tenant) -> None:
    created = await owner.post("/api/v1/threads", {"name": "One"})
    path, first = created.headers["location"], created.headers["etag"]
    changed = await owner.put(path, {"name": "Two"}, headers={"If-Match": first})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first
    assert (await owner.get(path)).headers["etag"] == changed.headers["etag"]
    for stale in (first, '"99"', "W/" + changed.headers["etag"], "x"):
        for answer in (
            await owner.put(path, {"name": "Three", "metadata": {"model": "m"}}, headers={"If-Match": stale}),
            await owner.delete(path, headers={"If-Match": stale}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert (await owner.get(path)).json()["data"] == changed.json()["data"]
    assert (await owner.put(path, {"name": "Three"}, headers={"If-Match": "*"})).status_code == 200


async def test_agents_and_threads_of_others_do_not_exist(owner: Tenant, stranger: Tenant) -> None:
    mine, theirs = await thread_of(owner), await thread_of(stranger, name="Theirs")
    foreign = await agent_of(stranger)
    for path, body in (
        (f"/api/v1/threads/{theirs['uuid']}", {"name": "Mine"}),
        (f"/api/v1/threads/{mine['uuid']}", {"agent_uuid": foreign, "name": "New"}),
        (f"/api/v1/threads/{mine['uuid']}", {"agent_uuid": "01980000-0000-7000-8000-000000000000"}),
        (f"/api/v1/threads/{mine['uuid']}?workspace_uuid={stranger.workspace_uuid}", {"name": "New"}),
    ):
        assert (await owner.put(path, body)).status_code == 404
    assert (await owner.post("/api/v1/threads", {"agent_uuid": foreign})).status_code == 404
    assert (await owner.get("/api/v1/threads")).json()["data"] == [mine]
    assert (await stranger.get("/api/v1/threads")).json()["data"] == [theirs]
