"""Command room tasks are stored, listed, changed and removed, and what recurs among them is suggested."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from athena.kit import clock
from athena.kit.db import Database
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.threads.queries import counted

PATH = "/api/v1/command-room-tasks"
STEPS = (("Mail", "Open order"), ("CRM", "Find customer"), ("CRM", "Create deal"))


async def store(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {"title": "Opened the order", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def work(tenant: Tenant, *sessions: str, days_ago: int = 1) -> list[list[str]]:
    """The same three steps in each session; the tasks' uuids."""
    done: list[list[str]] = []
    for number, session in enumerate(sessions):
        begin = clock.now() - timedelta(days=days_ago, hours=number)
        tasks = [
            {
                "title": f"{action}",
                "app": app,
                "action": action,
                "session_id": session,
                "occurred_at": clock.rfc3339(begin + timedelta(seconds=30 * place)),
            }
            for place, (app, action) in enumerate(STEPS)
        ]
        answer = await tenant.post(PATH, {"tasks": tasks})
        assert answer.status_code == 201, answer.text
        done.append([each["uuid"] for each in answer.json()["data"]])
    return done


async def suggestions(tenant: Tenant, query: str = "") -> list[dict[str, Any]]:
    answer = await tenant.get(f"{PATH}/suggestions{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_task_is_kept_as_it_was_given(owner: Tenant) -> None:
    given = {
        "title": "Opened the order",
        "description": "Number 7.",
        "app": "Mail",
        "action": "Open message",
        "url": "https://mail.example.com/7",
        "metadata": {"folder": ["inbox", 1], "read": True},
        "occurred_at": "2026-01-31T08:00:00.000Z",
        "session_id": "morning",
        "status": "done",
    }
    answer = await owner.post(PATH, {**given, "with": "creator"})
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert {name: data[name] for name in given} == given
    assert answer.headers["location"] == f"{PATH}/{data['uuid']}"
    assert data["creator"]["uuid"] == data["creator_uuid"] == str(owner.user_uuid)
    shown = await owner.get(answer.headers["location"])
    assert shown.headers["etag"] == answer.headers["etag"]
    assert shown.json()["data"] == {**data, "creator": None}
    little = await store(owner)
    assert (little["app"], little["status"], little["metadata"]) == (None, "open", {})
    assert little["occurred_at"] == little["created_at"]


async def test_many_are_stored_at_once_in_their_order(owner: Tenant) -> None:
    tasks = [{"title": f"Task {n}", "metadata": {"n": n}} for n in range(100)]
    answer = await owner.post(PATH, {"tasks": tasks})
    assert answer.status_code == 201
    assert [each["title"] for each in answer.json()["data"]] == [f"Task {n}" for n in range(100)]
    assert (await owner.get(f"{PATH}?per_page=1")).json()["meta"]["total"] == 100
    too_many = await owner.post(PATH, {"tasks": [*tasks, {"title": "One more"}]})
    assert (too_many.status_code, list(too_many.json()["errors"])) == (422, ["tasks"])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "body"),
        ({"title": " "}, "title"),
        ({"title": "A", "tasks": [{"title": "B"}]}, "body"),
        ({"tasks": []}, "tasks"),
        ({"tasks": [{"title": "A"}, {"title": "B", "url": "javascript:alert(1)"}]}, "tasks.1.url"),
        ({"tasks": [{"title": "A"}, {"title": "B", "occurred_at": "2999-01-01T00:00:00Z"}]}, "tasks.1.occurred_at"),
        ({"title": "A", "occurred_at": "yesterday"}, "occurred_at"),
        ({"title": "A", "occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"title": "A", "status": "lost"}, "status"),
        ({"title": "A", "suggestion": "x"}, "suggestion"),
    ],
    ids=[
        "nothing",
        "blank",
        "one and many",
        "none",
        "bad address",
        "future",
        "no time",
        "before time",
        "bad status",
        "unknown",
    ],
)
async def test_bad_input_is_told_where_it_is(owner: Tenant, body: dict[str, Any], path: str) -> None:
    answer = await owner.post(PATH, body)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [path]
    assert (await owner.get(PATH)).json()["data"] == []


async def test_metadata_without_a_bottom_is_refused(owner: Tenant) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    assert (await owner.post(PATH, {"title": "A", "metadata": {"deep": deep}})).status_code in {201, 400, 422}


async def test_the_list_is_searched_filtered_and_sorted(owner: Tenant) -> None:
    old = await store(owner, title="Alpha", occurred_at="2026-01-01T00:00:00Z", app="Mail", action="Read")
    new = await store(owner, title="Beta", app="CRM", action="Read", session_id="s", status="done")

    async def found(query: str) -> list[str]:
        answer = await owner.get(f"{PATH}?{query}")
        assert answer.status_code == 200, answer.text
        return [each["uuid"] for each in answer.json()["data"]]

    assert await found("") == await found("cursor=") == [new["uuid"], old["uuid"]]
    assert await found("sort=occurred_at") == [old["uuid"], new["uuid"]]
    assert await found("app=Mail&action=Read") == [old["uuid"]]
    assert await found("session_id=s") == await found("status=done") == [new["uuid"]]
    assert await found("occurred_before=2026-02-01T00:00:00Z") == [old["uuid"]]
    assert await found("occurred_after=2026-02-01T00:00:00Z") == [new["uuid"]]
    assert await found(f"creator_uuid={owner.user_uuid}&search=alph") == [old["uuid"]]


async def test_a_task_is_changed_and_removed(owner: Tenant) -> None:
    task = await store(owner)
    path = f"{PATH}/{task['uuid']}"
    changed = await owner.put(path, {"status": "done", "with": "creator"})
    data = changed.json()["data"]
    assert (data["status"], data["title"]) == ("done", "Opened the order")
    assert data["creator"]["uuid"] == str(owner.user_uuid)
    assert (await owner.put(path, {"app": "CRM"})).status_code == 422
    assert (await owner.delete(path, headers={"If-Match": '"1"'})).status_code == 412
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(path)).status_code == 404


async def test_what_recurs_is_suggested(owner: Tenant) -> None:
    done = await work(owner, "one", "two", "three")
    other = await store(owner, app="Mail", action="Delete")
    (suggestion,) = await suggestions(owner)
    assert suggestion["name"] == "Mail: Open order → … → CRM: Create deal"
    assert suggestion["steps"] == [{"app": app, "action": action} for app, action in STEPS]
    assert (suggestion["count"], suggestion["sessions"]) == (3, 3)
    assert (suggestion["seconds_per_run"], suggestion["estimated_seconds_saved"]) == (60, 180)
    assert suggestion["first_seen"] < suggestion["last_seen"]
    assert set(suggestion["task_uuids"]) == {uuid for uuids in done for uuid in uuids}
    nodes = suggestion["workflow"]["nodes"]
    assert [node["id"] for node in nodes] == ["step_1", "step_2", "step_3"]
    assert nodes[2] == {"id": "step_3", "name": "CRM: Create deal", "app": "CRM", "action": "Create deal"}
    assert "3 times" in suggestion["workflow"]["description"]
    shown = (await owner.get(f"{PATH}/{done[0][0]}?with=suggestion")).json()["data"]
    assert shown["suggestion"] == {"key": suggestion["key"], "name": suggestion["name"]}
    listed = (await owner.get(f"{PATH}?with=suggestion&per_page=20")).json()["data"]
    assert [each["uuid"] for each in listed if each["suggestion"] is None] == [other["uuid"]]


async def test_without_a_session_a_users_day_is_one(owner: Tenant, make_tenant: MakeTenant) -> None:
    colleague = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    for tenant, days in ((owner, 1), (owner, 2), (colleague, 1)):
        begin = clock.now().replace(hour=9) - timedelta(days=days)
        for place, (app, action) in enumerate(STEPS):
            at = clock.rfc3339(begin + timedelta(seconds=place))
            await store(tenant, app=app, action=action, occurred_at=at)
    (suggestion,) = await suggestions(colleague)
    assert (suggestion["count"], suggestion["sessions"]) == (3, 3)


async def test_what_is_dismissed_or_long_ago_is_not_looked_at(owner: Tenant) -> None:
    done = await work(owner, "one", "two", "three", days_ago=5)
    assert len(await suggestions(owner)) == 1
    assert await suggestions(owner, "?days=4") == []
    for uuid in done[0]:
        await owner.put(f"{PATH}/{uuid}", {"status": "dismissed"})
    assert await suggestions(owner) == []
    assert (await owner.get(f"{PATH}/suggestions?days=31")).status_code == 422


async def test_a_list_costs_few_queries(owner: Tenant, database: Database) -> None:
    await work(owner, "one", "two", "three")
    with counted(database) as seen:
        await owner.get(f"{PATH}?with=suggestion&per_page=5")
    assert len([each for each in seen if "athena_authenticate" not in each]) <= 3


async def test_what_a_stranger_asks_for_is_not_there(owner: Tenant, stranger: Tenant) -> None:
    done = await work(owner, "one", "two", "three")

    async def asked(uuid: str) -> list[tuple[int, str]]:
        path = f"{PATH}/{uuid}"
        answers = [await stranger.get(path), await stranger.put(path, {"status": "done"}), await stranger.delete(path)]
        return [(answer.status_code, answer.json()["detail"]) for answer in answers]

    there, nowhere = await asked(done[0][0]), await asked(str(uuid4()))
    assert there == nowhere
    assert {status for status, _ in there} == {404}
    assert (await stranger.get(PATH)).json()["data"] == []
    assert await suggestions(stranger) == []


async def test_roles_may_what_they_may(owner: Tenant, make_tenant: MakeTenant) -> None:
    task = await store(owner)
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    path = f"{PATH}/{task['uuid']}"
    assert (await viewer.get(path)).status_code == 200
    assert (await viewer.get(f"{PATH}/suggestions")).status_code == 200
    for answer, missing in (
        (await viewer.post(PATH, {"title": "A"}), "command_room_tasks.create"),
        (await viewer.put(path, {"title": "A"}), "command_room_tasks.update"),
        (await viewer.delete(path), "command_room_tasks.delete"),
    ):
        assert answer.status_code == 403
        assert missing in answer.json()["detail"]


async def test_the_suggestions_are_no_task(owner: Tenant) -> None:
    for method in ("PUT", "DELETE"):
        answer = await owner.request(method, f"{PATH}/suggestions", json={"title": "A"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
