"""Whoever holds a link uses what is behind it, without an account, if need be with its password."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from athena.kit import clock
from athena.kit.http import _loggable
from athena.kit.rate_limits import RateLimits
from athena.process import Process
from tests.shares.conftest import Anybody, Sharing

Superuser = asyncpg.Connection


async def test_a_link_is_seen_run_and_followed_by_anybody(sharing: Sharing, anybody: Anybody) -> None:
    path = await sharing.link("agent", await sharing.agent())
    shown = await anybody.get(path)
    assert shown.status_code == 200, shown.text
    assert shown.json()["data"]["resource"]["name"] == "Agent"
    assert "system_prompt" not in shown.json()["data"]["resource"]
    answer = await anybody.post(f"{path}/run", {"input": "Which tyres?"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["output"]["message"]["content"] == "Answer 1."
    run = f"{path}/runs/{answer.json()['data']['uuid']}"
    assert answer.headers["location"] == run
    assert (await anybody.get(run)).json() == answer.json()
    told = await anybody.get(f"{run}/events")
    assert told.text.count("event: run.completed") == 1
    assert "small" not in told.text
    assert (await anybody.put(path, {"name": "x"})).status_code == 403


async def test_a_link_to_edit_lets_edit(sharing: Sharing, anybody: Anybody) -> None:
    prompt = await sharing.prompt()
    path = await sharing.link("prompt", prompt, permission="edit")
    changed = await anybody.put(path, {"name": "New", "content": "Other."})
    assert changed.status_code == 200, changed.text
    seen = (await sharing.owner.get(f"/api/v1/prompts/{prompt}")).json()["data"]
    assert (seen["name"], seen["content"], seen["version"]) == ("New", "Other.", 2)


async def test_a_thread_behind_a_link_goes_on(sharing: Sharing, anybody: Anybody) -> None:
    path = await sharing.link("thread", await sharing.scene.thread())
    assert (await anybody.post(f"{path}/run", {"message": "Hello"})).status_code == 200
    messages = (await anybody.get(path)).json()["data"]["resource"]["messages"]
    assert [each["content"] for each in messages] == ["Hello", "Answer 1."]


async def test_a_password_is_asked_for(sharing: Sharing, anybody: Anybody) -> None:
    path = await sharing.link("agent", await sharing.agent(), password="open, please")
    missing = await anybody.get(path)
    assert (missing.status_code, missing.json()["code"]) == (401, "share_password_required")
    wrong = await anybody.get(path, headers={"X-Share-Password": "open"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "share_password_wrong")
    right = {"X-Share-Password": "open, please"}
    assert (await anybody.get(path, headers=right)).status_code == 200
    assert (await anybody.post(f"{path}/run", {"input": "x"}, headers=right)).status_code == 200
    assert (await anybody.post(f"{path}/run", {"input": "x"})).status_code == 401


async def test_guessing_a_password_becomes_slow(sharing: Sharing, anybody: Anybody, superuser: Superuser[Any]) -> None:
    path = await sharing.link("agent", await sharing.agent(), password="open, please")
    guesses = await asyncio.gather(*(anybody.get(path, headers={"X-Share-Password": f"guess {n}"}) for n in range(12)))
    statuses = [answer.status_code for answer in guesses]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 7
    assert all(int(answer.headers["retry-after"]) > 0 for answer in guesses if answer.status_code == 429)
    right = {"X-Share-Password": "open, please"}
    assert (await anybody.get(path, headers=right)).status_code == 429
    await superuser.execute("UPDATE shares SET blocked_until = now() WHERE blocked_until IS NOT NULL")
    assert (await anybody.get(path, headers=right)).status_code == 200
    assert (await anybody.get(path, headers={"X-Share-Password": "guess"})).status_code == 401


async def test_a_links_requests_are_counted(
    sharing: Sharing, anybody: Anybody, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = [await sharing.link("agent", await sharing.agent()) for _ in range(2)]
    limits = RateLimits({"link": 2}, clock=lambda: 60_000_030.0)
    monkeypatch.setattr(process.authorizer, "limits", limits)
    answers = [await anybody.get(path), await anybody.post(f"{path}/run", {"text": 1}), await anybody.get(path)]
    assert answers[0].headers["ratelimit"] == '"link";r=1;t=30'
    answers += [await anybody.get(path), await anybody.get(f"{path}/runs/{uuid4()}")]
    assert [answer.status_code for answer in answers] == [200, 422, 200, 429, 429]
    assert (await anybody.get(other)).status_code == 200


async def test_a_link_that_is_none_or_has_ended_is_not_there(
    sharing: Sharing, anybody: Anybody, superuser: Superuser[Any]
) -> None:
    agent = await sharing.agent()
    late, gone = await sharing.link("agent", agent, password="open, please"), await sharing.link("agent", agent)
    await superuser.execute(
        "UPDATE shares SET expires_at = $1 WHERE password_hash IS NOT NULL", clock.now() - timedelta(seconds=1)
    )
    shares = (await sharing.owner.get("/api/v1/shares?sort=-created_at")).json()["data"]
    await sharing.owner.delete(f"/api/v1/shares/{shares[0]['uuid']}")
    for path in (late, gone, f"/api/v1/links/{'x' * 43}", "/api/v1/links/…x", f"/api/v1/links/{shares[0]['uuid']}"):
        for answer in (await anybody.get(path), await anybody.post(f"{path}/run", {"input": "x"})):
            assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such share.")


async def test_a_link_has_its_limit(sharing: Sharing, anybody: Anybody) -> None:
    path = await sharing.link("agent", await sharing.agent(), run_limit=1)
    assert (await anybody.post(f"{path}/run", {"input": "x"})).status_code == 200
    over = await anybody.post(f"{path}/run", {"input": "x"})
    assert (over.status_code, over.json()["code"]) == (409, "share_exhausted")
    assert (await anybody.get(path)).status_code == 200


async def test_a_link_opens_nothing_beside_it(sharing: Sharing, anybody: Anybody) -> None:
    agent = await sharing.agent()
    path = await sharing.link("agent", agent)
    own = (await sharing.owner.post(f"/api/v1/agents/{agent}/run", {"input": "x"})).json()["data"]["uuid"]
    for run in (own, str(uuid4())):
        assert (await anybody.get(f"{path}/runs/{run}")).status_code == 404
        assert (await anybody.get(f"{path}/runs/{run}/events")).status_code == 404
    token = path.rpartition("/")[2]
    for headers in ({"Authorization": f"Bearer {token}"}, {}):
        assert (await anybody.get(f"/api/v1/agents/{agent}", headers=headers)).status_code == 401


def test_the_token_is_in_no_log() -> None:
    assert _loggable({"path": "/api/v1/links/secret/run"}) == "/api/v1/links/…/run"
    assert _loggable({"path": "/api/v1/agents"}) == "/api/v1/agents"
