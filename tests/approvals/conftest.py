"""A workspace whose workflows ask people."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.workflow_executions.conftest import Edge, create, node

PATH = "/api/v1/approvals"
DECIDED: Sequence[Edge] = (("start", "ask"), ("ask", "yes", "approved"), ("ask", "no", "refused"))
YES = node("yes", "set", {"fields": {"approved": True, "answer": "{{ input }}"}})
NO = node("no", "set", {"fields": {"approved": False, "answer": "{{ input }}"}})


@dataclass
class Asking:
    """What a workspace's workflows ask, and how its members answer."""

    owner: Tenant
    make: MakeTenant

    async def start(
        self, nodes: Sequence[dict[str, Any]], edges: Sequence[Edge], given: Any = None, asked: int = 1
    ) -> tuple[str, list[dict[str, Any]]]:
        """A new execution's uuid, and its open questions, once there are so many."""
        workflow = await create(self.owner, nodes, edges)
        assert workflow["problems"] == []
        body = {"input": given, "background": True}
        answer = await self.owner.post(f"/api/v1/workflows/{workflow['uuid']}/run", body)
        assert answer.status_code == 202, answer.text
        run = answer.json()["data"]["uuid"]
        return run, await self.open(run, asked) if asked else []

    async def ask(self, given: Any = None, **data: Any) -> tuple[str, dict[str, Any]]:
        """An execution that asks for an approval: its uuid, and the question."""
        ask = node("ask", "approval", {"title": "Pay {{ input.total }}?", **data})
        run, questions = await self.start([ask, YES, NO], DECIDED, given or {"total": 7})
        return run, questions[0]

    async def form(self, *fields: dict[str, Any], **data: Any) -> tuple[str, dict[str, Any]]:
        """An execution that has a form filled in: its uuid, and the question."""
        ask = node("ask", "form", {"title": "Which address?", "fields": list(fields), **data})
        late = node("late", "set", {"fields": {"late": True}})
        run, questions = await self.start([ask, late], [("start", "ask"), ("ask", "late", "expired")])
        return run, questions[0]

    async def open(self, run: str, count: int = 1) -> list[dict[str, Any]]:
        """The open questions of an execution, the oldest first, once there are so many."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while len(found) != count:
                await asyncio.sleep(0.01)
                answer = await self.owner.get(f"{PATH}?run_uuid={run}&status=open&sort=created_at")
                found = answer.json()["data"]
        return found

    async def show(self, question: dict[str, Any]) -> dict[str, Any]:
        return (await self.owner.get(f"{PATH}/{question['uuid']}")).json()["data"]

    async def run(self, run: str) -> dict[str, Any]:
        return (await self.owner.get(f"/api/v1/runs/{run}")).json()["data"]

    async def waits(self, run: str) -> None:
        """Until nothing of the execution is at work."""
        async with asyncio.timeout(10):
            while (await self.run(run))["status"] != "waiting":  # noqa: ASYNC110 - what changes is in the database
                await asyncio.sleep(0.01)

    async def ended(self, run: str) -> dict[str, Any]:
        """The execution at its end."""
        async with asyncio.timeout(10):
            while (found := await self.run(run))["finished_at"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return found

    async def member(self, role: Role = Role.OPERATOR) -> Tenant:
        return await self.make(role, self.owner.workspace_uuid)

    async def link(self, question: dict[str, Any], **body: Any) -> str:
        """The path of a new link."""
        answer = await self.owner.post(f"{PATH}/{question['uuid']}/link", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["url"].removeprefix("http://athena.test")


@pytest.fixture
def asking(owner: Tenant, make_tenant: MakeTenant) -> Asking:
    return Asking(owner, make_tenant)


async def answer(tenant: Tenant, question: dict[str, Any], decision: str = "approved", **more: Any) -> httpx2.Response:
    return await tenant.post(f"{PATH}/{question['uuid']}/answer", {"decision": decision, **more})


def code(response: httpx2.Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return response.status_code, response.json()["code"]
