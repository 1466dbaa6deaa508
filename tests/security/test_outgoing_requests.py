"""No field that takes an address leads the program to a private one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from aiohttp import web

from athena.app import create_app
from athena.config import Settings
from athena.large_language_models.service import sync_catalogue
from athena.process import opened
from athena.providers.service import sync_builtin
from tests.conftest import Tenant, tenant_maker
from tests.kit.test_egress_addresses import REFUSED
from tests.tenants.surface import Input, Surface
from tests.tenants.test_tenants import shown

PLACEHOLDER = "https://placeholder.example.com/x"
# What calls the address of a field once it is stored.
CALLED = {
    *(("create_provider", "base_url"), ("update_provider", "base_url")),
    *(("create_webhook", "url"), ("update_webhook", "url")),
    ("train_agent", "sources.*.url"),
}
# Shown to people or kept as a note; nothing of the program's calls them.
KEPT = {
    *("profile.photo.url", "authentication_config.authorization_url", "authentication_config.token_url"),
    *("source.url", "url", "tasks.*.url"),
}


@dataclass
class Private:
    """A server that must not be reached, and one that may be, which redirects there."""

    port: int = 0
    redirecting: int = 0
    reached: list[str] = field(default_factory=list[str])


@dataclass
class Strict:
    """A tenant of a program that may reach the redirecting server and nothing else that is private."""

    tenant: Tenant
    surface: Surface
    private: Private


@pytest.fixture(scope="module")
async def private() -> AsyncGenerator[Private]:
    servers = Private()

    async def reached(request: web.Request) -> web.Response:
        servers.reached.append(f"{request.method} {request.url}")
        return web.json_response({"data": []})

    async def redirect(request: web.Request) -> web.Response:
        chain = "/again" if request.path != "/again" else ""
        port = servers.redirecting if chain else servers.port
        raise web.HTTPTemporaryRedirect(f"http://127.0.0.1:{port}{chain or '/secret'}")

    runners = [web.ServerRunner(web.Server(handler), shutdown_timeout=0.1) for handler in (reached, redirect)]  # pyright: ignore[reportArgumentType]
    for runner in runners:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    servers.port, servers.redirecting = (runner.addresses[0][1] for runner in runners)
    yield servers
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(scope="module")
async def strict(settings: Settings, own_url: str, private: Private) -> AsyncGenerator[Strict]:
    narrow = settings.model_copy(update={"egress_allow": (f"127.0.0.1:{private.redirecting}",)})
    async with opened(narrow, own_url) as process:
        async with process.database.system() as session:
            await sync_builtin(session)
            await sync_catalogue(session)
        transport = httpx2.ASGITransport(app=create_app(process), raise_app_exceptions=True)
        async with httpx2.AsyncClient(transport=transport, base_url="http://athena.test", timeout=60) as client:
            surface = Surface((await client.get("/openapi.json")).json())
            yield Strict(await tenant_maker(process.database, client)(), surface, private)


def with_port(url: str, port: int) -> str:
    """``url`` at the port where somebody listens, unless it says where."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.port is not None:
            return url
    except ValueError:
        return url
    return url.replace(parts.netloc, f"{parts.netloc}:{port}", 1)


def addresses(private: Private) -> list[str]:
    """Where nobody may be led."""
    redirecting = [f"http://127.0.0.1:{private.redirecting}/{path}" for path in ("v1", "again")]
    return [*(with_port(url, private.port) for url in REFUSED), *redirecting]


def fields(surface: Surface) -> list[Input]:
    """Every field of a body that may hold an address."""
    found = [each for operation in surface.operations.values() for each in operation.inputs if each.is_url]
    return list({(each.operation.id, each.path): each for each in found if each.place == "body"}.values())


# Where the document's example is not about the field.
BASES: dict[str, Any] = {
    "source": {"source": {"type": "url"}, "content": "Something."},
    "tasks": {"tasks": [{"title": "It"}]},
    # Answered once the page was asked for.
    "sources": {"sources": [{"type": "url"}], "background": False},
}


async def sent(strict: Strict, each: Input, url: str, uuids: dict[str, str]) -> httpx2.Response:
    """Puts ``url`` into a field."""
    example = (each.operation.body or {}).get("example") or {}
    base = BASES.get(each.path.split(".")[0], example)
    body = strict.surface.body_with(each, PLACEHOLDER, base)
    text = json.dumps(body).replace(json.dumps(PLACEHOLDER), json.dumps(url))
    path = each.operation.path.format(**uuids)
    headers = {"Content-Type": "application/json"}
    return await strict.tenant.request(each.operation.method, path, content=text, headers=headers)


async def used(strict: Strict, each: Input, made: dict[str, Any]) -> None:
    """Has the program call what was stored."""
    tenant = strict.tenant
    if each.operation.id == "train_agent":
        return
    if "webhook" in each.operation.id:
        await tenant.post(f"/api/v1/webhooks/{made['uuid']}/test")
        await tenant.delete(f"/api/v1/webhooks/{made['uuid']}")
        return
    body = {"name": "A", "provider_uuid": made["uuid"], "credentials": {"api_key": "sk-0123456789"}}
    account = (await tenant.post("/api/v1/accounts", body)).json()["data"]
    verified = await tenant.post(f"/api/v1/accounts/{account['uuid']}/verify")
    assert verified.status_code < 500 or verified.status_code in {502, 504}, verified.text


async def test_no_field_leads_to_a_private_address(strict: Strict) -> None:
    tenant = strict.tenant
    provider = {"name": "P", "base_url": PLACEHOLDER, "authentication_config": {"type": "bearer"}}
    uuids = {
        "provider_uuid": (await tenant.post("/api/v1/providers", provider)).json()["data"]["uuid"],
        "memory_uuid": (await tenant.post("/api/v1/memories", {"content": "It"})).json()["data"]["uuid"],
        "agent_uuid": (await tenant.post("/api/v1/agents", {"name": "It"})).json()["data"]["uuid"],
    }
    wrong: list[str] = []
    for each in fields(strict.surface):
        called = (each.operation.id, each.path) in CALLED
        if not called and each.path not in KEPT:
            wrong.append(f"{each}: does anything call this address? Say so here")
        everywhere = addresses(strict.private)
        for url in everywhere if called else everywhere[::9]:
            if each.operation.id == "update_webhook":
                hook = {"url": "https://example.com/", "enabled": False}
                answer = await tenant.post("/api/v1/webhooks", hook)
                assert answer.status_code == 201, answer.text
                uuids["webhook_uuid"] = answer.json()["data"]["uuid"]
            answer = await sent(strict, each, url, uuids)
            if answer.status_code >= 500:
                wrong.append(f"{each} {url}: {answer.status_code}")
            elif answer.is_success and called:
                await used(strict, each, answer.json()["data"])
            elif each.operation.id == "update_webhook":
                await tenant.delete(f"/api/v1/webhooks/{uuids['webhook_uuid']}")
    await asyncio.sleep(0.3)  # what is delivered in the background
    wrong += [f"reached: {line}" for line in strict.private.reached]
    assert not wrong, shown(wrong)


async def test_no_account_leads_to_a_private_address(strict: Strict) -> None:
    tenant = strict.tenant
    provider = (await tenant.get("/api/v1/providers?slug=openai-compatible")).json()["data"][0]
    stored = 0
    for url in addresses(strict.private):
        credentials = {"base_url": url, "api_key": "sk-0123456789"}
        body = {"name": "A", "provider_uuid": provider["uuid"], "credentials": credentials}
        answer = await tenant.post("/api/v1/accounts", body)
        assert answer.status_code in {201, 422}, (url, answer.text)
        if answer.status_code == 201:
            stored += 1
            account = answer.json()["data"]["uuid"]
            verified = await tenant.post(f"/api/v1/accounts/{account}/verify")
            assert verified.json()["data"]["status"] != "active", url
    assert stored > 20
    assert strict.private.reached == []
