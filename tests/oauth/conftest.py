"""A browser in which a user is signed in to the console, and what a client without the official one's help sends."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from athena.auth.service import SignInService
from athena.kit.db import Database
from tests.conftest import Tenant

RETURN_TO = "http://127.0.0.1:33418/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
OPTION = re.compile(r'<option value="([^"]+)">')


@dataclass
class Browser:
    """What a user has in front of them."""

    http: httpx2.AsyncClient
    csrf: str = field(repr=False)

    async def open(self, address: str) -> httpx2.Response:
        return await self.http.get(address)

    async def decide(self, page: httpx2.Response, decision: str = "allow", **changes: str) -> httpx2.Response:
        """Presses a button on the page."""
        fields = {html.unescape(name): html.unescape(value) for name, value in HIDDEN.findall(page.text)}
        fields |= {"workspace_uuid": OPTION.findall(page.text)[0], "decision": decision, **changes}
        return await self.http.post("/oauth/authorize", data=fields, headers={"origin": "http://athena.test"})


SignedIn = Callable[[Tenant], Awaitable[Browser]]


@pytest.fixture
async def browse(app: Any, database: Database) -> AsyncGenerator[SignedIn]:
    """Opens a browser in which a user is signed in."""
    async with AsyncExitStack() as stack:

        async def signed_in(tenant: Tenant) -> Browser:
            async with database.system() as session:
                console = await SignInService(session).give_session(tenant.user_uuid, "Browser")
            http = await stack.enter_async_context(
                httpx2.AsyncClient(
                    transport=httpx2.ASGITransport(app=app),
                    base_url="http://athena.test",
                    cookies={"athena_session": console.secret, "athena_csrf": console.csrf_token},
                )
            )
            return Browser(http, console.csrf_token)

        yield signed_in


async def register(client: httpx2.AsyncClient, *redirect_uris: str, name: str = "Inspector") -> str:
    """A new client's id."""
    answer = await client.post(
        "/oauth/register", json={"client_name": name, "redirect_uris": redirect_uris or [RETURN_TO]}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["client_id"]


def wish(client_id: str, **changes: Any) -> str:
    """The address that a client opens in the user's browser."""
    fields = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": RETURN_TO,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "s 1",
        "resource": "http://athena.test/mcp",
        **changes,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return str(httpx2.URL("/oauth/authorize", params=given))


def returned(answer: httpx2.Response) -> dict[str, str]:
    """What the user brings back to the client."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return {name: value for name, [value] in parse_qs(parts.query).items()}


async def exchange(
    client: httpx2.AsyncClient, client_id: str, code: str, changes: dict[str, str] | None = None
) -> httpx2.Response:
    fields = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "redirect_uri": RETURN_TO,
        "code_verifier": VERIFIER,
    }
    return await client.post("/oauth/token", data={**fields, **(changes or {})})


async def refresh(client: httpx2.AsyncClient, client_id: str, token: str) -> httpx2.Response:
    fields = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token}
    return await client.post("/oauth/token", data=fields)
