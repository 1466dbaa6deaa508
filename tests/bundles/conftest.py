"""Bundles as people bring them: uploaded, planned, applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from athena.bundles.files import write_zip
from athena.bundles.format import Bundle, DeclaredAccount, DeclaredVariable, Manifest, Resource, read, write
from tests.conftest import Tenant
from tests.providers.conftest import built_in

__all__ = ["built_in"]

BUNDLES = "/api/v1/bundles"


def bundle(*resources: Resource, name: str = "desk", version: str = "1.0.0", **manifest: Any) -> Bundle:
    """A bundle of these resources."""
    return Bundle.of(Manifest(name=name, version=version, **manifest), list(resources))


@dataclass(frozen=True)
class Person:
    """Somebody who works with bundles."""

    tenant: Tenant

    async def upload(self, given: Bundle | bytes) -> str:
        content = given if isinstance(given, bytes) else write_zip(write(given))
        answer = await self.tenant.post(BUNDLES, files={"file": ("bundle.zip", content, "application/zip")})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]["uuid"]

    async def plan(self, given: Bundle | str, **choice: Any) -> dict[str, Any]:
        uuid = given if isinstance(given, str) else await self.upload(given)
        answer = await self.tenant.post(f"{BUNDLES}/plan", {"bundle_uuid": uuid, **choice})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def apply(self, given: Bundle | str, **choice: Any) -> dict[str, str]:
        """Plans and applies; the uuids by name."""
        plan = await self.plan(given, **{key: value for key, value in choice.items() if key != "overwrite"})
        answer = await self.carry_out(plan, **choice)
        assert answer.status_code == 200, answer.text
        return {f"{each['kind']}/{each['key']}": each["uuid"] for each in answer.json()["data"]["resources"]}

    async def carry_out(self, plan: dict[str, Any], **choice: Any) -> Any:
        body = {"bundle_uuid": plan["bundle_uuid"], "plan_hash": plan["hash"], **choice}
        return await self.tenant.post(f"{BUNDLES}/apply", body)

    async def export(self, **chosen: Any) -> Bundle:
        answer = await self.tenant.post(f"{BUNDLES}/export", {"name": "desk", **chosen})
        assert answer.status_code == 200, answer.text
        return read(answer.content)

    async def get(self, path: str) -> Any:
        answer = await self.tenant.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def put(self, path: str, **changes: Any) -> None:
        answer = await self.tenant.put(f"/api/v1/{path}", changes)
        assert answer.status_code == 200, answer.text

    async def key(self, name: str) -> str:
        """An account of OpenAI."""
        [provider] = await self.get("providers?slug=openai")
        credentials = {"api_key": f"sk-canary-{name}"}
        return await self.make("accounts", name=name, provider_uuid=provider["uuid"], credentials=credentials)

    async def make(self, path: str, **fields: Any) -> str:
        answer = await self.tenant.post(f"/api/v1/{path}", fields)
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()["data"]["uuid"]


def actions(plan: dict[str, Any]) -> dict[str, str]:
    """What becomes of each, by name."""
    return {f"{each['kind']}/{each['key']}": each["action"] for each in plan["resources"]}


def changes(plan: dict[str, Any], name: str) -> dict[str, tuple[Any, Any]]:
    """What changes of one, by field."""
    [found] = [each for each in plan["resources"] if f"{each['kind']}/{each['key']}" == name]
    return {each["path"]: (each["before"], each["after"]) for each in found["changes"]}


CLOCK = Resource("tools", "clock", {"name": "Clock", "type": "builtin", "config": {"name": "time"}})
SUPPORT = Resource(
    "agents",
    "support",
    {
        "name": "Support",
        "model": "mock-t1",
        "system_prompt": "You help customers.\nBe brief.\n",
        "metadata": {"temperature": 0.2},
        "tool_uuids": [{"$ref": "tools/clock"}],
    },
)
ANSWER = Resource("prompts", "answer", {"name": "Answer", "content": "Answer {{question}} kindly."})
RETURNS = Resource(
    "knowledge",
    "returns",
    {"agent_uuid": {"$ref": "agents/support"}, "type": "text", "title": "Returns", "text": "# Returns\n\n30 days.\n"},
)
CASES = Resource(
    "evaluation_sets",
    "cases",
    {
        "name": "Cases",
        "items": [
            {"input": "May I return it?", "expectations": [{"type": "contains", "value": "30"}]},
            {"input": "Hello", "expectations": [{"type": "regex", "pattern": "(?i)hello"}]},
        ],
    },
)
FLOW = Resource(
    "workflows",
    "ask",
    {
        "name": "Ask",
        "nodes": [
            {"id": "start", "type": "manual_trigger"},
            {
                "id": "ask",
                "type": "agent",
                "data": {"agent_uuid": {"$ref": "agents/support"}, "input": "{{ trigger.input.q }}"},
            },
        ],
        "edges": [{"source": "start", "target": "ask"}],
    },
)
DESK = bundle(CLOCK, SUPPORT, ANSWER, RETURNS, CASES, FLOW)


@pytest.fixture
def person(owner: Tenant) -> Person:
    """An owner."""
    return Person(owner)


def declared(**names: str) -> list[DeclaredVariable]:
    """Variables by name, with their kinds."""
    return [DeclaredVariable.model_validate({"name": name, "kind": kind}) for name, kind in names.items()]


def account(key: str, provider: str) -> DeclaredAccount:
    """An account that a bundle uses."""
    return DeclaredAccount(key=key, provider=provider)
