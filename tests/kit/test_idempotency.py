"""A POST that is repeated with its `Idempotency-Key` is answered as the first time, and done once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from athena.kit import clock, idempotency
from athena.kit.db import Database, Session
from athena.kit.errors import Unavailable
from athena.permissions import Role
from tests.conftest import Connect, MakeTenant, Tenant
from tests.providers.conftest import built_in

__all__ = ["built_in"]

pytestmark = pytest.mark.usefixtures("built_in")
THREADS = "/api/v1/threads"
Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def key(text: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": text or str(uuid4())}


async def count(tenant: Tenant, path: str = THREADS) -> int:
    return (await tenant.get(path)).json()["meta"]["total"]


async def age(superuser: Superuser, tenant: Tenant, by: timedelta) -> None:
    await superuser.execute(
        "UPDATE idempotency_keys SET created_at = created_at - $2::interval WHERE user_uuid = $1", tenant.user_uuid, by
    )


async def test_a_repetition_is_answered_as_the_first_time_and_changes_nothing(owner: Tenant) -> None:
    headers = key()
    first = await owner.post(THREADS, {"name": "Once"}, headers=headers)
    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    again = await owner.post(THREADS, {"name": "Once"}, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await count(owner) == 1
    await owner.post(THREADS, {"name": "Once"}, headers=key())
    await owner.post(THREADS, {"name": "Once"})
    assert await count(owner) == 3


@pytest.mark.parametrize(
    ("path", "body"), [(THREADS, {"name": "Another"}), ("/api/v1/agents", {"name": "Once"})], ids=["body", "path"]
)
async def test_another_request_with_the_same_key_is_refused(owner: Tenant, path: str, body: Any) -> None:
    headers = key()
    assert (await owner.post(THREADS, {"name": "Once"}, headers=headers)).status_code == 201
    answer = await owner.post(path, body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await count(owner) == 1
    assert await count(owner, "/api/v1/agents") == 0


async def test_others_keys_are_others(owner: Tenant, stranger: Tenant, make_tenant: MakeTenant) -> None:
    colleague = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    headers = key()
    answers = [await each.post(THREADS, {"name": "Mine"}, headers=headers) for each in (owner, stranger, colleague)]
    assert [each.status_code for each in answers] == [201, 201, 201]
    assert len({each.json()["data"]["uuid"] for each in answers}) == 3
    assert not [each for each in answers if "idempotency-replayed" in each.headers]


async def test_the_same_key_in_another_workspace_is_another(owner: Tenant) -> None:
    other = (await owner.post("/api/v1/workspaces", {"name": "Second"})).json()["data"]["uuid"]
    headers = key()
    first = await owner.post(THREADS, {"name": "Here"}, headers=headers)
    there = await owner.post(f"{THREADS}?workspace_uuid={other}", {"name": "There"}, headers=headers)
    assert (first.status_code, there.status_code) == (201, 201)
    assert first.json()["data"]["uuid"] != there.json()["data"]["uuid"]


@pytest.mark.parametrize("text", ["", "a b", "ü", "a" * 256, "\t"], ids=["empty", "space", "umlaut", "long", "tab"])
async def test_a_key_that_is_none(owner: Tenant, text: str) -> None:
    headers = {b"Idempotency-Key": text.encode("latin-1"), b"Authorization": owner.headers["Authorization"].encode()}
    answer = await owner.client.post(THREADS, json={"name": "x"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"Idempotency-Key": ["It must be 1 to 255 visible ASCII characters."]}
    assert await count(owner) == 0


async def test_an_error_is_not_kept_because_nothing_was_done(owner: Tenant) -> None:
    headers = key()
    body = {"name": "With an agent", "agent_uuid": str(uuid4())}
    assert (await owner.post(THREADS, body, headers=headers)).status_code in {404, 422}
    assert (await owner.post(THREADS, {"name": "Without"}, headers=headers)).status_code == 201
    assert (await owner.post(THREADS, {"name": 5}, headers=headers)).status_code == 422
    assert await count(owner) == 1


async def test_permissions_are_checked_before_anything_is_repeated(owner: Tenant, superuser: Superuser) -> None:
    headers = key()
    assert (await owner.post(THREADS, {"name": "Once"}, headers=headers)).status_code == 201
    await superuser.execute("UPDATE workspace_members SET role = 'viewer' WHERE user_uuid = $1", owner.user_uuid)
    assert (await owner.post(THREADS, {"name": "Once"}, headers=headers)).status_code == 403


async def test_of_many_at_once_one_is_done(owner: Tenant, server_url: str) -> None:
    headers = {**owner.headers, **key()}
    async with httpx2.AsyncClient(base_url=server_url, headers=headers, timeout=30) as client:
        answers = await asyncio.gather(*[client.post(THREADS, json={"name": "Once"}) for _ in range(24)])
    for answer in answers:
        assert answer.status_code in {201, 409}, answer.text
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_in_flight"
            assert answer.headers["retry-after"] == "1"
    done = [each for each in answers if each.status_code == 201]
    assert done
    assert len([each for each in done if "idempotency-replayed" not in each.headers]) == 1
    assert len({each.content for each in done}) == 1
    assert await count(owner) == 1


@pytest.fixture
async def lost_answers(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """The process dies between the commit and the answer, as far as a client can tell."""
    commit = Session.commit

    async def commit_and_fail(self: Session) -> None:
        was_open = self._connection is not None
        await commit(self)
        if was_open and self.scope.workspace_uuid:
            raise Unavailable

    monkeypatch.setattr(Session, "commit", commit_and_fail)
    yield
    monkeypatch.undo()


async def test_an_answer_that_was_lost_after_the_commit(
    owner: Tenant, lost_answers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = key()
    assert (await owner.post(THREADS, {"name": "Once"}, headers=headers)).status_code == 503
    monkeypatch.undo()
    again = await owner.post(THREADS, {"name": "Once"}, headers=headers)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert await count(owner) == 1
    assert (await owner.get(again.headers["location"])).json()["data"] == again.json()["data"]


async def test_a_request_that_failed_before_its_commit_is_done_anew(
    owner: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Session) -> None:
        await self.rollback()
        raise Unavailable

    headers = key()
    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", fail)
        assert (await owner.post(THREADS, {"name": "Once"}, headers=headers)).status_code == 503
    again = await owner.post(THREADS, {"name": "Once"}, headers=headers)
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers
    assert await count(owner) == 1


async def test_a_new_workspace_too(owner: Tenant) -> None:
    headers = key()
    first = await owner.post("/api/v1/workspaces", {"name": "Second"}, headers=headers)
    again = await owner.post("/api/v1/workspaces", {"name": "Second"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(owner, "/api/v1/workspaces") == 2


async def test_the_secret_of_a_token_is_given_again_and_kept_sealed(owner: Tenant, superuser: Superuser) -> None:
    headers = key()
    body = {"name": "A program", "kind": "personal"}
    first = await owner.post("/api/v1/tokens", body, headers=headers)
    again = await owner.post("/api/v1/tokens", body, headers=headers)
    assert first.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    secret = first.json()["data"]["token"]
    assert again.json()["data"]["token"] == secret
    row = await superuser.fetchrow("SELECT * FROM idempotency_keys WHERE user_uuid = $1", owner.user_uuid)
    assert row is not None
    assert row["sealed_body"]
    assert secret not in repr(dict(row))
    assert secret.encode() not in row["sealed_body"]


async def test_an_answer_without_a_body(owner: Tenant, make_tenant: MakeTenant) -> None:
    guest = await make_tenant()
    invitation = await owner.post(
        f"/api/v1/workspaces/{owner.workspace_uuid}/invitations", {"email": guest.email, "role": "viewer"}
    )
    assert invitation.status_code == 201, invitation.text
    headers, path = key(), f"/api/v1/invitations/{invitation.json()['data']['uuid']}/decline"
    answers = [await guest.post(path, headers=headers) for _ in range(2)]
    assert [(each.status_code, each.content) for each in answers] == [(204, b""), (204, b"")], answers[0].text
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert (await guest.post(path, headers=key())).status_code in {404, 409}


async def test_an_upload_is_known_by_its_content_and_not_by_its_bytes(owner: Tenant) -> None:
    async def upload(content: bytes, name: str = "note.txt") -> httpx2.Response:
        file = {"file": (name, content, "text/plain")}
        return await owner.request("POST", "/api/v1/media", files=file, headers=headers)

    headers = key()
    first = await upload(b"Some words." * 20_000)
    assert first.status_code == 201, first.text
    again = await upload(b"Some words." * 20_000)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    for other in (upload(b"Other words."), upload(b"Some words." * 20_000, "other.txt")):
        answer = await other
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    content = await owner.client.get(first.json()["data"]["url"])
    assert content.content == b"Some words." * 20_000


async def test_a_key_is_forgotten_after_a_day(owner: Tenant, superuser: Superuser, database: Database) -> None:
    headers = key()
    await owner.post(THREADS, {"name": "Once"}, headers=headers)
    await age(superuser, owner, timedelta(hours=25))
    again = await owner.post(THREADS, {"name": "Another"}, headers=headers)
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers
    assert await count(owner) == 2
    await idempotency.sweep(database)
    kept = "SELECT count(*) FROM idempotency_keys WHERE user_uuid = $1"
    assert await superuser.fetchval(kept, owner.user_uuid) == 1
    await age(superuser, owner, timedelta(hours=25))
    await idempotency.sweep(database)
    assert await superuser.fetchval(kept, owner.user_uuid) == 0


async def verify(tenant: Tenant, account: Any, headers: dict[str, str]) -> httpx2.Response:
    return await tenant.post(f"/api/v1/accounts/{account}/verify", headers=headers)


async def test_what_commits_before_its_end_is_done_once(owner: Tenant, connect: Connect) -> None:
    account = await connect(owner)
    headers = key()
    answers = await asyncio.gather(*[verify(owner, account, headers) for _ in range(8)])
    assert {each.status_code for each in answers} <= {200, 409}, [each.text for each in answers]
    again = await verify(owner, account, headers)
    first = next(each for each in answers if each.status_code == 200)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")


async def test_a_mark_that_a_crash_left_is_heeded_for_five_minutes(
    owner: Tenant, connect: Connect, superuser: Superuser
) -> None:
    account = await connect(owner)
    headers = key()
    await verify(owner, account, headers)
    await superuser.execute(
        "UPDATE idempotency_keys SET status = NULL, headers = NULL, sealed_body = NULL, created_at = $2 "
        "WHERE user_uuid = $1",
        owner.user_uuid,
        clock.now(),
    )
    answer = await verify(owner, account, headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_flight")
    await age(superuser, owner, timedelta(minutes=6))
    taken_over = await verify(owner, account, headers)
    assert taken_over.status_code == 200
    assert "idempotency-replayed" not in taken_over.headers
    assert (await verify(owner, account, headers)).headers["idempotency-replayed"] == "true"


async def test_what_takes_no_key(owner: Tenant, client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    without = {
        path
        for path, item in document["paths"].items()
        if "post" in item and "Idempotency-Key" not in {each["name"] for each in item["post"].get("parameters", ())}
    }
    assert {"/api/v1/auth/sign-in", "/api/v1/auth/logout"} <= without
    assert not [
        path for path in without if document["paths"][path]["post"].get("security") is None and "auth" not in path
    ]
    for path, item in document["paths"].items():
        for method in {"get", "put", "delete"} & item.keys():
            assert "Idempotency-Key" not in {each["name"] for each in item[method].get("parameters", ())}, path
