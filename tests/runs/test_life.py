"""What happens to a run while it runs: it is followed, left, cancelled, and what it belongs to is deleted."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from athena.engine import Engine
from athena.kit import sse
from athena.kit.db import Database
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.runs.conftest import Scene, check_told, events, text_of, until
from tests.runs.model_server import saying

NOBODY = "01980000-0000-7000-8000-000000000000"


async def test_events_are_told_from_any_point(scene: Scene) -> None:
    thread = await scene.thread()
    run = (await scene.say(thread, "Hello")).json()["data"]["uuid"]
    told = await scene.events_of(run)
    check_told(told, run)
    for after in range(len(told)):
        assert await scene.events_of(run, after) == told[after:]
    for beyond in (len(told), len(told) + 1, 2**62):
        assert await scene.events_of(run, beyond) == []
    for bad in ("-1", "x", str(2**64)):
        answer = await scene.tenant.get(f"/api/v1/runs/{run}/events", headers={"Last-Event-ID": bad})
        assert answer.status_code == 422, bad


async def test_many_follow_a_run_and_see_the_same(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two ", "three.", until=gate)]
    run = (await scene.begin(thread, "Hello"))["uuid"]
    followers = [asyncio.create_task(scene.events_of(run, after)) for after in (0, 1, 2, 1_000)]
    await asyncio.sleep(0.2)
    gate.set()
    told = [await follower for follower in followers]
    check_told(told[0], run)
    assert told[1:3] == [told[0][1:], told[0][2:]]
    assert told[3] == told[0][len(told[0]) - len(told[3]) :]
    assert text_of(told[0]) == "One two three."


async def test_a_dropped_stream_goes_on_where_it_ended(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    seen = []
    async with scene.open("POST", f"/api/v1/threads/{thread}/run", {"message": "Hello", "stream": True}) as response:
        run = response.headers["location"].rpartition("/")[2]
        async for event in events(response):
            seen.append(event)
            if event.type == "message.delta":
                break
    gate.set()
    rest = await scene.events_of(run, seen[-1].id)
    check_told([*seen, *rest], run)
    assert text_of([*seen, *rest]) == "One two."


async def test_a_run_goes_on_when_its_client_leaves(scene: Scene, database: Database) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    hub = database.provided(Engine).hub
    async with scene.open("POST", f"/api/v1/threads/{thread}/run", {"message": "Hello", "stream": True}) as response:
        run = response.headers["location"].rpartition("/")[2]
        async for event in events(response):
            if event.type == "message.delta":
                break
        assert UUID(run) in hub._subscribers
    await until(lambda: UUID(run) not in hub._subscribers)
    gate.set()
    assert (await scene.ended(run))["status"] == "succeeded"
    assert (await scene.said(thread))[-1] == ("assistant", "One two.", "completed")


async def test_a_silent_stream_shows_that_it_lives(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sse.KEEP_ALIVE_SECONDS <= 15
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.05)
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    run = (await scene.begin(thread, "Hello"))["uuid"]
    lines: list[str] = []
    async with scene.open("GET", f"/api/v1/runs/{run}/events") as response:
        async for line in response.aiter_lines():
            lines.append(line)
            if lines.count(": keep-alive") == 3:
                gate.set()
    assert lines.count(": keep-alive") >= 3
    assert "event: run.completed" in lines
    assert lines.count("event: message.started") == 1


async def test_cancelling_keeps_what_was_said(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("Half an ", "answer.", until=gate)]
    told = []
    async with scene.open("POST", f"/api/v1/threads/{thread}/run", {"message": "Hello", "stream": True}) as response:
        run = response.headers["location"].rpartition("/")[2]
        async for event in events(response):
            told.append(event)
            if event.type == "message.delta":
                answer = await scene.tenant.post(f"/api/v1/runs/{run}/cancel")
                assert answer.status_code == 200
    check_told(told, run)
    assert told[-1].type == "run.cancelled"
    assert (await scene.run(run))["status"] == "cancelled"
    message = (await scene.messages(thread))[-1]
    assert (message["content"], message["status"], message["error"]) == ("Half an ", "cancelled", None)
    gate.set()
    await scene.say(thread, "Go on")
    assert scene.model.asked == [("user", "Hello"), ("assistant", "Half an "), ("user", "Go on")]


async def test_who_waits_for_a_cancelled_run_is_told(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two", until=gate)]
    waiting = asyncio.create_task(scene.say(thread, "Hello"))
    await until(lambda: scene.model.requests)
    run = (await scene.tenant.get(f"/api/v1/runs?thread_uuid={thread}")).json()["data"][0]["uuid"]
    await scene.tenant.post(f"/api/v1/runs/{run}/cancel")
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (409, "run_cancelled")
    gate.set()


async def test_cancelling_a_queued_run_lets_the_next_one_go_on(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    first, second, third = [await scene.begin(thread, text) for text in ("First", "Second", "Third")]
    answer = await scene.tenant.post(f"/api/v1/runs/{second['uuid']}/cancel")
    assert answer.json()["data"]["status"] == "cancelled"
    assert [event.type for event in await scene.events_of(second["uuid"])] == ["run.cancelled"]
    gate.set()
    for run in (first, third):
        assert (await scene.ended(run["uuid"]))["status"] == "succeeded"
    assert [status for _, _, status in await scene.said(thread)][1::2] == ["completed", "cancelled", "completed"]
    assert scene.model.asked == [
        ("user", "First"),
        ("assistant", "One two."),
        ("user", "Second"),
        ("user", "Third"),
    ]


async def test_cancelling_after_the_end_changes_nothing(scene: Scene) -> None:
    thread = await scene.thread()
    run = (await scene.say(thread, "Hello")).json()["data"]
    answer = await scene.tenant.post(f"/api/v1/runs/{run['uuid']}/cancel")
    assert (answer.status_code, answer.json()["data"]) == (200, run)
    assert (await scene.events_of(run["uuid"]))[-1].type == "run.completed"


async def test_deleting_a_thread_cancels_what_answers_in_it(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    runs = [await scene.begin(thread, text) for text in ("First", "Second", "Third")]
    await until(lambda: scene.model.requests)
    stale = await scene.tenant.delete(f"/api/v1/threads/{thread}", headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    assert (await scene.tenant.delete(f"/api/v1/threads/{thread}")).status_code == 204
    for run in runs:
        # What waited is gone with the thread; what was at work is stopped, and then at its end.
        ended = await scene.ended(run["uuid"])
        assert ended["status"] == ("cancelled" if run is runs[0] else "gone")
    check_told(told := await scene.events_of(runs[0]["uuid"]), runs[0]["uuid"])
    assert told[-1].type == "run.cancelled"
    assert await scene.messages(thread) == []
    assert len(scene.model.requests) == 1
    gate.set()


async def test_deleting_threads_and_messages_at_any_moment_harms_no_run(scene: Scene) -> None:
    agent = await scene.agent()

    async def answered_and_deleted(moment: float) -> None:
        thread = await scene.thread(agent)
        await scene.say(thread, "Old")
        old = (await scene.messages(thread))[0]["uuid"]
        runs = [await scene.begin(thread, text) for text in ("First", "Second", "Third")]
        await asyncio.sleep(moment)
        gone, deleted = await asyncio.gather(
            scene.tenant.delete(f"/api/v1/messages/{old}"), scene.tenant.delete(f"/api/v1/threads/{thread}")
        )
        assert deleted.status_code == 204, deleted.text
        assert gone.status_code in {204, 404}, gone.text
        for run in runs:
            ended = await scene.ended(run["uuid"])
            assert ended["status"] in {"succeeded", "cancelled", "gone"}
            if ended["status"] != "gone":
                check_told(await scene.events_of(run["uuid"]), run["uuid"])
        assert await scene.messages(thread) == []

    await asyncio.gather(*(answered_and_deleted(number * 0.01) for number in range(12)))


async def test_deleting_the_agent_does_not_stop_its_answer(scene: Scene) -> None:
    agent = await scene.agent()
    thread, gate = await scene.thread(agent), asyncio.Event()
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    runs = [await scene.begin(thread, text) for text in ("First", "Second")]
    assert (await scene.tenant.delete(f"/api/v1/agents/{agent['uuid']}")).status_code == 204
    gate.set()
    for run in runs:
        assert (await scene.ended(run["uuid"]))["status"] == "succeeded"
    assert (await scene.tenant.get(f"/api/v1/threads/{thread}")).json()["data"]["agent_uuid"] is None
    assert (await scene.say(thread, "Third")).json()["code"] == "model_missing"


async def test_messages_that_are_being_answered_stay_others_can_go(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    await scene.say(thread, "Old")
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    first = await scene.begin(thread, "First")
    await until(lambda: len(scene.model.requests) == 2)
    second = await scene.begin(thread, "Second")
    messages = await scene.messages(thread)
    for message in messages[2:]:
        refused = await scene.tenant.delete(f"/api/v1/messages/{message['uuid']}")
        assert (refused.status_code, refused.json()["code"]) == (409, "message_running")
    refused = await scene.tenant.put(f"/api/v1/messages/{messages[3]['uuid']}", {"content": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (409, "message_running")
    for message in messages[:2]:
        assert (await scene.tenant.delete(f"/api/v1/messages/{message['uuid']}")).status_code == 204
    gate.set()
    for run in (first, second):
        assert (await scene.ended(run["uuid"]))["status"] == "succeeded"
    assert scene.model.asked == [("user", "First"), ("assistant", "One two."), ("user", "Second")]


async def test_runs_are_listed_by_what_they_belong_to(scene: Scene) -> None:
    agent, other = await scene.agent(), await scene.agent()
    thread = await scene.thread(agent)
    one = (await scene.say(thread, "One")).json()["data"]
    two = (await scene.tenant.post(f"/api/v1/agents/{other['uuid']}/run", {"input": "Two"})).json()["data"]

    async def listed(query: str) -> list[str]:
        answer = await scene.tenant.get(f"/api/v1/runs?{query}")
        assert answer.status_code == 200, answer.text
        return [run["uuid"] for run in answer.json()["data"]]

    assert await listed("sort=-created_at") == [two["uuid"], one["uuid"]]
    assert await listed("sort=created_at&cursor=") == [one["uuid"], two["uuid"]]
    assert await listed(f"agent_uuid={agent['uuid']}") == await listed(f"thread_uuid={thread}") == [one["uuid"]]
    assert await listed("kind=agent") == [two["uuid"]]
    assert await listed("status=succeeded&kind=thread") == [one["uuid"]]
    assert await listed("status=failed") == []
    assert await listed(f"created_after={one['created_at']}&created_before=2000-01-01T00:00:00Z") == []
    for bad in ("status=odd", "kind=odd", "agent_uuid=x", "with=agent", "model=small"):
        assert (await scene.tenant.get(f"/api/v1/runs?{bad}")).status_code == 422, bad
    single = await scene.tenant.get(f"/api/v1/runs/{one['uuid']}")
    assert single.headers["etag"]
    assert single.json()["data"] == one


async def test_who_may_not_run_or_cancel_is_told_so(scene: Scene, make_tenant: MakeTenant) -> None:
    agent = await scene.agent()
    thread = await scene.thread(agent)
    run = (await scene.say(thread, "Hello")).json()["data"]["uuid"]
    here = scene.tenant.workspace_uuid
    viewer = await make_tenant(Role.VIEWER, here)
    half = await make_tenant(Role.OPERATOR, here, ["agents.*"])
    in_thread = {"input": "Hello", "thread_uuid": thread}
    for who, path, body, permission in (
        (viewer, f"threads/{thread}/run", {"message": "Hello"}, "threads.run"),
        (viewer, f"agents/{agent['uuid']}/run", {"input": "Hello"}, "agents.run"),
        (viewer, f"runs/{run}/cancel", None, "runs.cancel"),
        (viewer, f"threads/{thread}/generate-name", None, "threads.update"),
        (half, f"agents/{agent['uuid']}/run", in_thread, "threads.run"),
    ):
        answer = await who.post(f"/api/v1/{path}", body)
        assert answer.status_code == 403, path
        assert permission in answer.json()["detail"]
    assert (await viewer.get(f"/api/v1/runs/{run}")).status_code == 200
    assert len(await scene.messages(thread)) == 2


async def test_runs_of_others_do_not_exist(scene: Scene, stranger: Tenant, make_tenant: MakeTenant) -> None:
    agent = await scene.agent()
    thread = await scene.thread(agent)
    run = (await scene.say(thread, "Hello")).json()["data"]["uuid"]
    for method, path, body in (
        ("GET", f"/api/v1/runs/{run}", None),
        ("GET", f"/api/v1/runs/{run}/events", None),
        ("POST", f"/api/v1/runs/{run}/cancel", None),
        ("POST", f"/api/v1/threads/{thread}/run", {"message": "Hello"}),
        ("POST", f"/api/v1/threads/{thread}/generate-name", None),
        ("POST", f"/api/v1/agents/{agent['uuid']}/run", {"input": "Hello"}),
    ):
        answer = await stranger.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        nowhere = path.replace(run, NOBODY).replace(thread, NOBODY).replace(agent["uuid"], NOBODY)
        answer = await scene.tenant.request(method, nowhere, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), nowhere
    mine = (await stranger.post("/api/v1/threads", {})).json()["data"]["uuid"]
    theirs = (await scene.messages(thread))[0]["uuid"]
    for body in (
        {"message": "Hello", "agent_uuid": agent["uuid"]},
        {"message": "Hello", "parent_uuid": theirs},
        {"parent_uuid": theirs},
    ):
        answer = await stranger.post(f"/api/v1/threads/{mine}/run", body)
        assert answer.status_code == 404, body
    own = (await stranger.post("/api/v1/agents", {"name": "Own"})).json()["data"]["uuid"]
    answer = await stranger.post(f"/api/v1/agents/{own}/run", {"input": "Hello", "thread_uuid": thread})
    assert answer.status_code == 404
    assert (await stranger.get("/api/v1/messages")).json()["data"] == []
    assert (await stranger.get(f"/api/v1/runs?thread_uuid={thread}")).json()["data"] == []
    assert len(await scene.messages(thread)) == 2
