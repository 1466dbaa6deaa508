"""No secret is in clear text anywhere but in the answer that shows it once."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.conftest import Tenant
from tests.runs.model_server import ModelServer, failing
from tests.tenants.conftest import Scene, observed
from tests.tenants.test_tenants import shown

KEY = "sk-canary-halyard-0123456789"
PASSWORD = "canary halyard passphrase"
# Answers that show a secret once, and the fields that hold it.
SHOWN_ONCE = {"create_token": "token", "create_webhook": "secret", "create_workspace_invitation": "token"}


@pytest.fixture
async def model() -> AsyncGenerator[ModelServer]:
    server = ModelServer()
    await server.start()
    yield server
    await server.stop()


def secrets_of(scene: Scene) -> set[str]:
    """What the victim was shown once, or gave, since its workspace is there."""
    victim = scene.victim
    found = {KEY, PASSWORD, f"sk-{victim.mark}-0123456789", victim.tenant.token, victim.values["token"]}
    for operation, answer in victim.answers:
        if operation.id in SHOWN_ONCE:
            found.add(answer.json()["data"][SHOWN_ONCE[operation.id]])
    return found


async def a_session(tenant: Tenant, model: ModelServer) -> list[str]:
    """What somebody does whose provider, input and addresses are wrong; every answer."""
    providers = (await tenant.get("/api/v1/providers?slug=openai-compatible")).json()["data"]
    answers: list[Any] = []

    async def account(base_url: str) -> str:
        body = {"name": "A", "provider_uuid": providers[0]["uuid"]}
        answers.append(
            await tenant.post("/api/v1/accounts", {**body, "credentials": {"base_url": base_url, "api_key": KEY}})
        )
        return answers[-1].json()["data"]["uuid"]

    good, lost = await account(model.url), await account("http://127.0.0.1:9/v1")
    model.scripts.append(failing(401, f"Incorrect API key provided: {KEY}"))
    for each in (good, good, lost):
        answers.append(await tenant.post(f"/api/v1/accounts/{each}/verify"))
        agent = {"name": "A", "model": "small", "account_uuid": each}
        uuid = (await tenant.post("/api/v1/agents", agent)).json()["data"]["uuid"]
        answers.append(await tenant.post(f"/api/v1/agents/{uuid}/run", {"input": "Hello"}))
        answers.append(await tenant.get(f"/api/v1/agents/{uuid}?with=account,creator"))
    wrongs = ({"credentials": {"api_key": KEY, "base_url": KEY}}, {"credentials": {"key": KEY}}, {"key": {"k": KEY}})
    answers += [await tenant.put(f"/api/v1/accounts/{good}", wrong) for wrong in wrongs]
    answers += await a_secret(tenant)
    answers.append(await tenant.put("/api/v1/user", {"password": PASSWORD}))
    answers.append(await tenant.put("/api/v1/user", {"password": PASSWORD, "current_password": "not it"}))
    sign_in = {"email": tenant.email, "password": PASSWORD, "device_name": ""}
    answers.append(await tenant.post("/api/v1/auth/sign-in", sign_in))
    paths = (
        "accounts",
        "runs",
        "audit-events",
        "user/audit-events",
        "messages",
        "tokens",
        "webhooks",
        "shares",
        "variables",
        "approvals",
        "workflows",
        "workflow-executions",
    )
    answers += [await tenant.get(f"/api/v1/{path}?per_page=100") for path in paths]
    return [answer.text for answer in answers]


async def a_secret(tenant: Tenant) -> list[Any]:
    """A secret for workflows that is made, changed and mistaken for something else; every answer."""
    secret = {"name": "CANARY", "kind": "secret", "value": KEY}
    made = await tenant.post("/api/v1/variables", secret)
    path = made.headers["location"]
    wrongs = ({"value": [KEY]}, {"value": KEY * 1_000}, {"value": KEY, "kind": KEY}, {"value": KEY, "name": "1"})
    return [
        made,
        await tenant.post("/api/v1/variables", secret),
        await tenant.put(path, {"value": f"{KEY} again"}),
        *[await tenant.put(path, wrong) for wrong in wrongs],
        await tenant.get(f"{path}?with=creator"),
    ]


async def test_no_secret_is_told_logged_stored_or_prompted(
    scene: Scene, model: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = secrets_of(scene)
    assert len(secrets) > 6
    with observed(caplog) as seen:
        answers = await a_session(scene.victim.tenant, model)
    places = {"answered": answers, "logged": seen.logged, "prompted": [repr(each) for each in model.requests]}
    for operation, answer in scene.victim.answers:
        if operation.id not in SHOWN_ONCE and operation.id not in {"share_agent", "run_linked_resource"}:
            places["answered"].append(answer.text)
    told = [(place, text) for place, texts in places.items() for text in texts if any(each in text for each in secrets)]
    wrong = [f"{place}: {text[:300]}" for place, text in told]
    wrong += await stored(scene, secrets)
    wrong += await exported(scene, secrets)
    assert model.requests
    assert any(KEY in each["Authorization"] for each in model.headers)
    assert not wrong, shown(wrong)


async def stored(scene: Scene, secrets: set[str]) -> list[str]:
    """Where one of them stands in the database in clear text, as text or as bytes."""
    tables = await scene.superuser.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    words = [*secrets, *(secret.encode().hex() for secret in secrets)]
    pattern = "|".join(re.escape(word) for word in words)
    found: list[str] = []
    for (table,) in tables:
        rows = await scene.superuser.fetch(f"SELECT t::text FROM {table} t WHERE t::text ~ $1", pattern)
        found += [f"stored in {table}: {row[0][:300]}" for row in rows]
    return found


async def exported(scene: Scene, secrets: set[str]) -> list[str]:
    """Which files of the workspace's export hold one of them."""
    answer = await scene.victim.tenant.get(scene.victim.values["export_url"])
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert any(scene.victim.mark.encode() in content for content in files.values())
    return [f"exported in {name}" for name, content in files.items() for each in secrets if each.encode() in content]
