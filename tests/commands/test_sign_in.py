"""``athena login`` and ``logout``: where the token is kept, and to whom it is sent."""

from __future__ import annotations

import asyncio
import json
import stat

import pytest

from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.users.service import add_user
from athena_client import AsyncAthena, Unauthorized
from tests.athena_client.conftest import Desk
from tests.commands.conftest import Shell
from tests.conftest import free_port

PASSWORD = "correct horse battery"


async def test_a_token_is_kept_for_its_owner_alone(desk: Desk, fresh: Shell) -> None:
    said = await fresh.good("login", "--url", f"{desk.server_url}/", said=f"{desk.tenant.token}\n")
    assert desk.tenant.email in said
    assert desk.tenant.token not in said
    assert stat.S_IMODE(fresh.file.stat().st_mode) == 0o600
    assert json.loads(fresh.file.read_text("utf-8"))["url"] == desk.server_url
    assert "Teller" in await fresh.good("list", "agents")
    assert await fresh.good("logout") == "Signed out.\n"
    assert not fresh.file.exists()
    assert await fresh.good("logout") == "Nobody was signed in.\n"
    async with desk.client() as client:  # a token of the user's own goes on
        assert (await client.agents.get(desk.agent_uuid))["name"] == "Teller"


async def test_a_token_that_does_not_hold_is_not_kept(desk: Desk, fresh: Shell) -> None:
    for said in ("athena_wrong\n", ""):
        done = await fresh.run("login", "--url", desk.server_url, said=said)
        assert (done.status, len(done.error.splitlines())) == (1, 1)
    done = await fresh.run("login", "--url", desk.server_url, "--email", desk.tenant.email, said="wrong-password\n")
    assert done.status == 1
    assert not fresh.file.exists()


async def test_a_password_makes_a_token_that_logout_ends(desk: Desk, fresh: Shell, database: Database) -> None:
    email = f"{new_uuid().hex}@example.com"
    async with database.system() as session:
        await add_user(session, email, "Ada", password=PASSWORD)
    said = await fresh.good("login", "--url", desk.server_url, "--email", email, said=f"{PASSWORD}\n")
    assert email in said
    text = fresh.file.read_text("utf-8")
    assert PASSWORD not in text
    async with AsyncAthena(desk.server_url, json.loads(text)["token"]) as client:
        assert (await client.request("GET", "/user"))["data"]["email"] == email
        await fresh.good("logout")
        with pytest.raises(Unauthorized):
            await client.request("GET", "/user")


async def test_a_token_of_the_environment_is_not_sent_where_one_signs_in(desk: Desk, fresh: Shell) -> None:
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    fresh.environment |= {"ATHENA_URL": desk.server_url, "ATHENA_TOKEN": desk.tenant.token}
    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await fresh.run("login", "--url", url, "--email", "ada@example.com", said=f"{PASSWORD}\n")
    [request] = heard
    assert request.startswith(b"POST /api/v1/auth/sign-in")
    assert desk.tenant.token.encode() not in request


async def test_a_sign_in_that_cannot_be_kept_is_told_in_a_line(desk: Desk, fresh: Shell) -> None:
    fresh.file.parent.write_text("No folder.")
    done = await fresh.run("login", "--url", desk.server_url, said=f"{desk.tenant.token}\n")
    assert (done.status, len(done.error.splitlines())) == (1, 1)
    assert str(fresh.file) in done.error


async def test_the_kept_token_goes_to_its_own_server_alone(desk: Desk, fresh: Shell) -> None:
    await fresh.good("login", "--url", desk.server_url, said=f"{desk.tenant.token}\n")
    fresh.environment["ATHENA_URL"] = f"http://127.0.0.1:{free_port()}"
    done = await fresh.run("list", "agents")
    assert done.status == 1
    assert "nobody is signed in" in done.error


async def test_the_environment_wins(desk: Desk, fresh: Shell) -> None:
    await fresh.good("login", "--url", desk.server_url, said=f"{desk.tenant.token}\n")
    fresh.environment["ATHENA_TOKEN"] = "athena_wrong"
    assert (await fresh.run("list", "agents")).status == 1


async def test_nobody_is_signed_in_at_first_or_with_a_broken_file(fresh: Shell) -> None:
    assert "athena login" in (await fresh.run("list", "agents")).error
    fresh.file.parent.mkdir()
    fresh.file.write_text("{")
    assert "athena login" in (await fresh.run("list", "agents")).error
