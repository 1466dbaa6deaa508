"""Events reach their receiver, signed, at least once, and nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from athena.kit.clock import now
from athena.kit.db import Database, Scope
from athena.permissions import Role
from athena.webhooks.delivery import EXHAUSTED_MOST, sweep
from tests.conftest import MakeTenant, Tenant
from tests.runs.conftest import Scene
from tests.runs.model_server import saying
from tests.webhooks.conftest import PATH, Hooks, Superuser
from tests.webhooks.receiver import Receiver, after, status


async def test_a_change_reaches_its_receiver_signed(hooks: Hooks) -> None:
    webhook = await hooks.create()
    agent = await hooks.agent("canary-name")
    await hooks.tenant.put(f"/api/v1/agents/{agent}", {"name": "Bob"})
    for request in await hooks.receiver.wait_for(2):
        Verifier(webhook["secret"]).verify(request.body, request.headers)
        assert (request.path, request.headers["content-type"]) == ("/hook?a=1", "application/json")
        assert "canary" not in request.body
    created, updated = sorted((each.event for each in hooks.receiver.received), key=lambda each: each["timestamp"])
    assert (created["type"], updated["type"]) == ("agent.created", "agent.updated")
    data = updated["data"]
    entry = (await hooks.tenant.get(f"/api/v1/audit-events/{data['event_uuid']}")).json()["data"]
    assert (entry["action"], entry["created_at"]) == ("agent.updated", updated["timestamp"])
    assert data == {
        "event_uuid": entry["uuid"],
        "uuid": agent,
        "resource_type": "agent",
        "workspace_uuid": str(hooks.tenant.workspace_uuid),
        "actor_user_uuid": str(hooks.tenant.user_uuid),
        "changed": ["name", "version"],
        "url": f"http://athena.test/api/v1/agents/{agent}?workspace_uuid={hooks.tenant.workspace_uuid}",
    }
    shown = (await hooks.tenant.get(data["url"])).json()["data"]
    assert shown["uuid"] == agent


async def test_what_is_gone_has_no_address(hooks: Hooks) -> None:
    await hooks.create(["agent.deleted"])
    await hooks.tenant.delete(f"/api/v1/agents/{await hooks.agent()}")
    [request] = await hooks.receiver.wait_for(1)
    assert request.event["data"]["url"] is None


async def test_only_what_was_asked_for_is_sent(hooks: Hooks) -> None:
    webhook = await hooks.create(["thread.created", "agent.deleted"])
    off = await hooks.create(["*"], enabled=False)
    await hooks.agent()
    thread = (await hooks.tenant.post("/api/v1/threads", {})).json()["data"]["uuid"]
    delivery = await hooks.until(webhook, lambda each: each["status"] == "delivered")
    assert (delivery["event_type"], delivery["payload"]["data"]["uuid"]) == ("thread.created", thread)
    assert len(await hooks.deliveries(webhook)) == 1
    assert await hooks.deliveries(off) == []


async def test_what_did_not_happen_is_not_sent(hooks: Hooks, database: Database) -> None:
    webhook = await hooks.create(["*"])
    before = len(await hooks.deliveries(webhook))
    async with database.session(Scope(hooks.tenant.workspace_uuid, hooks.tenant.user_uuid)) as session:
        session.record("agent.created", "agent", hooks.tenant.user_uuid)
        await session.rollback()
    assert len(await hooks.deliveries(webhook)) == before


async def test_another_workspace_is_never_told(hooks: Hooks, stranger: Tenant) -> None:
    theirs = {"url": f"{hooks.receiver.address}/theirs", "event_types": ["*"]}
    created = (await stranger.post(PATH, theirs)).json()["data"]
    webhook = await hooks.create(["*"])
    await hooks.agent()
    await hooks.until(webhook, lambda each: each["event_type"] == "agent.created" and each["status"] == "delivered")
    told = (await stranger.get(f"{PATH}/{created['uuid']}/deliveries")).json()["data"]
    assert [each["event_type"] for each in told] == ["webhook.created"]
    workspaces = {each.event["data"]["workspace_uuid"] for each in hooks.receiver.received if "theirs" in each.path}
    assert workspaces <= {str(stranger.workspace_uuid)}


async def test_runs_tell_how_they_ended(scene: Scene, receiver: Receiver) -> None:
    body = {"url": receiver.address, "event_types": ["run.completed"]}
    assert (await scene.tenant.post(PATH, body)).status_code == 201
    thread = await scene.thread()
    scene.model.scripts = [saying("Wide ones.")]
    run = (await scene.say(thread, "Which tyres?")).json()["data"]
    [request] = await receiver.wait_for(1)
    data = request.event["data"]
    assert (data["uuid"], data["status"], data["thread_uuid"]) == (run["uuid"], "succeeded", thread)
    assert (data["agent_uuid"], data["usage"]) == (run["agent_uuid"], run["usage"])
    assert "Wide" not in request.body


async def test_a_failure_is_tried_again_under_the_same_id(hooks: Hooks) -> None:
    webhook = await hooks.create()
    hooks.receiver.answers = [status(500, "out of order" * 200), status(302), status(204)]
    await hooks.agent()
    first = await hooks.until(webhook, lambda each: each["response_status"] == 500)
    assert (first["status"], first["attempts"], len(first["response_body"])) == ("pending", 1, 1000)
    assert first["next_attempt_at"] > first["last_attempt_at"]
    shown = await hooks.shown(webhook)
    assert (shown["status"], shown["consecutive_failures"]) == ("failing", 1)
    await hooks.hasten(webhook)
    await hooks.until(webhook, lambda each: each["response_status"] == 302)
    await hooks.hasten(webhook)
    last = await hooks.until(webhook, lambda each: each["status"] == "delivered")
    assert (last["attempts"], last["response_status"], last["next_attempt_at"]) == (3, 204, None)
    assert last["duration_ms"] >= 0
    requests = hooks.receiver.received
    assert len(requests) == 3
    assert len({each.id for each in requests}) == 1
    assert len({each.body for each in requests}) == 1
    assert (await hooks.shown(webhook))["status"] == "active"


async def test_for_a_day_both_secrets_sign(hooks: Hooks, superuser: Superuser) -> None:
    webhook = await hooks.create()
    rotated = (await hooks.tenant.post(f"{PATH}/{webhook['uuid']}/rotate-secret")).json()["data"]
    await hooks.agent()
    [request] = await hooks.receiver.wait_for(1)
    assert len(request.headers["webhook-signature"].split()) == 2
    for secret in (webhook["secret"], rotated["secret"]):
        Verifier(secret).verify(request.body, request.headers)
    await superuser.execute("UPDATE webhooks SET previous_secret_until = now() WHERE uuid = $1", webhook["uuid"])
    await hooks.agent()
    request = (await hooks.receiver.wait_for(2))[1]
    assert len(request.headers["webhook-signature"].split()) == 1
    Verifier(rotated["secret"]).verify(request.body, request.headers)


async def test_gone_is_the_end(hooks: Hooks) -> None:
    webhook = await hooks.create()
    hooks.receiver.answers = [status(410)]
    await hooks.agent()
    delivery = await hooks.until(webhook, lambda each: each["status"] == "failed")
    shown = await hooks.shown(webhook)
    assert (shown["status"], shown["enabled"], shown["disabled_reason"]) == ("disabled", False, "gone")
    told = (await hooks.tenant.get("/api/v1/audit-events?action=webhook.disabled")).json()["data"]
    assert [(each["details"], each["credential"]["kind"]) for each in told] == [({"reason": "gone"}, "system")]
    await hooks.agent()
    assert len(await hooks.deliveries(webhook)) == 1
    path = f"{PATH}/{webhook['uuid']}"
    for refused in (f"{path}/test", f"{path}/deliveries/{delivery['uuid']}/redeliver"):
        answer = await hooks.tenant.post(refused)
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_disabled")
    shown = (await hooks.tenant.put(path, {"enabled": True})).json()["data"]
    assert (shown["status"], shown["consecutive_failures"]) == ("active", 0)


@pytest.mark.parametrize(
    "state",
    [f"consecutive_exhausted = {EXHAUSTED_MOST - 1}", "failing_since = now() - interval '5 days'"],
    ids=["many-in-a-row", "for-days"],
)
async def test_lasting_failure_disables(hooks: Hooks, superuser: Superuser, state: str) -> None:
    webhook = await hooks.create()
    hooks.receiver.answers = [status(503), status(503)]
    await superuser.execute(f"UPDATE webhooks SET {state} WHERE uuid = $1", webhook["uuid"])
    await hooks.agent()
    await hooks.until(webhook, lambda each: each["response_status"] == 503)
    assert (await hooks.shown(webhook))["enabled"]
    await hooks.hasten(webhook, "next_attempt_at = now(), failures = 7")
    await hooks.until(webhook, lambda each: each["status"] == "failed")
    shown = await hooks.shown(webhook)
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "failing")


async def test_a_delivery_is_given_up_after_its_last_attempt(hooks: Hooks) -> None:
    webhook = await hooks.create()
    hooks.receiver.answers = [status(503), status(503)]
    await hooks.agent()
    await hooks.until(webhook, lambda each: each["response_status"] == 503)
    await hooks.hasten(webhook, "next_attempt_at = now(), failures = 7")
    delivery = await hooks.until(webhook, lambda each: each["status"] == "failed")
    assert delivery["next_attempt_at"] is None
    assert (await hooks.shown(webhook))["status"] == "failing"
    path = f"{PATH}/{webhook['uuid']}/deliveries/{delivery['uuid']}/redeliver"
    answer = await hooks.tenant.post(path)
    assert (answer.status_code, answer.json()["data"]["status"]) == (202, "pending")
    again = await hooks.until(webhook, lambda each: each["status"] == "delivered")
    assert (await hooks.tenant.get(answer.headers["location"])).json()["data"] == again
    assert len({each.id for each in hooks.receiver.received}) == 1
    filtered = await hooks.deliveries(webhook, status="delivered", event_type="agent.created")
    assert [each["uuid"] for each in filtered] == [delivery["uuid"]]


async def test_what_was_sent_and_not_noted_is_sent_again(hooks: Hooks) -> None:
    """Its process was killed, or frozen: the lease runs out, another attempt is made, and the late note is void."""
    webhook = await hooks.create()
    gate = asyncio.Event()
    hooks.receiver.answers = [after(gate, 500), status(200)]
    await hooks.agent()
    await hooks.receiver.wait_for(1)
    [delivery] = await hooks.deliveries(webhook)
    busy = await hooks.tenant.post(f"{PATH}/{webhook['uuid']}/deliveries/{delivery['uuid']}/redeliver")
    assert (busy.status_code, busy.json()["code"]) == (409, "delivery_under_way")
    await hooks.hasten(webhook, "leased_until = now() - interval '1 second'")
    first, second = await hooks.receiver.wait_for(2)
    assert first.id == second.id
    done = await hooks.until(webhook, lambda each: each["status"] == "delivered")
    gate.set()
    await asyncio.sleep(0.2)
    assert (await hooks.deliveries(webhook))[-1] == done
    assert (done["attempts"], done["response_status"]) == (2, 200)
    assert (await hooks.shown(webhook))["status"] == "active"


async def test_a_slow_receiver_is_its_own_matter(hooks: Hooks) -> None:
    slow = await hooks.create(["agent.created"])
    gate = asyncio.Event()
    hooks.receiver.answers = [after(gate) for _ in range(10)]
    for _ in range(6):
        await hooks.agent()
    await hooks.receiver.wait_for(4)
    other = await hooks.create(["thread.created"], url=f"{hooks.receiver.address}/other")
    hooks.receiver.answers = []
    await hooks.tenant.post("/api/v1/threads", {})
    await hooks.until(other, lambda each: each["status"] == "delivered")
    under_way = [each for each in await hooks.deliveries(slow) if each["attempts"]]
    assert len(under_way) == 4
    gate.set()
    await hooks.until(slow, lambda each: each["status"] == "delivered")


async def test_a_name_of_a_private_address_is_refused_at_each_attempt(hooks: Hooks) -> None:
    """A name may lead elsewhere than when the webhook was made."""
    webhook = await hooks.create(url="https://localhost.athena.test/")
    await hooks.superuser.execute("UPDATE webhooks SET url = 'https://10.1.2.3/hook' WHERE uuid = $1", webhook["uuid"])
    await hooks.agent()
    delivery = await hooks.until(webhook, lambda each: each["error"])
    assert "10.1.2.3 is not a public address" in delivery["error"]
    assert delivery["response_status"] is None


async def test_a_test_is_sent_at_once(hooks: Hooks) -> None:
    webhook = await hooks.create()
    answer = await hooks.tenant.post(f"{PATH}/{webhook['uuid']}/test")
    assert answer.status_code == 202
    [request] = await hooks.receiver.wait_for(1)
    Verifier(webhook["secret"]).verify(request.body, request.headers)
    assert request.event["type"] == "webhook.test"
    done = await hooks.until(webhook, lambda each: each["status"] == "delivered")
    located = (await hooks.tenant.get(answer.headers["location"])).json()["data"]
    assert located == done
    assert done["payload"] == request.event


async def test_a_viewer_has_no_part_in_it(hooks: Hooks, make_tenant: MakeTenant) -> None:
    webhook = await hooks.create()
    viewer = await make_tenant(Role.VIEWER, hooks.tenant.workspace_uuid)
    assert (await viewer.get(f"{PATH}/{webhook['uuid']}/deliveries")).status_code == 403


async def test_what_ended_long_ago_is_forgotten(hooks: Hooks, database: Database) -> None:
    webhook = await hooks.create()
    await hooks.agent()
    await hooks.until(webhook, lambda each: each["status"] == "delivered")
    await hooks.agent()
    kept: dict[str, Any] = await hooks.until(
        webhook, lambda each: each["status"] == "delivered" and len(hooks.receiver.received) == 2
    )
    await hooks.superuser.execute(
        "UPDATE webhook_deliveries SET finished_at = now() - interval '31 days' WHERE webhook_uuid = $1 AND uuid <> $2",
        webhook["uuid"],
        kept["uuid"],
    )
    await sweep(database)
    assert [each["uuid"] for each in await hooks.deliveries(webhook)] == [kept["uuid"]]
    assert kept["finished_at"] <= now().isoformat()
