"""Runs are in the log with their beginning and their end, wherever they end; what they say is not."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.audit_events.conftest import log_of
from tests.runs.conftest import Scene
from tests.runs.model_server import failing, saying


async def runs_of(scene: Scene) -> list[dict[str, Any]]:
    return await log_of(scene.tenant, resource_type="run")


async def test_a_run_begins_and_ends(scene: Scene) -> None:
    thread = await scene.thread()
    scene.model.scripts = [saying("Wide ones.")]
    run = (await scene.say(thread, "Which tyres?")).json()["data"]
    started, completed = await runs_of(scene)
    user, agent = str(scene.tenant.user_uuid), run["agent_uuid"]
    assert (started["action"], started["actor_user_uuid"]) == ("run.started", user)
    assert started["credential"]["kind"] == "token"
    assert started["details"] == {"kind": "thread", "agent_uuid": agent, "thread_uuid": thread}
    assert (completed["action"], completed["actor_user_uuid"]) == ("run.completed", user)
    assert completed["credential"] == {"kind": "run", "uuid": run["uuid"]}
    assert completed["details"] == {
        "kind": "thread",
        "status": "succeeded",
        "agent_uuid": agent,
        "thread_uuid": thread,
        "usage": run["usage"],
        "code": None,
    }
    assert {started["resource_uuid"], completed["resource_uuid"]} == {run["uuid"]}
    told = [entry["action"] for entry in await log_of(scene.tenant)]
    assert not [action for action in told if action.startswith("message.")]
    assert "tyres" not in str(await log_of(scene.tenant))


async def test_a_failure_is_told_by_its_code(scene: Scene) -> None:
    thread = await scene.thread()
    scene.model.scripts = [failing(400)] * 4
    run = await scene.begin(thread, "Which tyres?")
    ended = await scene.ended(run["uuid"])
    assert ended["status"] == "failed"
    last = (await runs_of(scene))[-1]
    assert (last["action"], last["details"]["code"]) == ("run.failed", ended["error"]["code"])


async def test_who_cancels_is_told_too(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("Wide ", "ones.", until=gate)]
    run = await scene.begin(thread, "Which tyres?")
    await scene.tenant.post(f"/api/v1/runs/{run['uuid']}/cancel")
    await scene.ended(run["uuid"])
    gate.set()
    told = [(entry["action"], entry["credential"]["kind"]) for entry in await runs_of(scene)]
    assert told == [("run.started", "token"), ("run.cancel_requested", "token"), ("run.cancelled", "run")]
