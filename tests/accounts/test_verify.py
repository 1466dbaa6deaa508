"""Verifying an account: the provider is asked, and what is wrong is said in words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from athena.accounts import service as accounts
from athena.kit.db import Database
from athena.providers.builtin import builtin_uuid
from athena.providers.service import sync_builtin

CANARY = "sk-canary-7Qm2xXr8LpZ4vT1w9bKd-3f9a"
Answer = Callable[[str], Awaitable[tuple[int, str]]]
Serve = Callable[[Answer], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncGenerator[Serve]:
    """Starts small HTTP servers on this machine; each gives the request's text to a function that answers."""
    servers: list[asyncio.Server] = []

    async def start(answer: Answer) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                status, body = await answer(request)
                head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
                writer.write(f"{head}connection: close\r\n\r\n{body}".encode())
                await writer.drain()
            writer.close()

        servers.append(await asyncio.start_server(handle, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/v1"

    yield start
    for server in servers:
        server.close()


async def account(tenant: Any, base_url: str, key: str = CANARY) -> str:
    body = {
        "name": "Server",
        "provider_uuid": str(builtin_uuid("openai-compatible")),
        "credentials": {"base_url": base_url, "api_key": key},
    }
    answer = await tenant.post("/api/v1/accounts", body)
    assert answer.status_code == 201, answer.text
    return f"/api/v1/accounts/{answer.json()['data']['uuid']}"


async def verify(tenant: Any, path: str) -> dict[str, Any]:
    answer = await tenant.post(f"{path}/verify")
    assert answer.status_code == 200, answer.text
    assert CANARY not in answer.text
    row = answer.json()["data"]
    assert row == (await tenant.get(path)).json()["data"]
    return row


async def test_credentials_that_work_make_the_account_active_and_its_models_known(owner: Any, mockllm: str) -> None:
    path = await account(owner, mockllm)
    row = await verify(owner, path)
    assert row["status"] == "active"
    assert row["verification"]["ok"] is True
    models = (await owner.get(f"/api/v1/large-language-models?account_uuid={row['uuid']}&per_page=100")).json()["data"]
    assert f"{len(models)} models were found" in row["verification"]["message"]
    assert {model["provider_uuid"] for model in models} == {str(builtin_uuid("openai-compatible"))}


async def test_a_wrong_key_makes_it_invalid_and_the_reason_is_said_without_the_key(owner: Any, serve: Serve) -> None:
    async def refuse(request: str) -> tuple[int, str]:
        key = request.partition("Bearer ")[2].partition("\r\n")[0]
        return 401, json.dumps({"error": {"message": f"Incorrect API key provided: {key}", "code": "invalid_api_key"}})

    row = await verify(owner, await account(owner, await serve(refuse)))
    assert row["status"] == "invalid"
    assert row["verification"]["ok"] is False
    assert "did not accept the account's credentials" in row["verification"]["message"]
    assert "Incorrect API key provided: ***" in row["verification"]["message"]


async def test_a_mended_key_is_active_again(owner: Any, serve: Serve) -> None:
    async def check(request: str) -> tuple[int, str]:
        return (200, '{"data": [{"id": "only-one"}]}') if "Bearer right-key" in request else (401, "{}")

    url = await serve(check)
    path = await account(owner, url, "wrong-key")
    assert (await verify(owner, path))["status"] == "invalid"
    changed = await owner.put(path, {"credentials": {"base_url": url, "api_key": "right-key"}})
    assert changed.json()["data"]["status"] == "unverified"
    assert changed.json()["data"]["verification"] is None
    row = await verify(owner, path)
    assert (row["status"], row["verification"]["message"]) == (
        "active",
        "The provider accepts this account; 1 model was found.",
    )


async def test_what_may_pass_by_itself_leaves_the_status(owner: Any, serve: Serve) -> None:
    state = {"status": 200}

    async def answer(_: str) -> tuple[int, str]:
        return state["status"], '{"data": [{"id": "m"}]}' if state["status"] == 200 else "{}"

    path = await account(owner, await serve(answer))
    for status, expected in ((503, "unverified"), (200, "active"), (500, "active"), (429, "active"), (403, "invalid")):
        state["status"] = status
        row = await verify(owner, path)
        assert row["status"] == expected, status
        assert row["verification"]["ok"] is (status == 200)
    models = (await owner.get(f"/api/v1/large-language-models?account_uuid={row['uuid']}")).json()["data"]
    assert [model["name"] for model in models] == ["m"]


async def test_a_refused_connection_is_said(owner: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    row = await verify(owner, await account(owner, f"http://127.0.0.1:{port}/v1"))
    assert row["status"] == "unverified"
    assert "could not be reached" in row["verification"]["message"]


@pytest.mark.parametrize("address", ["http://10.0.0.1/v1", "http://169.254.169.254/latest", "http://[::1]:1/v1"])
async def test_a_private_address_is_refused_with_the_way_to_allow_it(owner: Any, address: str) -> None:
    row = await verify(owner, await account(owner, address))
    assert row["status"] == "invalid"
    assert "ATHENA_EGRESS_ALLOW" in row["verification"]["message"]


@pytest.mark.parametrize("body", ["", "<html>", "[]]", '{"data": 7}', '{"data": [{"id": 5}]}', "\0\0"])
async def test_an_answer_that_is_not_the_protocol_is_said(owner: Any, serve: Serve, body: str) -> None:
    async def answer(_: str) -> tuple[int, str]:
        return 200, body

    row = await verify(owner, await account(owner, await serve(answer)))
    assert (row["status"], row["verification"]["ok"]) == ("invalid", False)
    assert "could not be understood" in row["verification"]["message"]


async def test_a_server_that_never_answers_is_given_up_and_holds_no_connection(
    owner: Any, serve: Serve, monkeypatch: pytest.MonkeyPatch, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    monkeypatch.setattr(accounts, "VERIFY_SECONDS", 0.8)
    asked = asyncio.Event()

    async def hang(_: str) -> tuple[int, str]:
        asked.set()
        await asyncio.sleep(5)
        return 200, ""

    path = await account(owner, await serve(hang))
    verifying = asyncio.create_task(verify(owner, path))
    await asyncio.wait_for(asked.wait(), 5)
    busy = await superuser.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND query LIKE '%accounts%'"
    )
    row = await verifying
    assert busy == 0
    assert row["status"] == "unverified"
    assert "did not answer in time" in row["verification"]["message"]


async def test_a_change_while_the_provider_is_asked_is_not_overwritten(owner: Any, serve: Serve) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_: str) -> tuple[int, str]:
        asked.set()
        await go_on.wait()
        return 200, '{"data": []}'

    url = await serve(wait)
    path = await account(owner, url)
    verifying = asyncio.create_task(owner.post(f"{path}/verify"))
    await asyncio.wait_for(asked.wait(), 5)
    await owner.put(path, {"credentials": {"base_url": url, "api_key": "another"}})
    go_on.set()
    answer = await verifying
    assert answer.status_code == 409
    assert answer.json()["code"] == "concurrent_change"
    assert (await owner.get(path)).json()["data"]["status"] == "unverified"


async def test_hostile_lists_of_models_are_stored_as_far_as_they_fit(owner: Any, serve: Serve) -> None:
    models = [
        {"id": "twice", "context_length": 10**30},
        {"id": "twice", "context_length": -5},
        {"id": "nul\0inside"},
        {"id": "x" * 10_000},
        {"id": ""},
    ]

    async def answer(_: str) -> tuple[int, str]:
        return 200, json.dumps({"data": models})

    row = await verify(owner, await account(owner, await serve(answer)))
    found = (await owner.get(f"/api/v1/large-language-models?account_uuid={row['uuid']}")).json()["data"]
    if row["verification"]["ok"]:
        assert {model["name"] for model in found} == {"twice", "nulinside", "x" * 255}
        assert all(model["context_window"] is None for model in found)


async def test_where_models_are_listed_to_all_the_key_is_tried_on_a_free_one(
    owner: Any, serve: Serve, superuser: asyncpg.Connection[asyncpg.Record], database: Database
) -> None:
    async def answer(request: str) -> tuple[int, str]:
        if request.startswith("GET /v1/models"):
            return 200, '{"data": [{"id": "a/paid"}, {"id": "a/small:free"}]}'
        if "Bearer right-key" not in request:
            return 401, '{"error": {"message": "No auth credentials found", "code": 401}}'
        return 429, '{"error": {"message": "Rate limit exceeded", "code": 429}}'

    await superuser.execute("UPDATE providers SET base_url = $1 WHERE slug = 'openrouter'", await serve(answer))
    try:
        for key, status in (("wrong-key", "invalid"), ("right-key", "active")):
            body = {"name": "a", "provider_uuid": str(builtin_uuid("openrouter")), "credentials": {"api_key": key}}
            made = (await owner.post("/api/v1/accounts", body)).json()["data"]
            assert (await verify(owner, f"/api/v1/accounts/{made['uuid']}"))["status"] == status
    finally:
        async with database.system() as session:
            await sync_builtin(session)


@pytest.mark.parametrize(
    ("config", "credentials", "expected"),
    [
        ({"type": "none"}, {}, "GET /v1/models"),
        ({"type": "bearer"}, {"api_key": "the-key"}, "Authorization: Bearer the-key"),
        ({"type": "api_key", "name": "X-Key"}, {"api_key": "the-key"}, "X-Key: the-key"),
        ({"type": "api_key", "in": "query", "name": "key"}, {"api_key": "the key"}, "GET /v1/models?key=the+key"),
        ({"type": "basic"}, {"username": "u", "password": "p"}, "Authorization: Basic dTpw"),
        (
            {"type": "oauth2", "token_url": "https://login.example.com/token"},
            {"access_token": "the-token"},
            "Authorization: Bearer the-token",
        ),
    ],
)
async def test_each_kind_of_authentication_is_sent_as_the_provider_wants_it(
    owner: Any, serve: Serve, config: dict[str, Any], credentials: dict[str, Any], expected: str
) -> None:
    seen: list[str] = []

    async def answer(request: str) -> tuple[int, str]:
        seen.append(request)
        return 200, '{"data": []}'

    body = {"name": "Ours", "base_url": await serve(answer), "authentication_config": config}
    provider = (await owner.post("/api/v1/providers", body)).json()["data"]
    made = await owner.post(
        "/api/v1/accounts", {"name": "a", "provider_uuid": provider["uuid"], "credentials": credentials}
    )
    row = await verify(owner, f"/api/v1/accounts/{made.json()['data']['uuid']}")
    assert row["status"] == "active"
    assert expected.lower() in seen[0].lower()


async def test_an_account_of_another_kind_cannot_be_verified(owner: Any) -> None:
    provider = (await owner.post("/api/v1/providers", {"name": "Tools", "kind": "mcp"})).json()["data"]
    body = {"name": "a", "provider_uuid": provider["uuid"], "credentials": {"api_key": "k"}}
    made = (await owner.post("/api/v1/accounts", body)).json()["data"]
    answer = await owner.post(f"/api/v1/accounts/{made['uuid']}/verify")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_verifiable")
