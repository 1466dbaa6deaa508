"""Accounts: credentials that go in, are kept sealed, and never come out."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from athena.accounts.service import Connections
from athena.kit import clock
from athena.kit.db import Database, Scope
from athena.kit.errors import ValidationFailed
from athena.permissions import Role
from athena.providers.builtin import builtin_uuid

PATH = "/api/v1/accounts"
CANARY = "sk-canary-7Qm2xXr8LpZ4vT1w9bKd-3f9a"


async def create(tenant: Any, slug: str = "openai", credentials: Any = None, **fields: Any) -> dict[str, Any]:
    given = {"api_key": CANARY} if credentials is None else credentials
    body = {"name": "Ours", "provider_uuid": str(builtin_uuid(slug)), "credentials": given, **fields}
    answer = await tenant.post(PATH, body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PATH}/{answer.json()['data']['uuid']}"
    return answer.json()["data"]


async def test_an_account_shows_hints_and_lives_until_it_is_deleted(owner: Any) -> None:
    row = await create(owner, profile={"team": "research"})
    assert row["credentials"] == {"api_key": "sk-…3f9a"}
    assert (row["status"], row["verification"], row["last_used_at"]) == ("unverified", None, None)
    assert row["profile"] == {"team": "research"}
    assert row["provider"] is None
    path = f"{PATH}/{row['uuid']}"

    got = await owner.get(f"{path}?with=provider")
    assert got.json()["data"]["provider"]["slug"] == "openai"
    changed = await owner.put(path, {"name": "Renamed"}, headers={"If-Match": got.headers["etag"]})
    assert changed.json()["data"]["name"] == "Renamed"
    assert changed.json()["data"]["credentials"] == row["credentials"]
    assert (await owner.put(path, {"name": "x"}, headers={"If-Match": got.headers["etag"]})).status_code == 412
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(path)).status_code == 404


async def test_no_secret_is_in_any_answer_or_log_or_column(
    owner: Any, superuser: asyncpg.Connection[asyncpg.Record], caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    row = await create(owner, "vllm", {"base_url": "https://models.example.com/v1", "api_key": CANARY})
    assert row["credentials"]["base_url"] == "https://models.example.com/v1"
    path = f"{PATH}/{row['uuid']}"
    answers = [
        await owner.get(path),
        await owner.get(f"{path}?with=provider"),
        await owner.get(f"{PATH}?search=Ours&with=provider"),
        await owner.put(path, {"credentials": {"base_url": "https://other.example.com", "api_key": CANARY}}),
        await owner.put(path, {"credentials": {"base_url": 1, "api_key": CANARY}}),
        await owner.put(path, {"credentials": {"api_key": [CANARY], "nope": CANARY}}),
        await owner.put(path, {"credentials": CANARY}),
        await owner.post(PATH, {"name": "x", "provider_uuid": "x", "credentials": {"api_key": CANARY}}),
    ]
    for answer in answers:
        assert CANARY not in answer.text
        assert CANARY[4:20] not in answer.text
    stored = await superuser.fetchval("SELECT accounts::text FROM accounts WHERE uuid = $1", UUID(row["uuid"]))
    sealed = await superuser.fetchval("SELECT sealed_credentials FROM accounts WHERE uuid = $1", UUID(row["uuid"]))
    assert CANARY not in stored
    assert CANARY.encode() not in sealed
    assert CANARY not in caplog.text
    assert CANARY not in "".join(capfd.readouterr())


async def test_a_short_secret_is_not_shown_in_part(owner: Any) -> None:
    assert (await create(owner, credentials={"api_key": "short-secret-12345"}))["credentials"] == {"api_key": "…"}


async def test_a_ciphertext_that_was_moved_to_another_row_does_not_open(
    owner: Any, stranger: Any, database: Database, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    mine, other, theirs = await create(owner), await create(owner), await create(stranger)
    query = "SELECT sealed_credentials FROM accounts WHERE uuid = $1"
    sealed = await superuser.fetchval(query, UUID(mine["uuid"]))
    connections = database.provided(Connections)
    assert connections.open(owner.workspace_uuid, UUID(mine["uuid"]), sealed) == {"api_key": CANARY}
    for thief, row in ((owner, other), (stranger, theirs)):
        await superuser.execute(
            "UPDATE accounts SET sealed_credentials = $2 WHERE uuid = $1", UUID(row["uuid"]), sealed
        )
        with pytest.raises(ValidationFailed) as error:
            connections.open(thief.workspace_uuid, UUID(row["uuid"]), sealed)
        assert error.value.error_code == "secret_unreadable"
        verified = await thief.post(f"{PATH}/{row['uuid']}/verify")
        assert verified.json()["data"]["status"] == "invalid"
        assert "moved" in verified.json()["data"]["verification"]["message"]


async def test_another_workspace_s_account_does_not_exist(owner: Any, stranger: Any, database: Database) -> None:
    row = await create(owner, name="Mine alone")
    path = f"{PATH}/{row['uuid']}"
    for answer in (
        await stranger.get(path),
        await stranger.put(path, {"name": "x"}),
        await stranger.delete(path),
        await stranger.post(f"{path}/verify"),
    ):
        assert answer.status_code == 404
        assert "Mine" not in answer.text
    assert (await stranger.get(f"{PATH}?search=Mine")).json()["meta"]["total"] == 0
    assert (await stranger.get(f"{PATH}?provider_uuid={row['provider_uuid']}")).json()["data"] == []
    assert (await owner.get(path)).json()["data"]["name"] == "Mine alone"
    foreign = await owner.get(f"{PATH}?workspace_uuid={stranger.workspace_uuid}")
    assert foreign.status_code == 404


async def test_row_level_security_lets_no_account_name_a_foreign_provider_or_change_its_own(
    owner: Any, stranger: Any, database: Database
) -> None:
    answer = await stranger.post("/api/v1/providers", {"name": "Theirs", "base_url": "https://x.example.com"})
    theirs = UUID(answer.json()["data"]["uuid"])
    mine = await create(owner)
    statements = (
        """
        INSERT INTO accounts (workspace_uuid, uuid, created_at, updated_at, name, provider_uuid, sealed_credentials,
            credentials, status, profile)
        SELECT workspace_uuid, gen_random_uuid(), now(), now(), name, $1, sealed_credentials, credentials, status,
            profile
        FROM accounts
        """,
        "UPDATE accounts SET provider_uuid = $1",
        f"UPDATE accounts SET workspace_uuid = '{stranger.workspace_uuid}' WHERE provider_uuid <> $1",
    )
    for statement in statements:
        async with database.session(Scope(owner.workspace_uuid)) as session:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await session.execute(statement, theirs)
            await session.rollback()
    assert (await owner.get(PATH)).json()["data"][0]["uuid"] == mine["uuid"]


@pytest.mark.parametrize(
    ("slug", "credentials", "path"),
    [
        ("openai", {}, "credentials.api_key"),
        ("openai", {"api_key": ""}, "credentials.api_key"),
        ("openai", {"api_key": "  "}, "credentials.api_key"),
        ("openai", {"api_key": 7}, "credentials.api_key"),
        ("openai", {"api_key": True}, "credentials.api_key"),
        ("openai", {"api_key": "a\r\nX-Evil: 1"}, "credentials.api_key"),
        ("openai", {"api_key": "x" * 20_001}, "credentials.api_key"),
        ("openai", {"api_key": "k", "base_url": "https://evil.example.com"}, "credentials.base_url"),
        ("vllm", {"api_key": "k"}, "credentials.base_url"),
        ("vllm", {"base_url": "file:///etc/passwd"}, "credentials.base_url"),
        ("vllm", {"base_url": "https://user:pass@example.com"}, "credentials.base_url"),
        ("vllm", {"base_url": "https://example.com/v1?key=1"}, "credentials.base_url"),
        ("vllm", {"base_url": "https://[::1"}, "credentials.base_url"),
        ("vllm", {"base_url": "https://example.com:99999"}, "credentials.base_url"),
        ("athena-local", {"api_key": "k"}, "credentials.api_key"),
    ],
)
async def test_credentials_must_be_what_the_provider_asks_for(
    owner: Any, slug: str, credentials: dict[str, Any], path: str
) -> None:
    body = {"name": "x", "provider_uuid": str(builtin_uuid(slug)), "credentials": credentials}
    answer = await owner.post(PATH, body)
    assert answer.status_code == 422, answer.text
    assert path in answer.json()["errors"]
    assert (await owner.get(PATH)).json()["data"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"name": None},
        {"provider_uuid": None},
        {"credentials": None},
        {"credentials": []},
        {"status": "active"},
        {"sealed_credentials": "x"},
        {"workspace_uuid": "0198c0de-0000-7000-8000-000000000000"},
        {"expires_at": "tomorrow"},
        {"expires_at": "2026-01-01T00:00:00"},
        {"profile": []},
        {"with": "secrets"},
    ],
)
async def test_a_body_that_is_not_valid_is_refused(owner: Any, body: dict[str, Any]) -> None:
    valid = {"name": "x", "provider_uuid": str(builtin_uuid("openai")), "credentials": {"api_key": "k"}}
    assert (await owner.post(PATH, {**valid, **body})).status_code == 422
    row = await create(owner)
    assert (await owner.put(f"{PATH}/{row['uuid']}", {"provider_uuid": row["provider_uuid"]})).status_code == 422


async def test_every_moment_that_can_be_written_is_stored_or_refused(owner: Any) -> None:
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2999-01-01T00:00:00.5+05:30"):
        body = {"name": "x", "provider_uuid": str(builtin_uuid("openai")), "credentials": {"api_key": "k"}}
        answer = await owner.post(PATH, {**body, "expires_at": moment})
        assert answer.status_code in {201, 422}, moment
        assert (await owner.get(PATH)).status_code == 200


async def test_what_has_expired_is_shown_and_found_as_expired(owner: Any) -> None:
    past, future = clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)
    old = await create(owner, expires_at=clock.rfc3339(past))
    await create(owner, expires_at=clock.rfc3339(future))
    assert (old["status"], old["expires_at"]) == ("expired", clock.rfc3339(past))
    found = (await owner.get(f"{PATH}?status=expired")).json()["data"]
    assert [row["uuid"] for row in found] == [old["uuid"]]
    assert (await owner.get(f"{PATH}?status=unverified")).json()["meta"]["total"] == 1
    renewed = await owner.put(f"{PATH}/{old['uuid']}", {"expires_at": None})
    assert renewed.json()["data"]["status"] == "unverified"


async def test_lists_page_sort_search_and_filter(owner: Any) -> None:
    for name in ("b", "a", "c"):
        await create(owner, name=name)
    await create(owner, "groq", name="d")
    for sort, names in (("name", "abcd"), ("-name", "dcba"), ("created_at", "bacd"), ("-created_at", "dcab")):
        assert "".join(row["name"] for row in (await owner.get(f"{PATH}?sort={sort}")).json()["data"]) == names
    first = (await owner.get(f"{PATH}?sort=name&per_page=3&cursor=&with=provider")).json()
    assert {row["provider"]["slug"] for row in first["data"]} == {"openai"}
    last = (await owner.get(f"{PATH}?sort=name&per_page=3&cursor={first['meta']['next_cursor']}")).json()
    assert [row["name"] for row in last["data"]] == ["d"]
    assert (await owner.get(f"{PATH}?provider_uuid={builtin_uuid('groq')}")).json()["meta"]["total"] == 1


async def test_roles_see_and_change_what_theirs_permits(owner: Any, make_tenant: Any) -> None:
    row = await create(owner)
    path = f"{PATH}/{row['uuid']}"
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    assert (await viewer.get(path)).json()["data"]["credentials"] == {"api_key": "sk-…3f9a"}
    for answer, permission in (
        (await viewer.post(PATH, {"name": "x", "provider_uuid": row["provider_uuid"]}), "accounts.create"),
        (await viewer.put(path, {"name": "x"}), "accounts.update"),
        (await viewer.delete(path), "accounts.delete"),
        (await viewer.post(f"{path}/verify"), "accounts.verify"),
    ):
        assert answer.status_code == 403
        assert permission in answer.json()["detail"]
    assert (await owner.client.get(path)).status_code == 401
