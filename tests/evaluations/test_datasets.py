"""Datasets hold inputs with what is expected of their answers."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from athena.evaluations import datasets
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant

PATH = "/api/v1/datasets"
ITEM = {"input": "Capital of France?", "expectations": [{"type": "contains", "value": "Paris"}]}


async def make(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {"name": "Capitals", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def test_a_dataset_is_kept_with_its_items(owner: Tenant) -> None:
    schema = {"type": "object", "required": ["city"]}
    expectations = [
        {"type": "exact", "value": "Paris", "case_sensitive": False, "weight": 2.0},
        {"type": "regex", "pattern": "(?i)paris"},
        {"type": "json_schema", "schema": schema},
        {"type": "judge", "criteria": "Is it kind?", "model": "gpt-4o-mini"},
    ]
    made = await make(owner, items=[ITEM, {"input": "And of Italy?", "expectations": expectations}])
    assert (made["name"], made["description"], made["items_count"]) == ("Capitals", "", 2)
    path = f"{PATH}/{made['uuid']}"
    shown = (await owner.get(f"{path}?with=creator")).json()["data"]
    assert shown["creator"]["uuid"] == str(owner.user_uuid)
    first, second = (await owner.get(f"{path}/items")).json()["data"]
    assert first["messages"] == [{"role": "user", "content": "Capital of France?"}]
    assert first["expectations"] == [{"type": "contains", "value": "Paris", "case_sensitive": True, "weight": 1.0}]
    assert [each["type"] for each in second["expectations"]] == ["exact", "regex", "json_schema", "judge"]
    assert second["expectations"][2] == {"type": "json_schema", "schema": schema, "weight": 1.0}
    assert (await owner.get(f"{path}/items/{second['uuid']}")).json()["data"] == second
    assert (await owner.get(f"{path}/items?search=Italy")).json()["data"] == [second]


async def test_items_are_added_changed_and_deleted(owner: Tenant) -> None:
    path = f"{PATH}/{(await make(owner))['uuid']}"
    added = await owner.post(f"{path}/items", ITEM)
    assert added.status_code == 201
    item = added.headers["location"]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Peru?"}]
    changed = await owner.put(item, {"messages": messages}, headers={"If-Match": added.headers["etag"]})
    assert (changed.json()["data"]["messages"], changed.status_code) == (messages, 200)
    assert changed.json()["data"]["expectations"] == added.json()["data"]["expectations"]
    stale = {"If-Match": added.headers["etag"]}
    assert (await owner.put(item, {"messages": messages}, headers=stale)).status_code == 412
    assert (await owner.get(path)).json()["data"]["items_count"] == 1
    assert (await owner.delete(item)).status_code == 204
    assert (await owner.get(item)).status_code == 404
    told = (await owner.get("/api/v1/audit-events?resource_type=dataset&sort=created_at")).json()["data"]
    assert [each["action"] for each in told] == ["dataset.created", *["dataset.updated"] * 3]


async def test_a_dataset_is_changed_and_goes_with_its_items(owner: Tenant) -> None:
    path = f"{PATH}/{(await make(owner, items=[ITEM]))['uuid']}"
    changed = (await owner.put(path, {"description": "Of Europe."})).json()["data"]
    assert (changed["name"], changed["description"], changed["items_count"]) == ("Capitals", "Of Europe.", 1)
    for query, found in (("search=europe", [changed["uuid"]]), ("search=asia", []), ("sort=name", [changed["uuid"]])):
        assert [each["uuid"] for each in (await owner.get(f"{PATH}?{query}")).json()["data"]] == found
    assert (await owner.delete(path)).status_code == 204
    for rest in ("", "/items", f"/items/{uuid4()}"):
        assert (await owner.get(path + rest)).status_code == 404


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"input": " "}, "input"),
        ({"input": None}, "body"),
        ({"messages": [{"role": "user", "content": "x"}]}, "body"),
        ({"expectations": []}, "expectations"),
        ({"expectations": [{"type": "magic"}]}, "expectations.0"),
        ({"expectations": [{"type": "exact", "value": ""}]}, "expectations.0.value"),
        ({"expectations": [{"type": "exact", "value": "x", "weight": 0}]}, "expectations.0.weight"),
        ({"expectations": [{"type": "regex", "pattern": "(?<=a)b"}]}, "expectations.0.pattern"),
        ({"expectations": [{"type": "json_schema", "schema": {"type": "x"}}]}, "expectations.0.schema"),
        ({"expectations": [{"type": "judge", "criteria": "x"}]}, "expectations.0.model"),
        ({"input": None, "messages": [{"role": "assistant", "content": "x"}]}, "messages"),
    ],
)
async def test_what_makes_no_sense_is_refused(owner: Tenant, fields: dict[str, Any], place: str) -> None:
    path = f"{PATH}/{(await make(owner))['uuid']}/items"
    answer = await owner.post(path, {**ITEM, **fields})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [place])
    assert (await owner.get(path)).json()["data"] == []


async def test_a_judges_account_is_the_workspaces_own(owner: Tenant) -> None:
    judge = {"type": "judge", "criteria": "x", "model": "m", "account_uuid": str(uuid4())}
    item = {"input": "x", "expectations": [judge]}
    assert (await owner.post(PATH, {"name": "A", "items": [item]})).status_code == 404
    path = f"{PATH}/{(await make(owner))['uuid']}/items"
    assert (await owner.post(path, item)).status_code == 404


async def test_a_dataset_does_not_grow_for_ever(owner: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MAXIMUM_ITEMS", 1)
    path = f"{PATH}/{(await make(owner, items=[ITEM]))['uuid']}/items"
    answer = await owner.post(path, ITEM)
    assert (answer.status_code, answer.json()["errors"]["dataset_uuid"]) == (422, ["A dataset has at most 1 items."])


async def test_several_items_are_imported_or_none(owner: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MAXIMUM_ITEMS", 4)
    path = f"{PATH}/{(await make(owner, items=[ITEM]))['uuid']}"
    done = await owner.post(f"{path}/import", {"items": [ITEM, ITEM]})
    assert (done.status_code, done.json()["data"]["items_count"]) == (200, 3)
    assert (await owner.post(f"{path}/import", {"items": [ITEM, ITEM]})).status_code == 422
    wrong = await owner.post(f"{path}/import", {"items": [ITEM, {"input": "?", "expectations": []}]})
    assert list(wrong.json()["errors"]) == ["items.1.expectations"]
    assert (await owner.get(path)).json()["data"]["items_count"] == 3


async def test_datasets_of_others_are_not_there(owner: Tenant, stranger: Tenant, make_tenant: MakeTenant) -> None:
    path = f"{PATH}/{(await make(owner, items=[ITEM]))['uuid']}"
    (item,) = (await owner.get(f"{path}/items")).json()["data"]
    for answer in (
        await stranger.get(path),
        await stranger.put(path, {"name": "Mine"}),
        await stranger.delete(path),
        await stranger.get(f"{path}/items"),
        await stranger.post(f"{path}/items", ITEM),
        await stranger.get(f"{path}/items/{item['uuid']}"),
        await stranger.put(f"{path}/items/{item['uuid']}", {"expectations": ITEM["expectations"]}),
        await stranger.delete(f"{path}/items/{item['uuid']}"),
    ):
        assert answer.status_code == 404
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    assert (await operator.get(path)).status_code == 200
    for answer in (await operator.post(PATH, {"name": "A"}), await operator.post(f"{path}/items", ITEM)):
        assert answer.status_code == 403
