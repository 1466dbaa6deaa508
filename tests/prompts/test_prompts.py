"""Prompts are made, listed, changed, kept in versions, restored and deleted."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant

PATH = "/api/v1/prompts"


async def make(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {"name": "Summary", "content": "Summarise: {{text}}", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def numbers(tenant: Tenant, prompt: dict[str, Any]) -> list[int]:
    return [each["number"] for each in (await tenant.get(f"{PATH}/{prompt['uuid']}/versions")).json()["data"]]


async def test_a_prompt_is_kept_as_it_was_given(owner: Tenant) -> None:
    given = {
        "name": "Letter",
        "description": "Writes letters.",
        "content": "Write {{count}} {{tone}} letters to {{name}}.",
        "variables": [
            {"name": "count", "type": "integer", "default": 1, "description": "How many."},
            {"name": "tone", "type": "enum", "options": ["warm", "cold"], "required": True},
        ],
        "model": "gpt-4o-mini",
        "metadata": {"temperature": 0.5, "team": "blue"},
        "tags": ["letters"],
        "with": "creator,versions",
    }
    created = await owner.post(PATH, given)
    assert created.status_code == 201
    data = created.json()["data"]
    assert created.headers["location"] == f"{PATH}/{data['uuid']}"
    for key in ("name", "description", "content", "model", "tags"):
        assert data[key] == given[key]
    assert data["variables"] == [
        {
            "name": "count",
            "type": "integer",
            "description": "How many.",
            "required": False,
            "default": 1,
            "options": None,
        },
        {
            "name": "tone",
            "type": "enum",
            "description": "",
            "required": True,
            "default": None,
            "options": ["warm", "cold"],
        },
        {"name": "name", "type": "string", "description": "", "required": True, "default": None, "options": None},
    ]
    assert (data["metadata"]["temperature"], data["metadata"]["team"]) == (0.5, "blue")
    assert (data["version"], data["creator"]["uuid"]) == (1, str(owner.user_uuid))
    assert [each["number"] for each in data["versions"]] == [1]
    shown = await owner.get(created.headers["location"])
    assert shown.headers["etag"] == created.headers["etag"]
    assert shown.json()["data"] == {**data, "creator": None, "versions": None}


async def test_what_a_prompt_says_is_kept_in_versions(owner: Tenant) -> None:
    prompt = await make(owner)
    path = f"{PATH}/{prompt['uuid']}"
    renamed = (await owner.put(path, {"name": "New", "tags": ["x"], "content": prompt["content"]})).json()["data"]
    assert (renamed["name"], renamed["version"]) == ("New", 1)
    second = (await owner.put(path, {"content": "Say {{text}} in {{language}}."})).json()["data"]
    assert (second["version"], [each["name"] for each in second["variables"]]) == (2, ["text", "language"])
    third = (await owner.put(path, {"metadata": {"temperature": 0}, "model": "small"})).json()["data"]
    assert third["version"] == 3
    assert await numbers(owner, prompt) == [3, 2, 1]
    first = (await owner.get(f"{path}/versions/1?with=creator")).json()["data"]
    assert (first["content"], first["model"], first["number"]) == ("Summarise: {{text}}", None, 1)
    assert (first["prompt_uuid"], first["creator"]["uuid"]) == (prompt["uuid"], str(owner.user_uuid))


async def test_an_old_version_is_restored_as_a_new_one(owner: Tenant) -> None:
    prompt = await make(owner, model="one")
    path = f"{PATH}/{prompt['uuid']}"
    await owner.put(path, {"content": "Other.", "model": "two", "name": "Renamed"})
    restored = await owner.post(f"{path}/versions/1/restore")
    assert restored.status_code == 200
    data = restored.json()["data"]
    assert (data["content"], data["variables"], data["model"]) == (prompt["content"], prompt["variables"], "one")
    assert (data["name"], data["version"]) == ("Renamed", 3)
    assert await numbers(owner, prompt) == [3, 2, 1]
    again = (await owner.post(f"{path}/versions/3/restore")).json()["data"]
    assert again["version"] == 3
    assert (await owner.post(f"{path}/versions/9/restore")).status_code == 404
    missing = await owner.post(f"{path}/run", {"version": 9})
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no such version of this prompt.")
    assert (await owner.get(f"{path}/versions/0")).status_code == 422
    stale = await owner.post(f"{path}/versions/2/restore", headers={"If-Match": '"1"'})
    assert stale.status_code == 412


async def test_variables_follow_the_content(owner: Tenant) -> None:
    prompt = await make(owner, content="{{a}} {{b}}", variables=[{"name": "a", "type": "number"}])
    path = f"{PATH}/{prompt['uuid']}"
    changed = (await owner.put(path, {"content": "{{a}} {{c}}"})).json()["data"]
    assert [(each["name"], each["type"]) for each in changed["variables"]] == [("a", "number"), ("c", "string")]
    declared = (await owner.put(path, {"variables": [{"name": "unused", "type": "boolean"}]})).json()["data"]
    assert [each["name"] for each in declared["variables"]] == ["unused", "a", "c"]


async def test_changes_at_the_same_time_are_each_a_version(owner: Tenant) -> None:
    prompt = await make(owner)
    path = f"{PATH}/{prompt['uuid']}"
    answers = await asyncio.gather(*(owner.put(path, {"content": f"Number {n}."}) for n in range(8)))
    assert sorted(answer.json()["data"]["version"] for answer in answers) == list(range(2, 10))
    assert await numbers(owner, prompt) == list(range(9, 0, -1))


async def test_a_stale_version_is_not_overwritten(owner: Tenant) -> None:
    created = await owner.post(PATH, {"name": "One", "content": "x"})
    path, first = created.headers["location"], {"If-Match": created.headers["etag"]}
    assert (await owner.put(path, {"content": "y"}, headers=first)).status_code == 200
    for stale in (await owner.put(path, {"content": "z"}, headers=first), await owner.delete(path, headers=first)):
        assert stale.status_code == 412
    assert (await owner.get(path)).json()["data"]["content"] == "y"


async def test_the_list_is_searched_filtered_and_sorted(owner: Tenant) -> None:
    one = await make(owner, name="Beta", content="apples", tags=["fruit", "x"], model="m")
    two = await make(owner, name="Alpha", content="pears", tags=["fruit"])

    async def found(query: str) -> list[str]:
        answer = await owner.get(f"{PATH}?{query}")
        assert answer.status_code == 200, answer.text
        return [each["uuid"] for each in answer.json()["data"]]

    assert await found("") == [two["uuid"], one["uuid"]]
    assert await found("sort=name") == [two["uuid"], one["uuid"]]
    assert await found("search=apple") == [one["uuid"]]
    assert await found("tag=x") == [one["uuid"]]
    assert await found("tag=fruit&model=m") == [one["uuid"]]
    assert await found(f"creator_uuid={owner.user_uuid}&cursor=") == [two["uuid"], one["uuid"]]
    assert (await owner.get(f"{PATH}?colour=red")).status_code == 422


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "A"}, "content"),
        ({"name": "A", "content": " "}, "content"),
        ({"name": "A", "content": "{{first name}}"}, "content"),
        ({"name": "A", "content": "x", "variables": [{"name": "first name"}]}, "variables.0.name"),
        ({"name": "A", "content": "x", "variables": [{"name": "a", "type": "date"}]}, "variables.0.type"),
        (
            {"name": "A", "content": "x", "variables": [{"name": "a", "type": "array", "default": {}}]},
            "variables.0.default",
        ),
        ({"name": "A", "content": "x", "metadata": {"temperature": 9}}, "metadata.temperature"),
        ({"name": "A", "content": "x", "account_uuid": None}, "account_uuid"),
    ],
    ids=["no content", "blank", "no name", "bad name", "bad type", "bad default", "bad parameter", "unknown field"],
)
async def test_bad_input_is_told_where_it_is(owner: Tenant, body: dict[str, Any], path: str) -> None:
    answer = await owner.post(PATH, body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [path]


async def test_a_deleted_prompt_is_gone_with_its_versions(owner: Tenant) -> None:
    prompt = await make(owner)
    assert (await owner.delete(f"{PATH}/{prompt['uuid']}")).status_code == 204
    for rest in ("", "/versions", "/versions/1"):
        assert (await owner.get(f"{PATH}/{prompt['uuid']}{rest}")).status_code == 404


async def test_what_a_stranger_asks_for_is_not_there(owner: Tenant, stranger: Tenant) -> None:
    prompt = await make(owner)

    async def asked(uuid: str) -> list[tuple[int, str]]:
        path = f"{PATH}/{uuid}"
        answers = [
            await stranger.get(path),
            await stranger.put(path, {"name": "Mine"}),
            await stranger.delete(path),
            await stranger.get(f"{path}/versions"),
            await stranger.get(f"{path}/versions/1"),
            await stranger.post(f"{path}/versions/1/restore"),
            await stranger.post(f"{path}/run", {"variables": {"text": "x"}}),
        ]
        return [(answer.status_code, answer.json()["detail"]) for answer in answers]

    there, nowhere = await asked(prompt["uuid"]), await asked(str(uuid4()))
    assert there == nowhere
    assert {status for status, _ in there} == {404}
    assert (await stranger.get(PATH)).json()["data"] == []


async def test_roles_may_what_they_may(owner: Tenant, make_tenant: MakeTenant) -> None:
    prompt = await make(owner)
    path = f"{PATH}/{prompt['uuid']}"
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    assert (await viewer.get(path)).status_code == 200
    for answer, missing in (
        (await viewer.post(f"{path}/run", {"variables": {"text": "x"}}), "prompts.run"),
        (await operator.post(PATH, {"name": "A", "content": "x"}), "prompts.create"),
        (await operator.put(path, {"name": "A"}), "prompts.update"),
        (await operator.post(f"{path}/versions/1/restore"), "prompts.update"),
        (await operator.delete(path), "prompts.delete"),
    ):
        assert answer.status_code == 403
        assert missing in answer.json()["detail"]
