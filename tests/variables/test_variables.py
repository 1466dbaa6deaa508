"""Variables and secrets of a workspace: made, shown, changed, found and deleted; a secret is never seen again."""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant

PATH = "/api/v1/variables"
KEY = "sk-canary-7Qm2xXr8LpZ4vT1w9bKd-3f9a"
Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def create(tenant: Tenant, name: str = "SHOP_URL", value: Any = "https://shop.test", **more: Any) -> Any:
    answer = await tenant.post(PATH, {"name": name, "value": value, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def names(tenant: Tenant, query: str) -> list[str]:
    answer = await tenant.get(f"{PATH}{query}")
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["data"]]


def nested(depth: int) -> Any:
    """A value that is so many lists deep."""
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


async def test_a_variable_lives_from_its_creation_to_its_deletion(owner: Tenant) -> None:
    body = {"name": "SHOP_URL", "value": {"en": "https://shop.test"}, "description": "Where orders are."}
    made = await owner.post(PATH, {**body, "with": "creator"})
    assert made.status_code == 201
    row = made.json()["data"]
    path = f"{PATH}/{row['uuid']}"
    assert made.headers["location"] == path
    assert {**row, **body} == row
    assert (row["kind"], row["hint"]) == ("variable", None)
    assert row["creator"]["uuid"] == str(owner.user_uuid)
    got = await owner.get(path)
    assert got.json()["data"] == {**row, "creator": None}
    assert got.headers["etag"] == made.headers["etag"]

    changed = await owner.put(path, {"name": "STORE", "value": None}, headers={"If-Match": got.headers["etag"]})
    shown = changed.json()["data"]
    assert (shown["name"], shown["value"], shown["description"]) == ("STORE", None, "Where orders are.")
    for stale in (
        await owner.put(path, {"value": 1}, headers={"If-Match": got.headers["etag"]}),
        await owner.delete(path, headers={"If-Match": got.headers["etag"]}),
    ):
        assert stale.status_code == 412
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(path)).status_code == 404


async def test_a_secret_shows_a_hint_and_never_itself(owner: Tenant) -> None:
    row = await create(owner, "SHOP_KEY", KEY, kind="secret")
    assert (row["kind"], row["value"], row["hint"]) == ("secret", None, "sk-…3f9a")
    path = f"{PATH}/{row['uuid']}"
    renamed = (await owner.put(path, {"name": "KEY"})).json()["data"]
    assert (renamed["value"], renamed["hint"]) == (None, "sk-…3f9a")
    short = (await owner.put(path, {"value": "short-secret-12345"})).json()["data"]
    assert (short["value"], short["hint"]) == (None, "…")


async def test_a_secret_is_in_no_column_and_no_entry_of_the_log(owner: Tenant, superuser: Superuser) -> None:
    secret = await create(owner, "SHOP_KEY", KEY, kind="secret")
    await owner.put(f"{PATH}/{secret['uuid']}", {"value": f"{KEY}!", "description": "canary"})
    plain = await create(owner, "SHOP", "canary")
    await owner.put(f"{PATH}/{plain['uuid']}", {"value": "canary"})
    await owner.delete(f"{PATH}/{plain['uuid']}")
    stored = await superuser.fetchval(
        "SELECT variables::text || encode(sealed_value, 'escape') FROM variables WHERE workspace_uuid = $1",
        owner.workspace_uuid,
    )
    assert KEY not in stored
    log = (await owner.get("/api/v1/audit-events?resource_type=variable&sort=created_at")).json()["data"]
    assert [(each["action"], each["details"].get("changed")) for each in log] == [
        ("variable.created", None),
        ("variable.updated", ["description", "value"]),
        ("variable.created", None),
        ("variable.updated", ["value"]),
        ("variable.deleted", None),
    ]
    assert "canary" not in str(log)


async def test_there_is_one_of_a_name_in_a_workspace(owner: Tenant, stranger: Tenant) -> None:
    await create(owner, "A")
    other = await create(owner, "B", "s", kind="secret")
    await create(stranger, "A")
    for answer in (
        await owner.post(PATH, {"name": "A", "value": 1}),
        await owner.post(PATH, {"name": "A", "kind": "secret", "value": "x"}),
        await owner.put(f"{PATH}/{other['uuid']}", {"name": "A"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
    await create(owner, "a")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "1st"}, "name"),
        ({"name": "shop-url"}, "name"),
        ({"name": "SHOP\n"}, "name"),
        ({"name": "é"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": None}, "name"),
        ({"kind": "constant"}, "kind"),
        ({"description": "x" * 2_001}, "description"),
        ({"value": "x" * 65_535}, "value"),
        ({"value": nested(33)}, "value"),
        ({"value": nested(500)}, "value"),
        ({"kind": "secret", "value": ""}, "value"),
        ({"kind": "secret", "value": "x" * 10_001}, "value"),
        ({"kind": "secret", "value": None}, "value"),
        ({"kind": "secret", "value": 7}, "value"),
        ({"kind": "secret", "value": ["x"]}, "value"),
        ({"hint": "x"}, "hint"),
        ({"sealed_value": "x"}, "sealed_value"),
        ({"with": "value"}, "with"),
    ],
    ids=lambda each: each if isinstance(each, str) else f"{each!s:.40}",
)
async def test_bad_input_is_told_where_it_is(owner: Tenant, body: dict[str, Any], path: str) -> None:
    answer = await owner.post(PATH, {"name": "A", "value": "x", **body})
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [path]
    assert await names(owner, "") == []


async def test_a_value_is_needed_and_a_kind_stays(owner: Tenant) -> None:
    answer = await owner.post(PATH, {"name": "A"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["value"])
    path = f"{PATH}/{(await create(owner, 'A', KEY, kind='secret'))['uuid']}"
    for body, wrong in (({"value": 7}, "value"), ({"value": None}, "value"), ({"kind": "variable"}, "kind")):
        answer = await owner.put(path, body)
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [wrong])
        assert KEY not in answer.text
    assert (await owner.get(path)).json()["data"]["hint"] == "sk-…3f9a"


async def test_what_is_just_within_the_limits_is_taken(owner: Tenant) -> None:
    for number, value in enumerate(("x" * 65_534, nested(32), nested(32)[0], {"a": [nested(30)]}, [[], {}], "", 0)):
        assert (await create(owner, f"V{number}", value))["value"] == value
    assert (await create(owner, "x" * 64, "é" * 10_000, kind="secret"))["value"] is None


async def test_a_workspace_has_so_many_and_no_more(owner: Tenant, stranger: Tenant, superuser: Superuser) -> None:
    row = await create(owner)
    await superuser.execute(
        "INSERT INTO variables (workspace_uuid, uuid, created_at, updated_at, name, description, kind) "
        "SELECT $1, gen_random_uuid(), now(), now(), 'V' || n, '', 'variable' FROM generate_series(2, 500) AS n",
        owner.workspace_uuid,
    )
    answer = await owner.post(PATH, {"name": "ONE_MORE", "value": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "variable_limit")
    assert (await owner.put(f"{PATH}/{row['uuid']}", {"value": 2})).status_code == 200
    await create(stranger)
    await owner.delete(f"{PATH}/{row['uuid']}")
    await create(owner, "ONE_MORE")


async def test_a_repetition_with_its_key_makes_one(owner: Tenant) -> None:
    body = {"name": "SHOP_KEY", "kind": "secret", "value": KEY}
    first, again = [await owner.post(PATH, body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    other = await owner.post(PATH, {**body, "value": f"{KEY}!"}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_lists_filter_search_and_sort(owner: Tenant) -> None:
    await create(owner, "B", 1, description="The limit of the shop")
    await create(owner, "SHOP_A", 2)
    await create(owner, "C", "s", kind="secret")
    assert await names(owner, "") == ["C", "SHOP_A", "B"]
    assert await names(owner, "?sort=name") == ["B", "C", "SHOP_A"]
    assert await names(owner, "?kind=secret") == ["C"]
    assert await names(owner, "?kind=variable&sort=created_at") == ["B", "SHOP_A"]
    assert await names(owner, "?name=B") == ["B"]
    assert await names(owner, "?name=b") == []
    assert await names(owner, "?search=shop&sort=name") == ["B", "SHOP_A"]
    path = f"{PATH}/{(await owner.get(f'{PATH}?name=B')).json()['data'][0]['uuid']}"
    await owner.put(path, {"description": ""})
    assert await names(owner, "?sort=-updated_at&per_page=1&cursor=") == ["B"]
    shown = (await owner.get(f"{PATH}?with=creator")).json()
    assert {each["creator"]["uuid"] for each in shown["data"]} == {str(owner.user_uuid)}
    assert (await owner.get(f"{PATH}?kind=constant")).status_code == 422


async def test_members_see_them_and_builders_change_them(owner: Tenant, make_tenant: MakeTenant) -> None:
    path = f"{PATH}/{(await create(owner, value=KEY, kind='secret'))['uuid']}"
    for role in Role:
        member = await make_tenant(role, owner.workspace_uuid)
        may = role in {Role.OWNER, Role.ADMIN, Role.BUILDER}
        assert (await member.get(path)).json()["data"]["hint"] == "sk-…3f9a", role
        made = await member.post(PATH, {"name": f"OF_{role.value}", "value": 1})
        changed = await member.put(path, {"description": role.value})
        deleted = await member.delete(made.headers["location"] if may else path)
        assert [each.status_code for each in (made, changed, deleted)] == ([201, 200, 204] if may else [403] * 3), role
        if not may:
            told = [each.json()["detail"] for each in (made, changed, deleted)]
            assert told == [f"The permission variables.{verb} is missing." for verb in ("create", "update", "delete")]


async def test_of_another_workspace_there_is_none(owner: Tenant, stranger: Tenant) -> None:
    row = await create(owner)
    for uuid in (row["uuid"], uuid4()):
        path = f"{PATH}/{uuid}"
        answers = [await stranger.get(path), await stranger.put(path, {"value": 1}), await stranger.delete(path)]
        assert {each.status_code for each in answers} == {404}
        assert {each.json()["detail"] for each in answers} == {"The variable does not exist in this workspace."}
    assert await names(stranger, "?name=SHOP_URL") == []
    assert (await owner.get(f"{PATH}/{row['uuid']}")).json()["data"] == row
