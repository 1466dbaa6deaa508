"""Feedback: what people think of an assistant's answers."""

from __future__ import annotations

from typing import Any

import pytest

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.messages.test_messages import PATH, say, thread_of


async def answered(tenant: Tenant, count: int = 1) -> list[str]:
    thread = await thread_of(tenant)
    return [f"{PATH}/{(await say(tenant, thread, 'An answer', role='assistant'))['uuid']}" for _ in range(count)]


async def test_an_answer_is_rated_rated_anew_and_the_rating_taken_back(make_tenant: MakeTenant) -> None:
    owner = await make_tenant()
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    [path] = await answered(owner)
    rated = (await owner.put(path, {"feedback": {"rating": -1}})).json()["data"]
    given = rated["feedback"]
    assert (given["rating"], given["comment"], given["user_uuid"]) == (-1, None, str(owner.user_uuid))
    assert given["created_at"] == rated["updated_at"] or given["created_at"] < rated["updated_at"]
    feedback = {"rating": 1, "comment": "Just what I needed."}
    anew = (await operator.put(path, {"feedback": feedback})).json()["data"]["feedback"]
    assert {key: anew[key] for key in feedback} == feedback
    assert anew["user_uuid"] == str(operator.user_uuid)
    assert (await owner.get(path)).json()["data"]["feedback"] == anew
    # Other changes leave it.
    assert (await owner.put(path, {"metadata": {"a": 1}})).json()["data"]["feedback"] == anew
    assert (await owner.put(path, {"feedback": None})).json()["data"]["feedback"] is None


@pytest.mark.parametrize("role", ["user", "system", "tool"])
async def test_only_answers_are_rated(owner: Tenant, role: str) -> None:
    message = await say(owner, await thread_of(owner), "Hello", role=role)
    answer = await owner.put(f"{PATH}/{message['uuid']}", {"feedback": {"rating": 1}})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["feedback"]


@pytest.mark.parametrize(
    "feedback",
    [{"rating": 0}, {"rating": 2}, {"rating": "1"}, {"rating": True}, {"comment": "x"}, {"rating": 1, "by": "me"}, 1],
    ids=str,
)
async def test_what_is_no_feedback_is_refused(owner: Tenant, feedback: Any) -> None:
    [path] = await answered(owner)
    assert (await owner.put(path, {"feedback": feedback})).status_code == 422
    assert (await owner.put(path, {"feedback": {"rating": 1, "comment": "x" * 2001}})).status_code == 422


async def test_viewers_and_strangers_do_not_rate(make_tenant: MakeTenant, owner: Tenant, stranger: Tenant) -> None:
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    [path] = await answered(owner)
    assert (await viewer.put(path, {"feedback": {"rating": 1}})).status_code == 403
    assert (await stranger.put(path, {"feedback": {"rating": 1}})).status_code == 404


async def test_messages_are_listed_by_their_rating(owner: Tenant) -> None:
    good, bad, _ = await answered(owner, 3)
    await owner.put(good, {"feedback": {"rating": 1}})
    await owner.put(bad, {"feedback": {"rating": -1}})
    for rating, path in (("1", good), ("-1", bad)):
        answer = (await owner.get(f"{PATH}?feedback_rating={rating}")).json()
        assert [f"{PATH}/{message['uuid']}" for message in answer["data"]] == [path]
        assert answer["meta"]["total"] == 1
    assert (await owner.get(f"{PATH}?feedback_rating=0")).status_code == 422
