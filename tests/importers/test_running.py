"""What was brought in, on the real server: applied as a bundle, looked at, switched on, and run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from athena.importers.conversion import convert
from tests.bundles.conftest import Person, built_in
from tests.conftest import Connect, Tenant
from tests.importers.conftest import SAMPLES

__all__ = ["built_in"]


@pytest.fixture
async def shop() -> AsyncIterator[str]:
    """Knows two customers, and tells them to who has the key."""

    async def customer(request: web.Request) -> web.Response:
        if request.headers.get("X-Api-Key") != "canary-entered-anew":
            return web.json_response({"error": "no key"}, status=401)
        name = request.match_info["name"]
        return web.json_response({"name": name, "country": "DE" if name == "ada" else "FR"})

    app = web.Application()
    app.router.add_get("/customers/{name}", customer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_n8n_webhook_fetches_decides_and_answers(owner: Tenant, shop: str) -> None:
    content = (SAMPLES / "n8n_orders.json").read_bytes().replace(b"https://shop.example.com", shop.encode())
    person = Person(owner)
    made = await person.apply(convert(content).bundle)
    uuid = made["workflows/order-check"]
    workflow = await person.get(f"workflows/{uuid}")
    assert (workflow["status"], [each["code"] for each in workflow["problems"]]) == ("draft", ["secret_missing"])

    secret = {"name": "FETCH_CUSTOMER_X_API_KEY", "kind": "secret", "value": "canary-entered-anew"}
    await person.make("variables", **secret)
    await person.put(f"workflows/{uuid}", status="active")
    path = urlsplit(workflow["webhook"]["url"]).path
    large = await owner.client.post(path, json={"customer": "ada", "total": 119})
    assert large.json() == {"said": "Dear ADA, somebody looks at it.", "of": {"customer": "ada", "total": 119}}
    other = await owner.client.post(path, json={"customer": "bob", "total": 119})
    assert other.json()["said"] == "Thank you, bob"


async def test_a_dify_workflow_asks_its_model(owner: Tenant, connect: Connect) -> None:
    person, account = Person(owner), str(await connect(owner))
    imported = convert((SAMPLES / "dify_ticket.yml").read_bytes())
    made = await person.apply(imported.bundle, accounts={"openai": account})
    uuid = made["workflows/ticket-desk"]
    await person.make("variables", name="DESK_URL", value="https://desk.example.com")
    answer = await run(owner, uuid, {"ticket": "[[say:Patched.]]", "priority": "low"})
    assert answer == {"answer": "Patched.", "length": 8}
    assert await run(owner, uuid, {"ticket": "Fire", "priority": "high"}) == {
        "answer": "Somebody looks at: Fire",
        "length": 23,
    }


async def run(tenant: Tenant, uuid: str, given: Any) -> Any:
    """The output of a workflow."""
    answer = await tenant.post(f"/api/v1/workflows/{uuid}/run", {"input": given})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["output"]


async def test_an_assistant_answers(owner: Tenant, connect: Connect) -> None:
    person, account = Person(owner), str(await connect(owner))
    imported = convert((SAMPLES / "assistants.json").read_bytes())
    made = await person.apply(imported.bundle, accounts={"openai": account})
    uuid = made["agents/bike-helper"]
    answer = await owner.post(f"/api/v1/agents/{uuid}/run", {"input": "[[say:Pump it up.]]"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["output"]["message"]["content"] == "Pump it up."
    tool = await person.get(f"tools/{made['tools/book']}")
    assert (tool["enabled"], tool["type"]) == (False, "code")


async def test_a_second_import_of_the_same_changes_nothing(owner: Tenant) -> None:
    person = Person(owner)
    imported = convert((SAMPLES / "dify_ticket.yml").read_bytes())
    await person.apply(imported.bundle)
    plan = await person.plan(imported.bundle)
    assert {each["action"] for each in plan["resources"]} == {"unchanged"}
