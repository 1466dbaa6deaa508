"""Webhooks are made, changed and deleted; their secrets are shown once."""

from __future__ import annotations

from uuid import uuid4

import pytest

from athena.permissions import Role
from athena.webhooks import service
from tests.conftest import MakeTenant, Tenant
from tests.webhooks.conftest import PATH, Hooks, Superuser


async def test_a_webhook_is_made_with_a_secret_that_is_shown_once(hooks: Hooks) -> None:
    webhook = await hooks.create(
        ["agent.*", "run.failed", "agent.*"], description="For the shop", **{"with": "creator"}
    )
    assert webhook["secret"].startswith("whsec_")
    assert webhook["event_types"] == ["agent.*", "run.failed"]
    assert (webhook["status"], webhook["enabled"], webhook["consecutive_failures"]) == ("active", True, 0)
    assert webhook["creator"]["email"] == hooks.tenant.email
    answer = await hooks.tenant.get(f"{PATH}/{webhook['uuid']}")
    assert answer.headers["etag"]
    del webhook["secret"]
    assert answer.json()["data"] == {**webhook, "creator": None}
    listed = (await hooks.tenant.get(f"{PATH}?search=shop&with=creator")).json()["data"]
    assert listed == [webhook]


async def test_it_listens_to_everything_unless_told_otherwise(hooks: Hooks) -> None:
    answer = await hooks.tenant.post(PATH, {"url": "https://example.com/hook"})
    assert answer.json()["data"]["event_types"] == ["*"]


async def test_it_is_changed_and_deleted(hooks: Hooks) -> None:
    webhook = await hooks.create()
    path = f"{PATH}/{webhook['uuid']}"
    answer = await hooks.tenant.put(path, {"enabled": False, "event_types": ["thread.created"]})
    changed = answer.json()["data"]
    assert (changed["status"], changed["disabled_reason"]) == ("disabled", "user")
    assert (changed["url"], changed["event_types"]) == (webhook["url"], ["thread.created"])
    stale = await hooks.tenant.put(path, {"enabled": True}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    again = (await hooks.tenant.put(path, {"enabled": True})).json()["data"]
    assert (again["status"], again["disabled_at"], again["disabled_reason"]) == ("active", None, None)
    assert (await hooks.tenant.delete(path)).status_code == 204
    assert (await hooks.tenant.get(path)).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://10.0.0.1/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://user:password@example.com/hook",
        "https://0x7f000001/",
        "ftp://example.com/",
        "example.com",
    ],
)
async def test_an_address_that_nothing_is_sent_to_is_refused(owner: Tenant, url: str) -> None:
    answer = await owner.post(PATH, {"url": url})
    assert answer.status_code == 422
    assert "url" in answer.json()["errors"]


async def test_an_unknown_event_type_is_refused(owner: Tenant) -> None:
    answer = await owner.post(PATH, {"url": "https://example.com/", "event_types": ["agent.created", "agent.eaten"]})
    assert answer.status_code == 422
    assert "agent.eaten" in answer.json()["errors"]["event_types"][0]
    for wrong in ([], ["agents"], ["*.created"]):
        assert (await owner.post(PATH, {"url": "https://example.com/", "event_types": wrong})).status_code == 422


async def test_a_workspace_has_a_limited_number(owner: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 1)
    assert (await owner.post(PATH, {"url": "https://example.com/"})).status_code == 201
    answer = await owner.post(PATH, {"url": "https://example.com/"})
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_limit")


async def test_the_secret_is_stored_sealed_and_told_nowhere(hooks: Hooks, superuser: Superuser) -> None:
    webhook = await hooks.create(["*"])
    rotated = (await hooks.tenant.post(f"{PATH}/{webhook['uuid']}/rotate-secret")).json()["data"]
    assert rotated["secret"] != webhook["secret"]
    assert rotated["previous_secret_until"]
    await hooks.until(webhook, lambda each: each["status"] == "delivered")
    texts = [
        await superuser.fetchval("SELECT string_agg(w::text, ' ') FROM webhooks w WHERE uuid = $1", webhook["uuid"]),
        await superuser.fetchval(
            "SELECT string_agg(d::text, ' ') FROM webhook_deliveries d WHERE webhook_uuid = $1", webhook["uuid"]
        ),
        await superuser.fetchval(
            "SELECT string_agg(a::text, ' ') FROM audit_events a WHERE workspace_uuid = $1", hooks.tenant.workspace_uuid
        ),
        (await hooks.tenant.get(PATH)).text,
        (await hooks.tenant.get(f"{PATH}/{webhook['uuid']}/deliveries")).text,
        *(each.body + str(each.headers) for each in hooks.receiver.received),
    ]
    for secret in (webhook["secret"], rotated["secret"]):
        assert not [text for text in texts if secret.removeprefix("whsec_") in text]
    told = (await hooks.tenant.get("/api/v1/audit-events?resource_type=webhook")).json()["data"]
    assert [each["action"] for each in told] == ["webhook.secret_rotated", "webhook.created"]


async def test_the_event_types_are_served(owner: Tenant) -> None:
    types = (await owner.get(f"{PATH}/event-types")).json()["data"]
    assert {"name": "agent.updated", "family": "agent.*"} in types
    assert {"name": "run.completed", "family": "run.*"} in types


async def test_only_owners_and_admins_have_webhooks(owner: Tenant, make_tenant: MakeTenant) -> None:
    for role in Role:
        member = await make_tenant(role, owner.workspace_uuid)
        allowed = role in {Role.OWNER, Role.ADMIN}
        assert (await member.get(PATH)).status_code == (200 if allowed else 403), role
        created = await member.post(PATH, {"url": "https://example.com/"})
        assert created.status_code == (201 if allowed else 403), role


async def test_a_strangers_webhook_does_not_exist(hooks: Hooks, stranger: Tenant) -> None:
    webhook = await hooks.create()
    await hooks.agent()
    delivery = await hooks.until(webhook, lambda each: each["status"] == "delivered")
    for uuid, inner in ((webhook["uuid"], delivery["uuid"]), (str(uuid4()), str(uuid4()))):
        path = f"{PATH}/{uuid}"
        answers = [
            await stranger.get(path),
            await stranger.put(path, {"enabled": False}),
            await stranger.delete(path),
            await stranger.post(f"{path}/rotate-secret"),
            await stranger.post(f"{path}/test"),
            await stranger.get(f"{path}/deliveries"),
            await stranger.get(f"{path}/deliveries/{inner}"),
            await stranger.post(f"{path}/deliveries/{inner}/redeliver"),
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert {answer.json()["detail"] for answer in answers} == {"The webhook does not exist in this workspace."}
    assert (await hooks.shown(webhook))["enabled"]
